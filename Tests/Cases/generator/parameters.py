"""Parameter specs by name, as the operators and modules name them."""

from case_io import draws, weight


def linear_params(prefix, inputs, outputs, bias=True, gain=1.0):
    params = {f"{prefix}weight": weight(outputs, inputs, gain)}
    if bias:
        params[f"{prefix}bias"] = draws(outputs, amplitude=0.5)
    return params


def cross_params(prefix, width, rank=0):
    if rank == 0:
        matrices = {f"{prefix}weight": weight(width, width, 0.7)}
    else:
        matrices = {f"{prefix}v": weight(rank, width), f"{prefix}w": weight(width, rank, 0.7)}
    return {**matrices, f"{prefix}bias": draws(width, amplitude=0.5)}


def mlp_params(prefix, inputs, widths):
    params = {}
    for layer, width in enumerate(widths):
        params.update(linear_params(f"{prefix}{layer}.", inputs, width, gain=1.3))
        inputs = width
    return params


def cross_net_params(prefix, width, layers, rank=0, experts=0):
    params = {}
    for layer in range(layers):
        name = f"{prefix}{layer}."
        params.update(
            cross_mixture_params(name, width, rank, experts) if experts else cross_params(name, width, rank)
        )
    return params


def cross_mixture_params(prefix, width, rank, experts):
    params = {f"{prefix}v.weight": weight(experts * rank, width)}
    for expert in range(experts):
        params[f"{prefix}c.{expert}.weight"] = weight(rank, rank)
    params.update(linear_params(f"{prefix}u.", experts * rank, width, gain=1.5))
    params.update(linear_params(f"{prefix}gate.", width, experts))
    return params


def norm_params(prefix, width):
    return {
        f"{prefix}weight": draws(width, amplitude=0.5, centre=1.0),
        f"{prefix}bias": draws(width, amplitude=0.5),
    }
