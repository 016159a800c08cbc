"""What the over-archs and the towers of Wukong's and DHEN's layers have in common: their ends."""

import torch

import formulas
from case_io import LONG, Case, draws
from parameters import linear_params, mlp_params


def over_arch_case(name, description, shape, dense, bottom, top, attrs, layer_params, layers):
    """Vectors, the dense features as the first of them, `layers`, and an MLP to one logit.

    `shape` is (B, F, d), or (B, F d) where `attrs` state `dim`. `layer_params(n, d)` returns the parameters of the layers
    and how many vectors they give; `layers(x, params)` computes them.
    """
    inputs = {"x": draws(*shape)}
    dim = shape[2] if len(shape) == 3 else attrs["dim"]
    count = shape[1] if len(shape) == 3 else shape[1] // dim
    params = {}
    if dense:
        inputs["dense"] = draws(shape[0], dense)
        params.update(mlp_params("bottom.", dense, [*bottom, dim]))
        count += 1
    made, left = layer_params(count, dim)
    params.update(made)
    params.update(mlp_params("top.", left * dim, [*top, 1]))

    def forward(i, p):
        x = i["x"].reshape(shape[0], -1, dim)
        if dense:
            vector = formulas.mlp(i["dense"], p, "bottom.", len(bottom) + 1)
            x = torch.cat([vector.unsqueeze(1), x], dim=1)
        return formulas.mlp(layers(x, p).flatten(1), p, "top.", len(top) + 1).squeeze(1)

    attrs = {**attrs, "top": top, **({"bottom": bottom} if bottom else {})}
    return Case("module", name, description, forward, inputs, params, attrs, LONG)


def tower_case(name, description, shape, out, attrs, layer_params, layers):
    """`layers` and one Linear to `out`; one feature with out = N passes through."""
    params = {}
    passes = shape[1] == 1 and shape[2] == out
    if not passes:
        params, left = layer_params(shape[1], shape[2])
        params.update(linear_params("out.", left * shape[2], out))

    def forward(i, p):
        if passes:
            return i["x"].flatten(1) * 1
        return formulas.linear(layers(i["x"], p).flatten(1), p, "out.")

    return Case("module", name, description, forward, {"x": draws(*shape)}, params, {**attrs, "out": out}, LONG)
