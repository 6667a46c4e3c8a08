"""The derivatives of smooth rectifiers, each as one function of its input: gx = f'(x) · gy.

Of all that an exporter may have written between x and f(x), the backward pass then needs x alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import onnx_ir as ir

from inspector.grad.writing.builder import Builder

Curve = Callable[[Builder, ir.Value, ir.Value], ir.Value]
"""(builder, x, gy) -> gx; x and gy are in the backward graph."""


def swish(b: Builder, x: ir.Value, gy: ir.Value, *, alpha: float = 1.0) -> ir.Value:
    """y = x·s, s = σ(alpha·x): gx = gy · s·(1 + alpha·x·(1 − s)) (Ramachandran et al. 2017, §4.1)."""
    scaled = x if alpha == 1 else b.op("Mul", x, b.constant(alpha))
    s = b.op("Sigmoid", scaled)
    bend = b.op("Add", b.constant(1), b.op("Mul", scaled, b.op("Sub", b.constant(1), s)))
    return b.op("Mul", gy, b.op("Mul", s, bend))


def mish(b: Builder, x: ir.Value, gy: ir.Value) -> ir.Value:
    """y = x·t, t = tanh(softplus(x)): gx = gy · (t + x·σ(x)·(1 − t²)) (Misra 2020, eq. 1)."""
    t = b.op("Tanh", b.op("Softplus", x))
    rest = b.op("Sub", b.constant(1), b.op("Mul", t, t))
    return b.op("Mul", gy, b.op("Add", t, b.op("Mul", b.op("Mul", x, b.op("Sigmoid", x)), rest)))


def hard_swish(b: Builder, x: ir.Value, gy: ir.Value) -> ir.Value:
    """y = x·h(x), h = HardSigmoid(alpha = 1/6): gx = gy · (h + x/6 where 0 < h < 1)."""
    h = b.op("HardSigmoid", x, alpha=1 / 6, beta=0.5)
    # Where 0 < h < 1, x/6 is h − 1/2.
    slope = b.op("Mul", b.op("Sub", h, b.constant(0.5)), inside_unit(b, h))
    return b.op("Mul", gy, b.op("Add", h, slope))


def gelu(b: Builder, x: ir.Value, gy: ir.Value) -> ir.Value:
    """y = x·c(x), c = (1 + erf(x/√2))/2: gx = gy · (c + x·c') (Hendrycks & Gimpel 2016, §2)."""
    curve = b.op("Erf", b.op("Mul", x, b.constant(math.sqrt(0.5))))
    bell = b.op("Exp", b.op("Mul", b.op("Mul", x, x), b.constant(-0.5)))
    density = b.op("Mul", bell, b.constant(1 / math.sqrt(2 * math.pi)))
    return _gated(b, x, gy, curve=curve, density=density)


def tanh_gelu(b: Builder, x: ir.Value, gy: ir.Value) -> ir.Value:
    """y = x·c(x), c = (1 + tanh(√(2/π)·(x + 0.044715·x³)))/2: gx = gy · (c + x·c') (Hendrycks & Gimpel 2016, §2)."""
    square, scale = b.op("Mul", x, x), math.sqrt(2 / math.pi)
    cubic = b.op("Mul", b.op("Add", b.op("Mul", square, b.constant(0.044715)), b.constant(1)), x)
    curve = b.op("Tanh", b.op("Mul", cubic, b.constant(scale)))
    inner = b.op("Add", b.op("Mul", square, b.constant(3 * 0.044715)), b.constant(1))
    rest = b.op("Sub", b.constant(1), b.op("Mul", curve, curve))
    density = b.op("Mul", b.op("Mul", rest, inner), b.constant(scale / 2))
    return _gated(b, x, gy, curve=curve, density=density)


def _gated(b: Builder, x: ir.Value, gy: ir.Value, *, curve: ir.Value, density: ir.Value) -> ir.Value:
    """Write gy · ((1 + curve)/2 + x·density)."""
    c = b.op("HardSigmoid", curve, alpha=0.5, beta=0.5)  # in one pass: a curve lies within ±1
    return b.op("Mul", gy, b.op("Add", c, b.op("Mul", x, density)))


def inside_unit(b: Builder, y: ir.Value) -> ir.Value:
    """Write the mask of what lies within 0 < y < 1."""
    return b.positive(b.op("Mul", y, b.op("Sub", b.constant(1), y)))


CURVES: Mapping[str, Curve] = {
    "Swish": swish,
    "HardSwish": hard_swish,
    "Gelu": gelu,
    "Mish": mish,
}
"""By the name of a rectifier (inspector.grad.policies.rectifiers); of the Gelu's two curves that with Erf."""
