"""How the derivatives of smooth rectifiers stand in a backward graph, and the kernels that have them in one pass.

A derivative is written as inspector.grad.writing.curves writes it: gy times a function of x alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import onnx_ir as ir

from inspector.grad.kernels.domain import KernelWriter
from inspector.grad.kernels.reading import STEEP, both_ways, constant
from inspector.operators.attributes import number

_COMMUTES = ("Add", "Mul")


@dataclass(frozen=True)
class _Is:
    """An operator whose operands are what is said: others, numbers, or None for x itself."""

    op_type: str
    operands: tuple[_Is | float | None, ...]
    attributes: dict[str, float] = field(default_factory=dict)


def _op(op_type: str, *operands: _Is | float | None, **attributes: float) -> _Is:
    return _Is(op_type, operands, attributes)


def _gated(curve: _Is, density: _Is) -> _Is:
    """(1 + curve)/2 + x·density."""
    return _op("Add", _op("HardSigmoid", curve, alpha=0.5, beta=0.5), _op("Mul", None, density))


def _silu() -> _Is:
    s = _op("Sigmoid", None)
    return _op("Mul", s, _op("Add", 1, _op("Mul", None, _op("Sub", 1, s))))


def _gelu() -> _Is:
    bell = _op("Exp", _op("Mul", _op("Mul", None, None), -0.5))
    curve = _op("Erf", _op("Mul", None, math.sqrt(0.5)))
    return _gated(curve, _op("Mul", bell, 1 / math.sqrt(2 * math.pi)))


def _tanh_gelu() -> _Is:
    square, scale = _op("Mul", None, None), math.sqrt(2 / math.pi)
    cubic = _op("Mul", _op("Add", _op("Mul", square, 0.044715), 1), None)
    curve = _op("Tanh", _op("Mul", cubic, scale))
    inner = _op("Add", _op("Mul", square, 3 * 0.044715), 1)
    rest = _op("Sub", 1, _op("Mul", curve, curve))
    return _gated(curve, _op("Mul", _op("Mul", rest, inner), scale / 2))


def _hard_swish() -> _Is:
    h = _op("HardSigmoid", None, alpha=1 / 6, beta=0.5)
    inside = _op("HardSigmoid", _op("Mul", h, _op("Sub", 1, h)), alpha=math.inf, beta=0)
    return _op("Add", h, _op("Mul", _op("Sub", h, 0.5), inside))


_SILU = "SiluGrad"
_CURVES = {_SILU: _silu(), "GeluGrad": _gelu(), "TanhGeluGrad": _tanh_gelu(), "HardSwishGrad": _hard_swish()}
"""By kernel: what gy is multiplied with, of x."""


def replace_curves(graph: ir.Graph, writer: KernelWriter) -> None:
    """Replace gy · f'(x) by a kernel, for f' of which there is one."""
    for node in list(graph):
        found = next(_found(node), None)
        if found is None:
            continue
        kernel, gy, x = found
        if kernel == _SILU:
            x, alpha = _scaled(x)
            writer.replace(node.outputs[0], kernel, gy, x, alpha=alpha)
        else:
            writer.replace(node.outputs[0], kernel, gy, x)


def _found(node: ir.Node) -> Iterator[tuple[str, ir.Value, ir.Value]]:
    """Yield a kernel with gy and x, where a node is gy times a function that there is one for."""
    for slope, gy in both_ways(node, "Mul"):
        for kernel, curve in _CURVES.items():
            for x in _readings(slope, curve, None):
                if x is not None:
                    yield kernel, gy, x


def _readings(
    value: ir.Value | None, said: _Is | float | None, x: ir.Value | None
) -> Iterator[ir.Value | None]:
    """Yield x for each way in which a value is what is said, of the x that is known already where it is."""
    if said is None:
        if value is not None and (x is None or value is x):
            yield value
    elif isinstance(said, _Is):
        node = None if value is None else value.producer()
        if node is None or not _is_of(node, said):
            return
        orders = [tuple(node.inputs)]
        if said.op_type in _COMMUTES:
            orders.append(orders[0][::-1])
        for order in orders:
            yield from _all_readings(order, said.operands, x)
    elif _is_near(constant(value), said):
        yield x


def _all_readings(
    values: tuple[ir.Value | None, ...], said: tuple[_Is | float | None, ...], x: ir.Value | None
) -> Iterator[ir.Value | None]:
    if not said:
        yield x
        return
    for known in _readings(values[0], said[0], x):
        yield from _all_readings(values[1:], said[1:], known)


def _is_of(node: ir.Node, said: _Is) -> bool:
    if node.domain or node.op_type != said.op_type or len(node.inputs) != len(said.operands):
        return False
    return all(
        number(node, name) >= STEEP if value == math.inf else _is_near(number(node, name), value)
        for name, value in said.attributes.items()
    )


def _is_near(found: float | None, said: float) -> bool:
    """Return whether a number of the graph is the one that is said, rounded to float32."""
    return found is not None and np.float32(found) == np.float32(said)


def _scaled(z: ir.Value) -> tuple[ir.Value, float]:
    """Return x and alpha where z is alpha·x."""
    for alpha, x in both_ways(z.producer(), "Mul"):
        known = constant(alpha)
        if known is not None and math.isfinite(known):
            return x, known
    return z, 1.0
