"""Cases of the optimizers: the parameter after each step, for dense parameters and for the rows of a table."""

import json
from dataclasses import dataclass

import numpy as np
import torch

from case_io import check_tolerance, decimal, draws, resolve, shrink
from philox import fnv1a, words

TOLERANCE = (5e-6, 1e-6)


class RowwiseAdagrad:
    """Exact row-wise Adagrad: s += mean_j g_j^2; w -= lr g / (sqrt(s) + eps), one s a row, touched rows only."""

    def __init__(self, param, lr, eps):
        self.param, self.lr, self.eps = param, lr, eps
        self.sums = torch.zeros(param.shape[0], dtype=param.dtype)

    def step(self):
        grad = self.param.grad.coalesce()
        rows, values = grad.indices()[0], grad.values()
        self.sums[rows] += (values * values).mean(dim=1)
        scale = self.lr / (self.sums[rows].sqrt() + self.eps)
        with torch.no_grad():
            self.param[rows] -= scale.unsqueeze(1) * values


def make(name, param, attrs):
    """The optimizer of this name: PyTorch's, but for rowwise_adagrad, which PyTorch does not have."""
    betas = {"betas": (attrs["beta1"], attrs["beta2"])} if "beta1" in attrs else {}
    options = {key: value for key, value in attrs.items() if not key.startswith("beta")} | betas
    kinds = {
        "sgd": torch.optim.SGD,
        "adagrad": torch.optim.Adagrad,
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "lazy_adam": torch.optim.SparseAdam,
    }
    if name == "rowwise_adagrad":
        return RowwiseAdagrad(param, **options)
    single = {} if name == "lazy_adam" else {"foreach": False}
    return kinds[name]([param], **options, **single)


@dataclass(frozen=True)
class OptimizerCase:
    """`entries` is None for a dense parameter; for a table the number of (row, gradient) entries of each step."""

    name: str
    description: str
    shape: tuple
    attrs: dict
    steps: int = 6
    entries: object = None

    @property
    def file_name(self):
        return f"optimizer-{self.name}-{self.description}.safetensors"

    def build(self):
        given = {"param": resolve(draws(*self.shape), self.file_name, "param")}
        for step in range(self.steps):
            grad_name, rows_name = f"grad.{step}", f"rows.{step}"
            shape = self.shape if self.entries is None else (self.entries[step], self.shape[1])
            grad = resolve(draws(*shape), self.file_name, grad_name)
            grad.reshape(-1)[3::11] = 0  # zeros and small gradients occur in training
            grad.reshape(-1)[5::11] *= np.float32(0.01)
            given[grad_name] = grad
            if self.entries is not None:
                drawn = words(shape[0], (fnv1a(rows_name), 0, fnv1a(self.file_name)), (0, 0)).astype(np.int64)
                given[rows_name] = drawn % max(1, self.shape[0] - 1)  # the last row is never touched
        exact = self._run(given, torch.float64)
        check_tolerance(self.file_name, exact, self._run(given, torch.float32), TOLERANCE)
        self._check_touched(given, exact)
        metadata = {
            "case": "1",
            "optimizer": self.name,
            "attrs": json.dumps(self.attrs, sort_keys=True),
            "rtol": decimal(TOLERANCE[0]),
            "atol": decimal(TOLERANCE[1]),
        }
        if self.entries is not None:
            metadata["table"] = "true"
        return metadata, shrink(given, exact)

    def _run(self, given, dtype):
        param = torch.nn.Parameter(torch.from_numpy(given["param"]).to(dtype, copy=True))
        optimizer = make(self.name, param, self.attrs)
        results = {}
        for step in range(self.steps):
            grad = torch.from_numpy(given[f"grad.{step}"]).to(dtype)
            if self.entries is not None:
                rows = torch.from_numpy(given[f"rows.{step}"]).unsqueeze(0)
                grad = torch.sparse_coo_tensor(rows, grad, param.shape)
            param.grad = grad
            optimizer.step()
            results[f"expected.{step}"] = param.detach().clone().numpy()
        return results

    def _check_touched(self, given, exact):
        """Rows that no step names stay as they were."""
        if self.entries is None or self.shape[0] == 1:
            return
        for values in exact.values():
            if not np.array_equal(values[-1], given["param"][-1].astype(np.float64)):
                raise AssertionError(f"{self.file_name}: an untouched row moved")


