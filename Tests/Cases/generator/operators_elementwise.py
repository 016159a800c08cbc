"""Cases of the operators that work element by element, along one axis, or only move numbers."""

import json

import numpy as np
import torch
import torch.nn.functional as F

from case_io import CLOSE, EXACT, SUMS, Case, draws
from formulas import ACTIVATIONS
from philox import dropout_mask


def label(shape):
    return "x".join(str(size) for size in shape)


def one_input(name, description, x, attrs, formula, tolerance=EXACT, **more):
    """A case with the single input `x`; a shape stands for numbers drawn from it."""
    x = draws(*x) if isinstance(x, tuple) else x
    return Case("operator", name, description, lambda i, p: formula(i["x"]), {"x": x}, {}, attrs, tolerance, **more)


def arithmetic():
    """add, sub and mul of equal shapes, and with the broadcasting rules of NumPy."""
    formulas = {"add": torch.add, "sub": torch.sub, "mul": torch.mul}
    shapes = [
        ("same-1x1", (1, 1), (1, 1)),
        ("same-7x13", (7, 13), (7, 13)),
        ("same-3x5x7", (3, 5, 7), (3, 5, 7)),
        ("vector-7x13", (7, 13), (13,)),
        ("vector-5x3x13", (5, 3, 13), (13,)),
        ("vector-first-5x3x13", (13,), (5, 3, 13)),
        ("column-33x7", (33, 7), (33, 1)),
        ("middle-5x3x13", (5, 3, 13), (5, 1, 13)),
        ("both-5x3x13", (5, 3, 1), (5, 1, 13)),
        ("single-1x129", (1, 129), (1,)),
    ]
    middle = {"add": (64, 17), "sub": (33, 32), "mul": (64, 17)}
    for name, formula in formulas.items():
        forward = lambda i, p, formula=formula: formula(i["a"], i["b"])
        for description, a, b in [*shapes, (f"same-{label(middle[name])}", middle[name], middle[name])]:
            inputs = {"a": draws(*a, amplitude=2), "b": draws(*b, amplitude=2)}
            # A broadcast operand's gradient is a sum over the elements it was spread to.
            yield Case("operator", name, description, forward, inputs, {}, {}, EXACT if a == b else SUMS)


def scale():
    for factor, shape in ((0.125, (1, 7)), (-3.5, (13, 33)), (1.7, (3, 5, 7)), (0.3, (64, 13))):
        yield one_input("scale", f"{factor}-{label(shape)}", shape, {"factor": factor}, lambda x, f=factor: x * f)


def concat():
    def case(description, axis, *shapes):
        inputs = {str(number): draws(*shape) for number, shape in enumerate(shapes)}
        forward = lambda i, p: torch.cat([i[str(number)] for number in range(len(shapes))], dim=axis)
        return Case("operator", "concat", description, forward, inputs, {}, {"axis": axis}, EXACT)

    yield case("one-input", 1, (7, 13))
    yield case("batch-1", 1, (1, 3), (1, 1), (1, 33))
    yield case("axis1-7", 1, (7, 13), (7, 1), (7, 33))
    yield case("axis1-features", 1, (5, 3, 8), (5, 1, 8), (5, 7, 8))
    yield case("axis2", 2, (5, 3, 8), (5, 3, 13))
    yield case("axis-minus1", -1, (5, 3, 8), (5, 3, 1), (5, 3, 7))
    yield case("axis-minus2", -2, (5, 3, 8), (5, 2, 8))
    yield case("twelve-inputs", 1, *[(3, 1 + number % 4) for number in range(12)])
    yield case("64x33", 1, (64, 13), (64, 3), (64, 17))


def slicing():
    def case(description, shape, axis, start, end):
        attrs = {"axis": axis, "start": start, "end": end}
        return one_input("slice", description, shape, attrs, lambda x: x.narrow(axis, start, end - start))

    yield case("batch-1", (1, 33), 1, 3, 4)
    yield case("head", (7, 13), 1, 0, 5)
    yield case("tail", (7, 13), 1, 5, 13)
    yield case("all", (7, 13), 1, 0, 13)
    yield case("features", (5, 7, 8), 1, 2, 6)
    yield case("axis2", (5, 3, 33), 2, 9, 30)
    yield case("axis-minus1", (5, 3, 33), -1, 1, 32)
    yield case("axis-minus2", (5, 7, 8), -2, 6, 7)
    yield case("64x33", (64, 33), 1, 13, 29)


def reshape():
    for description, shape, target in (
        ("batch-1", (1, 6), (-1, 2, 3)),
        ("flatten", (7, 3, 13), (-1, 39)),
        ("split", (5, 33), (-1, 3, 11)),
        ("four", (3, 7, 12), (-1, 7, 3, 4)),
        ("column", (13, 7), (-1, 7, 1)),
        ("same", (13, 7), (-1, 7)),
        ("64x33", (64, 33), (-1, 3, 11)),
    ):
        # The first entry is the batch and stays what it was.
        attrs = {"shape": list(target)}
        yield one_input("reshape", description, shape, attrs, lambda x, t=target: x.reshape(x.shape[0], *t[1:]))


def transpose():
    for shape, perm in (
        ((1, 3, 5), (0, 2, 1)),
        ((7, 13, 3), (0, 2, 1)),
        ((5, 3, 7), (0, 1, 2)),
        ((3, 2, 5, 7), (0, 2, 1, 3)),
        ((3, 2, 5, 7), (0, 3, 1, 2)),
        ((33, 1, 13), (0, 2, 1)),
        ((64, 3, 7), (0, 2, 1)),
    ):
        description = f"{''.join(map(str, perm))}-{label(shape)}"
        yield one_input("transpose", description, shape, {"perm": list(perm)}, lambda x, p=perm: x.permute(p).clone())


