"""What a case is, how its numbers are made, and the checks every case has to pass before it is written.

Inputs, parameters and output gradients are float32. The expected numbers come from PyTorch in float64, from exactly
those float32 numbers. Then the same formula runs in float32 and must pass with half of the case's tolerance to spare;
and no expected tensor may be so small that the tolerance would hide it.
"""

import json
from dataclasses import dataclass, field
from typing import Callable, Optional

import numpy as np
import torch

from philox import fnv1a, uniform

FLOAT64_LIMIT = 9_000  # bytes: a larger file keeps its expected numbers in float32
KINK = 2e-5  # no pre-activation of a relu may be closer to zero, unless it is exactly zero
ATTEMPTS = 200

EXACT = (1e-6, 1e-6)  # moves numbers, or rounds once
CLOSE = (1e-5, 1e-6)  # elementwise with a transcendental function
SUMS = (1e-5, 1e-5)  # short sums of products
LONG = (1e-4, 1e-5)  # longer sums, several layers


@dataclass(frozen=True)
class Uniform:
    """Numbers drawn evenly from centre +- amplitude."""

    shape: tuple
    amplitude: float = 1.0
    centre: float = 0.0

    def draw(self, stream):
        values = uniform(self.shape, stream) * np.float32(self.amplitude) + np.float32(self.centre)
        return np.asarray(values, np.float32).reshape(self.shape)


@dataclass(frozen=True)
class Jagged:
    """A jagged input: `values` holds bag i at offsets[i] ..< offsets[i + 1]."""

    values: object
    offsets: object
    weights: Optional[object] = None


def draws(*shape, amplitude=1.0, centre=0.0):
    return Uniform(tuple(shape), amplitude, centre)


def weight(rows, columns, gain=1.0):
    """A weight matrix [rows, columns] that keeps the scale of what it multiplies."""
    return Uniform((rows, columns), gain * float(np.sqrt(3.0 / columns)))


@dataclass(frozen=True)
class Case:
    """A forward case: of an operator or of a module. `forward(inputs, params)` returns the tensor `out`."""

    kind: str
    name: str
    description: str
    forward: Callable
    inputs: dict
    params: dict = field(default_factory=dict)
    attrs: dict = field(default_factory=dict)
    tolerance: tuple = SUMS
    constants: tuple = ()  # names of the inputs without a gradient
    metadata: dict = field(default_factory=dict)
    grad_output: Optional[object] = None

    @property
    def file_name(self):
        prefix = "" if self.kind == "operator" else f"{self.kind}-"
        return f"{prefix}{self.name}-{self.description}.safetensors"

    def build(self):
        """The metadata and the tensors of this case's file."""
        for salt in range(ATTEMPTS):
            given = self._draw(salt)
            margin.reset()
            exact, grad_output = self._run(given, torch.float64, salt)
            if margin.smallest > KINK:
                break
        else:
            raise AssertionError(f"{self.file_name}: no draw keeps its relus away from zero")
        single, _ = self._run(given, torch.float32, salt)
        check_tolerance(self.file_name, exact, single, self.tolerance)
        given["grad_output.out"] = grad_output
        return case_metadata(self), shrink(given, exact)

    def _draw(self, salt):
        tensors = {}
        for name, spec in self.inputs.items():
            if isinstance(spec, Jagged):
                tensors[f"input.{name}.values"] = np.asarray(spec.values, np.int64)
                tensors[f"input.{name}.offsets"] = np.asarray(spec.offsets, np.int64)
                if spec.weights is not None:
                    tensors[f"input.{name}.weights"] = self._resolve(spec.weights, f"input.{name}.weights", salt)
            else:
                tensors[f"input.{name}"] = self._resolve(spec, f"input.{name}", salt)
        for name, spec in self.params.items():
            tensors[f"param.{name}"] = self._resolve(spec, f"param.{name}", salt)
        return tensors

    def _resolve(self, spec, tensor, salt):
        return resolve(spec, self.file_name, tensor, salt)

    def _run(self, given, dtype, salt):
        """Forward and backward in one dtype; returns the expected tensors and the float32 output gradient."""
        inputs, leaves = {}, {}
        for name, spec in self.inputs.items():
            if isinstance(spec, Jagged):
                weights = given.get(f"input.{name}.weights")
                inputs[name] = Jagged(
                    torch.from_numpy(given[f"input.{name}.values"]),
                    torch.from_numpy(given[f"input.{name}.offsets"]),
                    None if weights is None else torch.from_numpy(weights).to(dtype),
                )
                continue
            inputs[name] = torch.from_numpy(given[f"input.{name}"]).to(dtype, copy=True)
            if name not in self.constants:
                leaves[f"grad_input.{name}"] = inputs[name].requires_grad_()
        params = {}
        for name in self.params:
            params[name] = torch.from_numpy(given[f"param.{name}"]).to(dtype, copy=True).requires_grad_()
            leaves[f"grad_param.{name}"] = params[name]
        out = self.forward(inputs, params)
        spec = draws(*out.shape) if self.grad_output is None else self.grad_output
        grad_output = self._resolve(spec, "grad_output.out", salt)
        out.backward(torch.from_numpy(grad_output).to(dtype))
        results = {"output.out": out}
        for name, leaf in leaves.items():
            results[name] = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
        return {name: value.detach().contiguous().numpy() for name, value in results.items()}, grad_output


class Margin:
    """How close to zero the input of any relu came, exact zeros aside (their gradient is zero in every precision)."""

    def reset(self):
        self.smallest = float("inf")

    def note(self, x):
        sizes = x.detach().abs()
        sizes = sizes[sizes > 0]
        if sizes.numel():
            self.smallest = min(self.smallest, float(sizes.min()))


margin = Margin()
margin.reset()


def resolve(spec, file_name, tensor, salt=0):
    """Numbers for a spec: an array stays as it is, a Uniform is drawn from the stream of this file and tensor."""
    if isinstance(spec, Uniform):
        return spec.draw((fnv1a(tensor), salt, fnv1a(file_name)))
    return np.asarray(spec, np.float32)


def case_metadata(case):
    return {
        "case": "1",
        case.kind: case.name,
        "attrs": json.dumps(case.attrs, sort_keys=True),
        "rtol": decimal(case.tolerance[0]),
        "atol": decimal(case.tolerance[1]),
        **case.metadata,
    }


def decimal(number):
    """A number as decimal text without an exponent: 0.00001."""
    return np.format_float_positional(number)


def shrink(given, expected):
    """All tensors of a file; the expected ones in float32 where the file would grow too large."""
    wide = {name: np.asarray(value, np.float64) for name, value in expected.items()}
    if sum(value.nbytes for value in [*given.values(), *wide.values()]) > FLOAT64_LIMIT:
        wide = {name: value.astype(np.float32) for name, value in wide.items()}
    return {**given, **wide}


def check_tolerance(file_name, exact, single, tolerance):
    """Float32 arithmetic must pass with room, and the expected numbers must stand well above the tolerance."""
    rtol, atol = tolerance
    for name, value in exact.items():
        if not np.all(np.isfinite(value)):
            raise AssertionError(f"{file_name}: {name} is not finite")
        if value.size == 0:
            continue
        used = np.max(np.abs(single[name].astype(np.float64) - value) / (atol + rtol * np.abs(value)))
        if used > 0.5:
            raise AssertionError(f"{file_name}: {name} in float32 uses {used:.2f} of the tolerance")
        largest = np.max(np.abs(value))
        if 1e-12 < largest < 300 * atol:
            raise AssertionError(f"{file_name}: {name} is at most {largest:.1e}, too small for atol {atol}")
