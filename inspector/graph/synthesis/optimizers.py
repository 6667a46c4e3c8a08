"""Optimizer steps: parameters and their gradient to new parameters, always uphill.

Each keeps slots from step to step, of the parameters' shape, 0 before the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.graph.writer import Writer

_EPSILON = 1e-8


@dataclass(frozen=True, kw_only=True)
class State:
    """What a step knows."""

    value: ir.Value
    """The parameters x, (N, …)."""
    gradient: ir.Value
    """g, of what is to grow."""
    slots: Sequence[ir.Value]
    rate: ir.Value
    """r, (1,)."""
    count: ir.Value
    """t, the number of the step from 1, (1,)."""
    rank: int
    """Of the parameters."""


Step = Callable[[Writer, State], tuple[ir.Value, list[ir.Value]]]
"""(writer, state) -> (new parameters, new slots)."""


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """A rule of steps, how many slots it keeps, and a learning rate that does for most."""

    write: Step
    slots: int
    rate: float


def ascent(w: Writer, state: State) -> tuple[ir.Value, list[ir.Value]]:
    """x + r·g/√(mean g²), the mean over each picture: a step of one length, whatever the score's unit."""
    square = w.op("Mul", state.gradient, state.gradient)
    length = w.op("Sqrt", w.op("ReduceMean", square, w.ints(list(range(1, state.rank))), keepdims=1))
    unit = w.op("Div", state.gradient, w.op("Add", length, w.constant(1e-12)))
    return _moved(w, state, unit), []


def momentum(w: Writer, state: State) -> tuple[ir.Value, list[ir.Value]]:
    """v ← .9v + .1g/√(mean g²); x + r·v (Polyak 1964): it never leaves the span of the gradients, as Adam does."""
    square = w.op("Mul", state.gradient, state.gradient)
    length = w.op("Sqrt", w.op("ReduceMean", square, w.ints(list(range(1, state.rank))), keepdims=1))
    unit = w.op("Div", state.gradient, w.op("Add", length, w.constant(1e-12)))
    v = _average(w, state.slots[0], unit, 0.9)
    return _moved(w, state, v), [v]


def rmsprop(w: Writer, state: State) -> tuple[ir.Value, list[ir.Value]]:
    """v ← .9v + .1g²; x + r·g/(√v + ε) (Tieleman & Hinton 2012)."""
    v = _average(w, state.slots[0], w.op("Mul", state.gradient, state.gradient), 0.9)
    return _moved(w, state, _over_root(w, state.gradient, v)), [v]


def adam(w: Writer, state: State) -> tuple[ir.Value, list[ir.Value]]:
    """m ← .9m + .1g; v ← .999v + .001g²; x + r·m̂/(√v̂ + ε), both corrected for their start (Kingma & Ba 2015)."""
    m, v = _moments(w, state)
    step = _over_root(w, _corrected(w, m, 0.9, state.count), _corrected(w, v, 0.999, state.count))
    return _moved(w, state, step), [m, v]


def nadam(w: Writer, state: State) -> tuple[ir.Value, list[ir.Value]]:
    """Adam with (.9m/(1 − .9ᵗ⁺¹) + .1g/(1 − .9ᵗ)) for m̂: the momentum of the next step (Dozat 2016, alg. 2)."""
    m, v = _moments(w, state)
    ahead = _corrected(w, m, 0.9, w.op("Add", state.count, w.constant(1)))
    here = _corrected(w, state.gradient, 0.9, state.count)
    mixed = w.op("Add", w.op("Mul", ahead, w.constant(0.9)), w.op("Mul", here, w.constant(0.1)))
    return _moved(w, state, _over_root(w, mixed, _corrected(w, v, 0.999, state.count))), [m, v]


def _moments(w: Writer, state: State) -> tuple[ir.Value, ir.Value]:
    m, v = state.slots
    square = w.op("Mul", state.gradient, state.gradient)
    return _average(w, m, state.gradient, 0.9), _average(w, v, square, 0.999)


def _moved(w: Writer, state: State, step: ir.Value) -> ir.Value:
    return w.op("Add", state.value, w.op("Mul", state.rate, step))


def _average(w: Writer, old: ir.Value, new: ir.Value, kept: float) -> ir.Value:
    return w.op("Add", w.op("Mul", old, w.constant(kept)), w.op("Mul", new, w.constant(1 - kept)))


def _corrected(w: Writer, average: ir.Value, kept: float, count: ir.Value) -> ir.Value:
    """Write an average that began at 0 as if it had begun with what it averages."""
    power = w.op("Pow", w.constant(np.full(1, kept)), count)
    return w.op("Div", average, w.op("Sub", w.constant(1), power))


def _over_root(w: Writer, step: ir.Value, square: ir.Value) -> ir.Value:
    return w.op("Div", step, w.op("Add", w.op("Sqrt", square), w.constant(_EPSILON)))


OPTIMIZERS: Mapping[str, Optimizer] = {
    "ascent": Optimizer(write=ascent, slots=0, rate=0.05),
    "momentum": Optimizer(write=momentum, slots=1, rate=0.05),
    "rmsprop": Optimizer(write=rmsprop, slots=1, rate=0.05),
    "adam": Optimizer(write=adam, slots=2, rate=0.05),
    "nadam": Optimizer(write=nadam, slots=2, rate=0.05),
}
