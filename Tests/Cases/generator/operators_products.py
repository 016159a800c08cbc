"""Cases of the operators that sum products, of the embedding bag and of the loss."""

import numpy as np
import torch
import torch.nn.functional as F

import formulas
from case_io import CLOSE, LONG, SUMS, Case, Jagged, draws
from parameters import cross_params, linear_params
from philox import words


def linear():
    def case(description, x, out, activation="none", bias=True, tolerance=SUMS):
        spec = draws(*x) if isinstance(x, tuple) else x
        params = linear_params("", spec.shape[-1], out, bias)
        attrs = {"out": out, "bias": bias, "activation": activation}
        forward = lambda i, p: formulas.linear(i["x"], p, activation=activation)
        return Case("operator", "linear", description, forward, {"x": spec}, params, attrs, tolerance)

    for activation in formulas.ACTIVATIONS:
        for bias in (True, False):
            suffix = f"{activation}-{'bias' if bias else 'nobias'}"
            yield case(f"{suffix}-7x13-5", (7, 13), 5, activation, bias)
            yield case(f"{suffix}-3x5x7-9", (3, 5, 7), 9, activation, bias)
        yield case(f"{activation}-batch-1-33-7", (1, 33), 7, activation)
        yield case(f"{activation}-13x33-7", (13, 33), 7, activation)
    yield case("1x1-1", (1, 1), 1)
    yield case("7x1-13", (7, 1), 13)
    yield case("33x13-1", (33, 13), 1)
    yield case("3x129-9", (3, 129), 9)
    yield case("129x7-3", (129, 7), 3)
    yield case("wide-2x16-129", (2, 16), 129, "relu")
    yield case("3x1x33-8", (3, 1, 33), 8, "sigmoid")
    yield case("64x100-17", (64, 100), 17, "relu", tolerance=LONG)
    yield case("64x25-16", (64, 25), 16, "gelu", tolerance=LONG)
    # Samples whose input is zero reach the activation at exactly zero, where relu's gradient is zero.
    partly = np.float32(np.linspace(-1, 1, 7 * 8).reshape(7, 8))
    partly[[0, 3, 6]] = 0
    yield case("relu-nobias-zero-samples", partly, 6, "relu", bias=False)


def matmul():
    def case(batch, m, k, n, transpose_a, transpose_b, tolerance=SUMS):
        a = draws(batch, k, m) if transpose_a else draws(batch, m, k)
        b = draws(batch, n, k) if transpose_b else draws(batch, k, n)

        def forward(i, p):
            left = i["a"].transpose(1, 2) if transpose_a else i["a"]
            right = i["b"].transpose(1, 2) if transpose_b else i["b"]
            return torch.bmm(left, right)

        sides = ("t" if transpose_a else "n") + ("t" if transpose_b else "n")
        attrs = {"transpose_a": transpose_a, "transpose_b": transpose_b}
        description = f"{sides}-{batch}x{m}x{k}x{n}"
        return Case("operator", "matmul", description, forward, {"a": a, "b": b}, {}, attrs, tolerance)

    for transpose_a in (False, True):
        for transpose_b in (False, True):
            yield case(1, 7, 13, 5, transpose_a, transpose_b)
            yield case(3, 5, 7, 9, transpose_a, transpose_b)
            yield case(2, 1, 33, 1, transpose_a, transpose_b)
            yield case(2, 13, 1, 8, transpose_a, transpose_b)
            yield case(5, 9, 16, 7, transpose_a, transpose_b)
    yield case(1, 3, 129, 7, False, False)
    yield case(64, 3, 8, 5, False, True)


def embedding_bag():
    def case(description, lengths, rows, dim, pooling="sum", weighted=False, indices=None):
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        count = int(offsets[-1])
        if indices is None:
            indices = words(count, (rows, dim, len(lengths)), (1, 0)).astype(np.int64) % rows
        weights = draws(count, amplitude=2) if weighted else None

        def forward(i, p):
            bag = i["indices"]
            return F.embedding_bag(
                bag.values, p["weight"], bag.offsets, mode=pooling,
                per_sample_weights=bag.weights, include_last_offset=True,
            )

        attrs = {"rows": rows, "dim": dim, "pooling": pooling}
        jagged = {"indices": Jagged(np.asarray(indices, np.int64), offsets, weights)}
        params = {"weight": draws(rows, dim)}
        return Case("operator", "embedding_bag", description, forward, jagged, params, attrs, SUMS)

    some = [2, 0, 1, 5, 0, 0, 3]
    for description, pooling, weighted in (("sum", "sum", False), ("mean", "mean", False), ("weighted", "sum", True)):
        yield case(f"{description}-batch-1", [3], 7, 5, pooling, weighted)
        yield case(f"{description}-one-each", [1] * 13, 33, 8, pooling, weighted)
        yield case(f"{description}-empty-bags", some, 11, 13, pooling, weighted)
        yield case(f"{description}-edges-empty", [0, 4, 0], 5, 3, pooling, weighted)
        yield case(f"{description}-duplicates", [6, 3], 9, 7, pooling, weighted, [4, 4, 2, 4, 0, 2, 8, 8, 8])
        yield case(f"{description}-dim-1", [2, 1, 4], 6, 1, pooling, weighted)
        yield case(f"{description}-dim-33", [2, 7, 1], 13, 33, pooling, weighted)
        yield case(f"{description}-one-bag-129", [129], 33, 4, pooling, weighted)
        middle = [int(word) % 7 for word in words(64, (64, 0, 0), (2, 0))]
        yield case(f"{description}-64-bags", middle, 100, 16, pooling, weighted)
    for pooling in ("sum", "mean"):
        yield case(f"{pooling}-all-empty", [0, 0, 0], 5, 7, pooling)
    yield case("sum-one-row", [2, 0, 3], 1, 4)
    yield case("sum-dim-129", [1, 2], 3, 129)


