"""Cases of the composite modules: mlp, cross_net, the towers, and the over-archs."""

import torch

import formulas
from case_io import LONG, SUMS, Case, draws, weight
from parameters import cross_net_params, linear_params, mlp_params


def module(name, description, forward, inputs, params, attrs, tolerance=LONG):
    return Case("module", name, description, forward, inputs, params, attrs, tolerance)


def mlp():
    for batch, inputs, widths, activation, last in (
        (1, 7, [5], "relu", "none"),
        (7, 13, [5, 1], "relu", "none"),
        (5, 33, [9, 7, 3], "relu", "relu"),
        (33, 7, [13, 2], "sigmoid", "none"),
        (13, 5, [8, 8], "tanh", "sigmoid"),
        (3, 7, [13, 33], "gelu", "tanh"),
        (7, 6, [5, 4], "none", "gelu"),
        (64, 25, [33, 9], "relu", "none"),
    ):
        attrs = {"widths": widths, "activation": activation, "last_activation": last}
        forward = lambda i, p, w=widths, a=activation, l=last: formulas.mlp(i["x"], p, "", len(w), a, l)
        description = f"{activation}-{last}-{batch}x{inputs}-{'-'.join(map(str, widths))}"
        yield module("mlp", description, forward, {"x": draws(batch, inputs)}, mlp_params("", inputs, widths), attrs)
    features = {"x": draws(3, 5, 7)}
    attrs = {"widths": [4, 2], "activation": "relu", "last_activation": "none"}
    forward = lambda i, p: formulas.mlp(i["x"], p, "", 2)
    yield module("mlp", "relu-none-3x5x7-4-2", forward, features, mlp_params("", 7, [4, 2]), attrs)


def cross_net():
    for batch, width, layers, rank, experts in (
        (7, 13, 2, 4, 3), (1, 9, 1, 2, 4), (33, 7, 2, 1, 2), (5, 8, 1, 3, 1), (64, 12, 3, 2, 2),
    ):
        forward = lambda i, p, n=layers, e=experts: formulas.cross_net(i["x"], p, "", n, e)
        description = f"experts{experts}-rank{rank}-layers{layers}-{batch}x{width}"
        params = cross_net_params("", width, layers, rank, experts)
        attrs = {"layers": layers, "rank": rank, "experts": experts}
        yield module("cross_net", description, forward, {"x": draws(batch, width)}, params, attrs)
    for batch, width, layers, rank in (
        (1, 7, 1, 0), (7, 13, 3, 0), (33, 5, 2, 0), (1, 7, 2, 2), (7, 13, 3, 4), (3, 33, 2, 8), (64, 20, 2, 4),
    ):
        forward = lambda i, p, n=layers: formulas.cross_net(i["x"], p, "", n)
        description = f"{f'rank{rank}' if rank else 'full'}-layers{layers}-{batch}x{width}"
        params = cross_net_params("", width, layers, rank)
        attrs = {"layers": layers, "rank": rank}
        yield module("cross_net", description, forward, {"x": draws(batch, width)}, params, attrs)


def tower_linear():
    """concat(Linear(F N -> p D)(flat), one Linear(N -> c D) on every feature, flat)."""

    def case(batch, features, width, c, p, dim):
        params = {}
        if not (features == 1 and dim * (p + c) == width):
            if p > 0:
                params.update(linear_params("combine.", features * width, p * dim))
            if c > 0:
                params.update(linear_params("project.", width, c * dim))

        def forward(i, q):
            x = i["x"]
            if not q:  # one feature, output as wide as the input: no Linear, the embedding passes through
                return x.flatten(1) * 1
            parts = []
            if p > 0:
                parts.append(formulas.linear(x.flatten(1), q, "combine."))
            if c > 0:
                parts.append(formulas.linear(x, q, "project.").flatten(1))
            return torch.cat(parts, dim=1)

        attrs = {"c": c, "p": p, "dim": dim}
        description = f"c{c}p{p}d{dim}-{batch}x{features}x{width}"
        return module("tower.linear", description, forward, {"x": draws(batch, features, width)}, params, attrs, SUMS)

    yield case(7, 4, 8, 1, 0, 4)
    yield case(7, 4, 8, 0, 1, 8)
    yield case(5, 3, 7, 1, 1, 5)
    yield case(5, 3, 7, 2, 3, 3)
    yield case(1, 3, 13, 1, 1, 2)
    yield case(33, 2, 5, 1, 2, 1)
    yield case(64, 4, 9, 1, 0, 5)
    yield case(7, 1, 8, 1, 0, 8)  # pass through
    yield case(1, 1, 13, 0, 1, 13)  # pass through
    yield case(7, 1, 8, 1, 0, 4)  # one feature, narrower output: a Linear after all
    yield case(7, 1, 8, 0, 1, 4)


