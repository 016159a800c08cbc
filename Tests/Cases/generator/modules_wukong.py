"""Cases of Wukong's layers: the over-arch wukong and the tower module tower.fm.

A layer: LN(concat(FMB(X), LCB(X)) + residual(X)); FMB(X) = MLP(LN(flatten(FM(X)))) as n_F vectors, relu after every
layer of the MLP; FM(X) = X (X^T Y); LCB(X) = W X. The residual is X where the number of vectors stays, W_r X otherwise.
An attentive Y is an MLP of the linearly compressed X.
"""

import torch

import formulas
from case_io import draws, weight
from overarch import over_arch_case, tower_case
from parameters import mlp_params, norm_params


class Layers:
    """Wukong's layers with one choice of attributes."""

    def __init__(self, layers, k, fm_features, lc_features, mlp=(), attentive=0, attentive_mlp=()):
        self.layers, self.k, self.n_f, self.n_l = layers, k, fm_features, lc_features
        self.mlp, self.attentive, self.attentive_mlp = list(mlp), attentive, list(attentive_mlp)

    @property
    def attrs(self):
        attrs = {
            "layers": self.layers,
            "k": self.k,
            "fm_features": self.n_f,
            "lc_features": self.n_l,
            "mlp": self.mlp,
        }
        if self.attentive:
            attrs.update({"attentive": self.attentive, "attentive_mlp": self.attentive_mlp})
        return attrs

    def params(self, n, d):
        params = {}
        for layer in range(self.layers):
            name = f"{layer}."
            if self.n_f:
                if self.attentive:
                    params[f"{name}fmb.compress.weight"] = weight(self.attentive, n)
                    widths = [*self.attentive_mlp, n * self.k]
                    params.update(mlp_params(f"{name}fmb.y.", self.attentive * d, widths))
                else:
                    params[f"{name}fmb.y"] = draws(n, self.k)
                params.update(norm_params(f"{name}fmb.norm.", n * self.k))
                params.update(mlp_params(f"{name}fmb.mlp.", n * self.k, [*self.mlp, self.n_f * d]))
            if self.n_l:
                params[f"{name}lcb.weight"] = weight(self.n_l, n)
            if n != self.n_f + self.n_l:
                params[f"{name}residual.weight"] = weight(self.n_f + self.n_l, n)
            params.update(norm_params(f"{name}norm.", d))
            n = self.n_f + self.n_l
        return params, n

    def __call__(self, x, p):
        for layer in range(self.layers):
            name = f"{layer}."
            blocks = []
            if self.n_f:
                blocks.append(self.fmb(x, p, f"{name}fmb."))
            if self.n_l:
                blocks.append(formulas.mixed(x, p[f"{name}lcb.weight"]))
            residual = p.get(f"{name}residual.weight")
            shortcut = x if residual is None else formulas.mixed(x, residual)
            x = formulas.layer_norm(torch.cat(blocks, dim=1) + shortcut, p, f"{name}norm.")
        return x

    def fmb(self, x, p, name):
        batch, n, d = x.shape
        if self.attentive:
            compressed = formulas.mixed(x, p[f"{name}compress.weight"]).flatten(1)
            y = formulas.mlp(compressed, p, f"{name}y.", len(self.attentive_mlp) + 1).reshape(batch, n, self.k)
        else:
            y = p[name[:-1] + ".y"]
        flat = formulas.layer_norm(formulas.fm(x, y).flatten(1), p, f"{name}norm.")
        return formulas.mlp(flat, p, f"{name}mlp.", len(self.mlp) + 1, "relu", "relu").reshape(batch, self.n_f, d)


def wukong():
    def case(description, shape, layers, top, dense=0, bottom=(), dim=None):
        attrs = {**layers.attrs, **({} if dim is None else {"dim": dim})}
        return over_arch_case(
            "wukong", description, shape, dense, list(bottom), top, attrs, layers.params, layers
        )

    yield case("two-layers-7", (7, 4, 5), Layers(2, 3, 2, 2, [8]), [9])
    yield case("grows-13", (13, 2, 4), Layers(2, 2, 3, 2), [7, 3])
    yield case("batch-1", (1, 5, 6), Layers(1, 4, 2, 1, [7, 5]), [6])
    yield case("no-hidden-top-5", (5, 3, 4), Layers(1, 2, 1, 2), [])
    yield case("dense-7", (7, 3, 5), Layers(2, 2, 2, 2, [6]), [8], dense=4)
    yield case("dense-bottom-33", (33, 3, 4), Layers(1, 2, 2, 1), [5], dense=3, bottom=[7])
    yield case("towers-flat-7", (7, 12), Layers(1, 3, 2, 2), [6], dim=4)
    yield case("attentive-7", (7, 4, 5), Layers(1, 2, 2, 2, [6], attentive=2, attentive_mlp=[5]), [7])
    yield case("attentive-two-layers-5", (5, 3, 4), Layers(2, 3, 1, 2, attentive=1), [])
    yield case("fm-alone-7", (7, 3, 4), Layers(2, 2, 2, 0, [5]), [6])
    yield case("compression-alone-7", (7, 5, 4), Layers(2, 1, 0, 3), [6])
    yield case("one-feature-dense-3", (3, 1, 8), Layers(1, 3, 1, 2), [4], dense=2)
    yield case("wide-2", (2, 3, 33), Layers(1, 2, 2, 1), [4])
    yield case("64", (64, 4, 6), Layers(1, 2, 2, 2, [8]), [7])


def tower_fm():
    def case(description, shape, layers, out):
        return tower_case("tower.fm", description, shape, out, layers.attrs, layers.params, layers)

    # Of one vector the compression block is a multiple, which LN takes back: its weight would have no gradient.
    layers = Layers(1, 5, 2, 0, [6])
    yield case("1-feature-7x1x8-4", (7, 1, 8), layers, 4)
    yield case("1-feature-wide-5x1x4-16", (5, 1, 4), layers, 16)
    yield case("1-feature-pass-7x1x8-8", (7, 1, 8), layers, 8)
    # The same attributes on uneven towers of one model.
    layers = Layers(1, 3, 2, 1, [6])
    yield case("2-features-7x2x8-8", (7, 2, 8), layers, 8)
    yield case("3-features-7x3x8-8", (7, 3, 8), layers, 8)
    yield case("7-features-7x7x8-8", (7, 7, 8), layers, 8)
    yield case("two-layers-1x4x5-7", (1, 4, 5), Layers(2, 2, 2, 2), 7)
    yield case("attentive-13x3x5-4", (13, 3, 5), Layers(1, 2, 2, 1, attentive=2, attentive_mlp=[4]), 4)
    yield case("64x4x6-8", (64, 4, 6), Layers(1, 2, 1, 1), 8)


def cases():
    yield from wukong()
    yield from tower_fm()