def dot_interaction():
    for shape in (
        (1, 2, 3), (1, 7, 13), (5, 2, 33), (3, 9, 7), (2, 27, 16), (3, 4, 1), (2, 5, 129), (33, 3, 8), (64, 6, 9),
    ):
        forward = lambda i, p: formulas.dot_interaction(i["x"])
        description = "x".join(map(str, shape))
        yield Case("operator", "dot_interaction", description, forward, {"x": draws(*shape)}, {}, {}, SUMS)


def cross():
    for batch, width, rank in (
        (1, 7, 0), (7, 13, 0), (33, 5, 0), (3, 33, 0), (5, 1, 0), (64, 16, 0),
        (1, 7, 2), (7, 13, 3), (33, 5, 1), (3, 33, 8), (5, 7, 7), (5, 7, 9), (2, 129, 4), (64, 20, 8),
    ):
        forward = lambda i, p: formulas.cross(i["x0"], i["x"], p)
        inputs = {"x0": draws(batch, width), "x": draws(batch, width)}
        description = f"{f'rank{rank}' if rank else 'full'}-{batch}x{width}"
        params = cross_params("", width, rank)
        yield Case("operator", "cross", description, forward, inputs, params, {"rank": rank}, SUMS)


def fm():
    for batch, n, d, k in (
        (1, 3, 5, 2), (7, 5, 13, 3), (3, 33, 4, 8), (2, 7, 33, 7), (5, 1, 8, 3), (3, 6, 1, 4), (13, 4, 9, 1),
        (2, 9, 129, 2), (64, 5, 7, 4),
    ):
        forward = lambda i, p: formulas.fm(i["x"], p["y"])
        description = f"{batch}x{n}x{d}-{k}"
        params = {"y": draws(n, k, amplitude=0.7)}
        yield Case("operator", "fm", description, forward, {"x": draws(batch, n, d)}, params, {"k": k}, LONG)


def bce_with_logits():
    def case(description, logits, labels, grad=1.0, tolerance=CLOSE):
        forward = lambda i, p: F.binary_cross_entropy_with_logits(i["logits"], i["labels"])
        return Case(
            "operator", "bce_with_logits", description, forward, {"logits": logits, "labels": labels},
            tolerance=tolerance, constants=("labels",), grad_output=np.float32(grad),
        )

    def clicks(count):
        return np.float32([int(word) % 3 == 0 for word in words(count, (count, 1, 1), (3, 0))])

    yield case("batch-1-positive", draws(1, amplitude=2), [1.0])
    yield case("batch-1-negative", draws(1, amplitude=2), [0.0])
    yield case("7", draws(7, amplitude=3), clicks(7))
    yield case("33-seed-0.25", draws(33, amplitude=3), clicks(33), grad=0.25)
    yield case("129", draws(129, amplitude=5), clicks(129))
    yield case("soft-labels-13", draws(13, amplitude=3), draws(13, amplitude=0.5, centre=0.5))
    edges = np.float32([0, 0, 20, -20, 20, -20, 90, -90, 90, -90, 1e4, -1e4, 1e4, -1e4])
    yield case("large-14", edges, np.float32([0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1]))
    right = np.float32([8, -8, 20, -20, 40, -100, 1e4])  # hardly any loss left beyond the first two
    yield case("large-right-7", right, np.float32([1, 0, 1, 0, 1, 0, 1]), grad=4.0, tolerance=(1e-5, 2e-7))
    yield case("1000", draws(1000, amplitude=6), clicks(1000), tolerance=(1e-5, 1e-7))


def cases():
    for family in (linear, matmul, embedding_bag, dot_interaction, cross, fm, bce_with_logits):
        yield from family()
