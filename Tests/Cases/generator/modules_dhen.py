"""Cases of DHEN's layers: the over-arch dhen and the tower module tower.dhen.

A layer: LN(ensemble(parts(X)) + shortcut(X)). Every part gives l vectors of d; they stand behind each other (concat) or
are added (sum). The shortcut is X where the number of vectors stays, W X otherwise. Attention is PyTorch's own
MultiheadAttention. A layer that reads one vector has no pairs, and no part `dot`.
"""

import torch
import torch.nn.functional as F

import formulas
from case_io import draws, weight
from overarch import over_arch_case, tower_case
from parameters import linear_params, mlp_params, norm_params

ALL = ["dot", "fm", "attention", "cross", "linear", "mlp"]


class Layers:
    """DHEN's layers with one choice of attributes."""

    def __init__(self, layers, parts, vectors, ensemble="concat", k=2, heads=1, rank=0, mlp=()):
        self.layers, self.parts, self.vectors, self.ensemble = layers, parts, vectors, ensemble
        self.k, self.heads, self.rank, self.mlp = k, heads, rank, list(mlp)

    @property
    def attrs(self):
        return {
            "layers": self.layers,
            "parts": self.parts,
            "vectors": self.vectors,
            "ensemble": self.ensemble,
            "k": self.k,
            "heads": self.heads,
            "rank": self.rank,
            "mlp": self.mlp,
        }

    def present(self, n):
        return [part for part in self.parts if n > 1 or part != "dot"]

    def width(self, n):
        return self.vectors * (1 if self.ensemble == "sum" else len(self.present(n)))

    def params(self, n, d):
        params = {}
        for layer in range(self.layers):
            for part in self.present(n):
                params.update(getattr(self, f"{part}_params")(f"{layer}.{part}.", n, d))
            if n != self.width(n):
                params[f"{layer}.shortcut.weight"] = weight(self.width(n), n)
            params.update(norm_params(f"{layer}.norm.", d))
            n = self.width(n)
        return params, n

    def __call__(self, x, p):
        for layer in range(self.layers):
            results = [getattr(self, f"{part}_part")(x, p, f"{layer}.{part}.") for part in self.present(x.shape[1])]
            ensemble = sum(results) if self.ensemble == "sum" else torch.cat(results, dim=1)
            w = p.get(f"{layer}.shortcut.weight")
            x = formulas.layer_norm(ensemble + (x if w is None else formulas.mixed(x, w)), p, f"{layer}.norm.")
        return x

    def cut(self, flat, d):
        return flat.reshape(flat.shape[0], self.vectors, d)

    def mix(self, x, p, name):
        """The vectors as `vectors` vectors: themselves where they are as many."""
        w = p.get(f"{name}mix.weight")
        return x if w is None else formulas.mixed(x, w)

    def mix_params(self, name, n):
        return {} if n == self.vectors else {f"{name}mix.weight": weight(self.vectors, n)}

    def dot_params(self, name, n, d):
        return linear_params(name, n * (n - 1) // 2, self.vectors * d)

    def dot_part(self, x, p, name):
        return self.cut(formulas.linear(formulas.dot_interaction(x), p, name), x.shape[2])

    def fm_params(self, name, n, d):
        return {f"{name}y": draws(n, self.k), **linear_params(f"{name}out.", n * self.k, self.vectors * d)}

    def fm_part(self, x, p, name):
        return self.cut(formulas.linear(formulas.fm(x, p[f"{name}y"]).flatten(1), p, f"{name}out."), x.shape[2])

    def attention_params(self, name, n, d):
        return {
            **linear_params(f"{name}in_proj.", d, 3 * d, gain=1.5),
            **linear_params(f"{name}out_proj.", d, d),
            **self.mix_params(name, n),
        }

    def attention_part(self, x, p, name):
        batch_second = x.transpose(0, 1)
        out, _ = F.multi_head_attention_forward(
            batch_second, batch_second, batch_second, x.shape[2], self.heads,
            p[f"{name}in_proj.weight"], p[f"{name}in_proj.bias"], None, None, False, 0.0,
            p[f"{name}out_proj.weight"], p[f"{name}out_proj.bias"], need_weights=False,
        )
        return self.mix(out.transpose(0, 1), p, name)

    def cross_params(self, name, n, d):
        if self.rank == 0:
            params = linear_params(name, n * d, n * d)
        else:
            params = linear_params(f"{name}v.", n * d, self.rank, bias=False)
            params.update(linear_params(f"{name}w.", self.rank, n * d))
        return {**params, **self.mix_params(name, n)}

    def cross_part(self, x, p, name):
        """x (W x + b) of the flattened x: no skip of its own."""
        flat = x.flatten(1)
        if self.rank == 0:
            product = formulas.linear(flat, p, name)
        else:
            product = formulas.linear(formulas.linear(flat, p, f"{name}v."), p, f"{name}w.")
        return self.mix((flat * product).reshape(x.shape), p, name)

    def linear_params(self, name, n, d):
        return {f"{name}weight": weight(self.vectors, n)}

    def linear_part(self, x, p, name):
        return formulas.mixed(x, p[f"{name}weight"])

    def mlp_params(self, name, n, d):
        return mlp_params(name, n * d, [*self.mlp, self.vectors * d])

    def mlp_part(self, x, p, name):
        return self.cut(formulas.mlp(x.flatten(1), p, name, len(self.mlp) + 1), x.shape[2])


def dhen():
    def case(description, shape, layers, top, dense=0, bottom=(), dim=None):
        attrs = {**layers.attrs, **({} if dim is None else {"dim": dim})}
        return over_arch_case("dhen", description, shape, dense, list(bottom), top, attrs, layers.params, layers)

    for part in ALL:
        yield case(f"{part}-alone-7", (7, 3, 4), Layers(1, [part], 2, heads=2, mlp=[6]), [5])
        yield case(f"{part}-as-many-5", (5, 3, 4), Layers(1, [part], 3, heads=2), [])
    yield case("all-concat-7", (7, 3, 4), Layers(1, ALL, 1, heads=2, mlp=[5]), [6])
    yield case("all-sum-7", (7, 3, 4), Layers(1, ALL, 2, "sum", heads=4, rank=3, mlp=[5]), [6])
    yield case("two-layers-concat-5", (5, 3, 4), Layers(2, ["attention", "cross"], 2, heads=2, rank=2), [7])
    yield case("two-layers-sum-13", (13, 4, 5), Layers(2, ["fm", "attention", "linear"], 4, "sum"), [7, 3])
    yield case("batch-1", (1, 5, 6), Layers(1, ["dot", "linear"], 2), [6])
    yield case("dense-7", (7, 3, 5), Layers(1, ["dot", "attention"], 2), [8], dense=4)
    yield case("dense-bottom-33", (33, 3, 4), Layers(1, ["cross", "linear"], 2, "sum", rank=2), [5], dense=3, bottom=[7])
    yield case("towers-flat-7", (7, 12), Layers(1, ["dot", "mlp"], 2), [6], dim=4)
    yield case("sum-to-one-vector-7", (7, 3, 4), Layers(2, ["dot", "linear", "mlp"], 1, "sum"), [5])
    yield case("64", (64, 4, 6), Layers(1, ["dot", "attention"], 1, heads=3), [7])


def tower_dhen():
    def case(description, shape, layers, out):
        return tower_case("tower.dhen", description, shape, out, layers.attrs, layers.params, layers)

    layers = Layers(1, ["dot", "attention", "linear", "mlp"], 2, "sum", heads=2)
    yield case("1-feature-7x1x8-4", (7, 1, 8), layers, 4)
    yield case("1-feature-wide-5x1x4-16", (5, 1, 4), layers, 16)
    yield case("1-feature-pass-7x1x8-8", (7, 1, 8), layers, 8)
    # The same attributes on uneven towers of one model.
    layers = Layers(1, ["dot", "attention", "linear"], 2, heads=2)
    yield case("2-features-7x2x8-8", (7, 2, 8), layers, 8)
    yield case("3-features-7x3x8-8", (7, 3, 8), layers, 8)
    yield case("7-features-7x7x8-8", (7, 7, 8), layers, 8)
    yield case("all-sum-1x4x6-7", (1, 4, 6), Layers(1, ALL, 2, "sum", heads=3, rank=2), 7)
    yield case("two-layers-13x3x4-5", (13, 3, 4), Layers(2, ["fm", "cross"], 2, rank=2), 5)
    yield case("64x4x6-8", (64, 4, 6), Layers(1, ["attention", "linear"], 1, heads=2), 8)


def cases():
    yield from dhen()
    yield from tower_dhen()