def tower_dcn():
    """Linear(cross_net(flat)); one feature with out = N has no Linear."""

    def case(batch, features, width, layers, rank, out):
        flat = features * width
        params = cross_net_params("cross.", flat, layers, rank)
        if not (features == 1 and out == width):
            params.update(linear_params("out.", flat, out))

        def forward(i, p):
            crossed = formulas.cross_net(i["x"].flatten(1), p, "cross.", layers)
            return formulas.linear(crossed, p, "out.") if "out.weight" in p else crossed

        attrs = {"layers": layers, "rank": rank, "out": out}
        description = f"{f'rank{rank}' if rank else 'full'}-layers{layers}-{batch}x{features}x{width}-{out}"
        return module("tower.dcn", description, forward, {"x": draws(batch, features, width)}, params, attrs)

    yield case(7, 3, 5, 1, 0, 5)
    yield case(1, 2, 7, 2, 0, 3)
    yield case(5, 3, 8, 1, 4, 8)
    yield case(13, 3, 7, 2, 3, 13)
    yield case(33, 2, 4, 1, 2, 1)
    yield case(64, 4, 8, 1, 4, 8)
    yield case(7, 1, 8, 1, 0, 8)  # one feature, as wide as its input: cross layers only
    yield case(7, 1, 13, 2, 4, 13)
    yield case(7, 1, 8, 1, 2, 4)  # one feature, narrower output: with the Linear
    yield case(5, 2, 8, 1, 2, 16)  # as wide as the input, but two features: with the Linear


def dlrm():
    """Bottom MLP, dots of its output with the embeddings, top MLP to one logit.

    Stacked vectors: the bottom's output first, then the embeddings. Input of the top: the bottom's output, the
    flattened embeddings where `cat` says so, the dots. Without dense input the bottom is a learnt vector: a Linear
    without bias on the constant 1, with no relu; `bottom` is then an empty list.
    """

    def case(description, batch, features, dim, dense, bottom, top, cat):
        inputs = {"x": draws(batch, features, dim)}
        if dense:
            inputs["dense"] = draws(batch, dense)
            params = mlp_params("bottom.", dense, bottom)
        else:
            params = {"bottom.0.weight": draws(dim, 1)}
        dots = (features + 1) * features // 2
        width = dim + (features * dim if cat else 0) + dots
        params.update(mlp_params("top.", width, [*top, 1]))

        def forward(i, p):
            x = i["x"]
            if "dense" in i:
                first = formulas.mlp(i["dense"], p, "bottom.", len(bottom), "relu", "relu")
            else:
                first = formulas.linear(torch.ones(batch, 1, dtype=x.dtype), p, "bottom.0.")
            pairs = formulas.dot_interaction(torch.cat([first.unsqueeze(1), x], dim=1))
            parts = [first, x.flatten(1), pairs] if cat else [first, pairs]
            return formulas.mlp(torch.cat(parts, dim=1), p, "top.", len(top) + 1).squeeze(1)

        attrs = {"bottom": bottom, "top": top, "cat": cat}
        return module("dlrm", description, forward, inputs, params, attrs)

    yield case("dense-7", 7, 3, 5, 4, [9, 5], [8], False)
    yield case("dense-cat-7", 7, 3, 5, 4, [9, 5], [8], True)
    yield case("dense-batch-1", 1, 4, 8, 13, [8], [7, 3], False)
    yield case("dense-33", 33, 5, 4, 3, [7, 4], [13, 5], False)
    yield case("dense-no-hidden-top", 5, 3, 7, 2, [7], [], False)
    yield case("dense-one-feature", 5, 1, 8, 3, [8], [4], True)
    yield case("no-dense-7", 7, 4, 5, 0, [], [9], False)
    yield case("no-dense-cat-13", 13, 3, 7, 0, [], [9, 4], True)
    yield case("dense-64", 64, 6, 8, 7, [8], [16, 8], False)


