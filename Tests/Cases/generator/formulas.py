"""The formulas that operators and modules share, on PyTorch tensors."""

import torch
import torch.nn.functional as F

from case_io import margin


def relu(x):
    margin.note(x)
    return torch.relu(x)


ACTIVATIONS = {
    "none": lambda x: x,
    "relu": relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": lambda x: F.gelu(x, approximate="none"),
}


def linear(x, params, prefix="", activation="none"):
    """activation(x W^T + b) with the parameters `PREFIXweight` and, where there is one, `PREFIXbias`."""
    return ACTIVATIONS[activation](F.linear(x, params[f"{prefix}weight"], params.get(f"{prefix}bias")))


def cross(x0, x, params, prefix=""):
    """x0 * (W x + b) + x, or x0 * (W (V x) + b) + x where the weight has low rank."""
    if f"{prefix}v" in params:
        product = F.linear(F.linear(x, params[f"{prefix}v"]), params[f"{prefix}w"], params[f"{prefix}bias"])
    else:
        product = F.linear(x, params[f"{prefix}weight"], params[f"{prefix}bias"])
    return x0 * product + x


def dot_interaction(x):
    """The dots of all pairs i < j of the F vectors of a sample: (0,1), (0,2), .., (1,2), .."""
    dots = torch.bmm(x, x.transpose(1, 2))
    row, column = torch.triu_indices(x.shape[1], x.shape[1], 1)
    return dots[:, row, column]


def fm(x, y):
    """X (X^T Y), the factorised form of (X X^T) Y."""
    return torch.matmul(x, torch.matmul(x.transpose(1, 2), y))


def mlp(x, params, prefix, layers, activation="relu", last_activation="none"):
    """`layers` linears named PREFIX0, PREFIX1, .."""
    for layer in range(layers):
        last = layer == layers - 1
        x = linear(x, params, f"{prefix}{layer}.", last_activation if last else activation)
    return x


def cross_net(x0, params, prefix, layers, experts=0):
    """`layers` cross layers named PREFIX0, PREFIX1, .., all of them crossing with x0."""
    x = x0
    for layer in range(layers):
        name = f"{prefix}{layer}."
        x = cross_mixture(x0, x, params, name, experts) if experts else cross(x0, x, params, name)
    return x


def cross_mixture(x0, x, params, prefix, experts):
    """x0 * (sum_e g_e U_e tanh(C_e tanh(V_e x)) + b) + x, expert by expert as it is written in DCN-v2."""
    rank = params[f"{prefix}v.weight"].shape[0] // experts
    gate = torch.softmax(linear(x, params, f"{prefix}gate."), dim=1)
    mixture = 0
    for expert in range(experts):
        part = slice(expert * rank, (expert + 1) * rank)
        hidden = torch.tanh(F.linear(x, params[f"{prefix}v.weight"][part]))
        hidden = torch.tanh(F.linear(hidden, params[f"{prefix}c.{expert}.weight"]))
        product = F.linear(hidden, params[f"{prefix}u.weight"][:, part], params[f"{prefix}u.bias"])
        mixture = mixture + gate[:, expert : expert + 1] * (x0 * product)
    return mixture + x


def layer_norm(x, params, prefix, eps=1e-5):
    """Over the last axis."""
    return F.layer_norm(x, (x.shape[-1],), params[f"{prefix}weight"], params[f"{prefix}bias"], eps)


def mixed(x, weight):
    """W X: every result a weighted sum of the vectors of X; [B, n, d] -> [B, rows of W, d]."""
    return torch.einsum("on,bnd->bod", weight, x)