def reductions():
    for name, formula in (("reduce_sum", torch.sum), ("reduce_mean", torch.mean)):
        for description, shape, axis, keep in (
            ("batch-1", (1, 7), 1, False),
            ("axis1-7x13", (7, 13), 1, False),
            ("axis1-keep-7x13", (7, 13), 1, True),
            ("features", (5, 7, 9), 1, False),
            ("features-keep", (5, 7, 13), 1, True),
            ("axis-minus1", (5, 7, 33), -1, False),
            ("axes-1-2", (5, 7, 13), (1, 2), False),
            ("axes-keep", (5, 7, 13), (1, -1), True),
            ("axes-apart", (3, 5, 4, 7), (1, 3), False),
            ("single", (13, 1), 1, False),
            ("33x100", (33, 100), 1, False) if name == "reduce_sum" else ("33x64", (33, 64), 1, False),
        ):
            attrs = {"axis": list(axis) if isinstance(axis, tuple) else axis, "keepdims": keep}
            reduce = lambda x, f=formula, a=axis, k=keep: f(x, dim=a, keepdim=k)
            yield one_input(name, description, shape, attrs, reduce, SUMS if name == "reduce_sum" else CLOSE)


def softmax():
    for description, x, axis in (
        ("batch-1", draws(1, 7, amplitude=2), 1),
        ("one-wide", (13, 1), 1),
        ("axis-minus1-7x13", draws(7, 13, amplitude=3), -1),
        ("axis1-5x7x9", draws(5, 7, 9, amplitude=3), 1),
        ("axis2-5x7x9", draws(5, 7, 9, amplitude=3), 2),
        ("axis-minus2-3x4x33", draws(3, 4, 33, amplitude=3), -2),
        ("large-7x13", draws(7, 13, amplitude=200, centre=1000), -1),
        ("7x129", draws(7, 129, amplitude=3), -1),
        ("64x17", draws(64, 17, amplitude=2), -1),
    ):
        yield one_input("softmax", description, x, {"axis": axis}, lambda x, a=axis: torch.softmax(x, dim=a), CLOSE)


def activations():
    extremes = np.float32([[0.0, 1.0, -1.0, 0.5, -0.5, 1e-3, -1e-3, 6.0, -6.0, 12.0, -12.0, 40.0, -40.0, 90.0, -90.0]])
    for name in ("relu", "sigmoid", "tanh", "gelu"):
        tolerance = {"relu": EXACT, "gelu": (1e-5, 5e-6)}.get(name, CLOSE)
        for description, x in (
            ("extremes", extremes),
            ("7x13", draws(7, 13, amplitude=3)),
            ("3x5x33", draws(3, 5, 33, amplitude=3)),
            ("129x1", draws(129, 1, amplitude=5)),
            ("64x17", draws(64, 17, amplitude=4)),
        ):
            yield one_input(name, description, x, {}, ACTIVATIONS[name], tolerance)


def layer_norm():
    def case(description, x, eps=1e-5, tolerance=SUMS):
        width = (x if isinstance(x, tuple) else x.shape)[-1]
        params = {"weight": draws(width, amplitude=0.5, centre=1), "bias": draws(width, amplitude=0.5)}
        forward = lambda i, p: F.layer_norm(i["x"], (width,), p["weight"], p["bias"], eps)
        x = draws(*x, amplitude=2) if isinstance(x, tuple) else x
        return Case("operator", "layer_norm", description, forward, {"x": x}, params, {"eps": eps}, tolerance)

    yield case("batch-1", (1, 7))
    yield case("7x13", (7, 13))
    yield case("5x3x33", (5, 3, 33))
    yield case("one-wide", (13, 1), tolerance=(1e-5, 1e-4))  # variance 0, so 1 / sqrt(eps) magnifies every rounding
    yield case("eps-0.1", (7, 13), eps=0.1)
    yield case("small-numbers", draws(7, 13, amplitude=0.01), tolerance=(1e-4, 1e-5))
    yield case("offset", draws(7, 33, amplitude=1, centre=50), tolerance=(1e-4, 1e-4))
    yield case("7x129", (7, 129))
    yield case("64x25", (64, 25))


def dropout():
    """Dropout with the key of the case: seed 0, step 0, node "case", sample numbers 0 ..< B."""
    key = {"seed": 0, "step": 0, "node": "case"}
    for p, shape in (
        (0.0, (7, 13)),
        (0.0, (3, 5, 7)),
        (0.5, (1, 1)),
        (0.5, (1, 129)),
        (0.5, (7, 13)),
        (0.5, (5, 3, 7)),
        (0.1, (13, 33)),
        (0.9, (13, 33)),
        (0.5, (64, 13)),
    ):
        mask = torch.from_numpy(dropout_mask(shape, p, **key))
        formula = lambda x, m=mask, p=p: x * m.to(x.dtype) * (1.0 / (1.0 - p))
        metadata = {"key": json.dumps(key, sort_keys=True)}
        yield one_input("dropout", f"{p}-{label(shape)}", shape, {"p": p}, formula, metadata=metadata)


def cases():
    for family in (
        arithmetic, scale, concat, slicing, reshape, transpose, reductions, softmax, activations, layer_norm, dropout,
    ):
        yield from family()