def dcn():
    """A cross network and a deep MLP, stacked or side by side, and a head to one logit."""

    def case(description, shape, dense, layers, rank, form, widths, experts=0):
        inputs = {"x": draws(*shape)}
        if dense:
            inputs["dense"] = draws(shape[0], dense)
        width = dense + (shape[1] if len(shape) == 2 else shape[1] * shape[2])
        params = cross_net_params("cross.", width, layers, rank, experts)
        params.update(mlp_params("deep.", width, widths))
        deep_width = widths[-1] if widths else width
        params.update(linear_params("head.", deep_width + (width if form == "parallel" else 0), 1))

        def forward(i, p):
            x = i["x"].flatten(1)
            if "dense" in i:
                x = torch.cat([x, i["dense"]], dim=1)
            crossed = formulas.cross_net(x, p, "cross.", layers, experts)
            deep = formulas.mlp(crossed if form == "stacked" else x, p, "deep.", len(widths), "relu", "relu")
            joined = deep if form == "stacked" else torch.cat([crossed, deep], dim=1)
            return formulas.linear(joined, p, "head.").squeeze(1)

        attrs = {"layers": layers, "rank": rank, "form": form, "widths": widths}
        if experts:
            attrs["experts"] = experts
        return module("dcn", description, forward, inputs, params, attrs)

    for form in ("stacked", "parallel"):
        yield case(f"{form}-full-7", (7, 3, 5), 0, 2, 0, form, [9, 4])
        yield case(f"{form}-dense-7", (7, 3, 5), 4, 2, 0, form, [9, 4])
        yield case(f"{form}-rank3-batch-1", (1, 4, 5), 3, 2, 3, form, [7])
        yield case(f"{form}-flat-33", (33, 13), 0, 1, 2, form, [8, 5])
        yield case(f"{form}-flat-dense-13", (13, 7), 5, 3, 4, form, [8])
        yield case(f"{form}-64", (64, 5, 4), 5, 2, 4, form, [16, 8])
        yield case(f"{form}-experts-13", (13, 3, 5), 4, 2, 3, form, [8, 5], experts=4)
    yield case("stacked-no-hidden-5", (5, 3, 4), 2, 2, 0, "stacked", [])


def deepfm():
    """First-order weights, the dots of all pairs of embeddings, and a deep MLP with a head, summed into one logit."""

    def case(description, batch, features, dim, dense, widths, first_order):
        inputs = {"x": draws(batch, features, dim)}
        if dense:
            inputs["dense"] = draws(batch, dense)
        if first_order:
            inputs["first_order"] = draws(batch, features)
        params = mlp_params("deep.", features * dim + dense, widths)
        params.update({"head.weight": weight(1, widths[-1]), "head.bias": draws(1, amplitude=0.5)})

        def forward(i, p):
            flat = i["x"].flatten(1)
            if "dense" in i:
                flat = torch.cat([flat, i["dense"]], dim=1)
            deep = formulas.mlp(flat, p, "deep.", len(widths), "relu", "relu")
            logit = formulas.dot_interaction(i["x"]).sum(1) + formulas.linear(deep, p, "head.").squeeze(1)
            return logit + i["first_order"].sum(1) if "first_order" in i else logit

        return module("deepfm", description, forward, inputs, params, {"widths": widths})

    yield case("plain-7", 7, 3, 5, 0, [9, 4], False)
    yield case("dense-7", 7, 3, 5, 4, [9, 4], False)
    yield case("first-order-7", 7, 3, 5, 0, [9], True)
    yield case("all-batch-1", 1, 4, 8, 3, [7, 5], True)
    yield case("all-33", 33, 5, 3, 2, [13], True)
    yield case("two-features-13", 13, 2, 7, 0, [5], True)
    yield case("all-64", 64, 6, 8, 5, [16, 8], True)


def cases():
    for family in (mlp, cross_net, tower_linear, tower_dcn, dlrm, dcn, deepfm):
        yield from family()