def dense():
    def case(name, description, shape, steps=6, **attrs):
        return OptimizerCase(name, description, shape, attrs, steps)

    plain = {"momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    yield case("sgd", "plain-7x13", (7, 13), lr=0.1, **plain)
    yield case("sgd", "plain-1", (1,), lr=0.1, **plain)
    yield case("sgd", "plain-129", (129,), lr=0.05, **plain)
    yield case("sgd", "weight-decay-13", (13,), lr=0.1, **{**plain, "weight_decay": 0.05})
    yield case("sgd", "momentum-7x13", (7, 13), lr=0.1, **{**plain, "momentum": 0.9})
    yield case("sgd", "momentum-decay-33", (33,), lr=0.05, momentum=0.9, nesterov=False, weight_decay=0.1)
    yield case("sgd", "nesterov-7x13", (7, 13), lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.0)
    yield case("sgd", "nesterov-decay-33", (33,), lr=0.05, momentum=0.8, nesterov=True, weight_decay=0.1)
    yield case("sgd", "momentum-25x13", (25, 13), lr=0.05, momentum=0.9, nesterov=False, weight_decay=0.01)

    yield case("adagrad", "plain-7x13", (7, 13), lr=0.1, eps=1e-10, weight_decay=0.0)
    yield case("adagrad", "weight-decay-33", (33,), lr=0.1, eps=1e-10, weight_decay=0.05)
    yield case("adagrad", "large-eps-13", (13,), lr=0.1, eps=0.1, weight_decay=0.0)
    yield case("adagrad", "plain-25x13", (25, 13), lr=0.05, eps=1e-10, weight_decay=0.0)

    usual = {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
    for name in ("adam", "adamw"):
        yield case(name, "plain-7x13", (7, 13), **usual, weight_decay=0.0)
        yield case(name, "weight-decay-33", (33,), **usual, weight_decay=0.1)
        yield case(name, "large-eps-13", (13,), **{**usual, "lr": 0.05, "eps": 0.1}, weight_decay=0.0)
        yield case(name, "betas-7", (7,), lr=0.05, beta1=0.5, beta2=0.9, eps=1e-6, weight_decay=0.01)
        yield case(name, "ten-steps-129", (129,), 10, **usual, weight_decay=0.01)
        yield case(name, "25x13", (25, 13), **usual, weight_decay=0.01)


def tables():
    def case(name, description, shape, entries, **attrs):
        return OptimizerCase(name, description, shape, attrs, len(entries), tuple(entries))

    adam = {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
    plain = {
        "sgd": {"lr": 0.1},
        "adagrad": {"lr": 0.1, "eps": 1e-10},
        "rowwise_adagrad": {"lr": 0.1, "eps": 1e-8},
        "lazy_adam": adam,
    }
    for name, attrs in plain.items():
        yield case(name, "table-11x7", (11, 7), (13, 7, 1, 9, 13, 5), **attrs)
        yield case(name, "table-dim-1", (7, 1), (9, 3, 7, 7, 1), **attrs)
        yield case(name, "table-dim-33", (5, 33), (7, 3, 8, 1, 6), **attrs)
        yield case(name, "table-one-row", (1, 5), (3, 1, 2, 5, 1), **attrs)
        yield case(name, "table-empty-step", (7, 13), (5, 0, 7, 0, 4, 6), **attrs)
        yield case(name, "table-50x8", (50, 8), (64, 33, 64, 13, 64), **attrs)
    yield case("adagrad", "table-large-eps", (7, 13), (9, 5, 9, 7, 3), lr=0.1, eps=0.1)
    yield case("rowwise_adagrad", "table-large-eps", (7, 13), (9, 5, 9, 7, 3), lr=0.1, eps=0.1)
    yield case("lazy_adam", "table-large-eps", (7, 13), (9, 5, 9, 7, 3), **{**adam, "lr": 0.05, "eps": 0.01})
    yield case("lazy_adam", "table-betas", (7, 13), (9, 5, 9, 7, 3), lr=0.05, beta1=0.5, beta2=0.9, eps=1e-6)


def cases():
    yield from dense()
    yield from tables()
