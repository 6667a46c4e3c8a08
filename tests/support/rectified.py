"""Rectifiers as exporters spell them, written node by node with random constants: each computes what its twin does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from tests.support.graphs import node


class Pen:
    """Writes nodes below a tensor; numbers come in whatever form an exporter gives them."""

    def __init__(self, prefix: str, rng: np.random.Generator) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray | np.generic] = {}
        self._prefix, self._rng = prefix, rng

    def op(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        """Write a node and return its output."""
        name = f"{self._prefix}_{len(self.nodes)}"
        self.nodes.append(node(op_type, inputs, name, **attributes))
        return name

    def weight(self, array: Any, dtype: Any = np.float32) -> str:
        """Write an initializer and return its name."""
        name = f"{self._prefix}_w{len(self.weights)}"
        self.weights[name] = np.asarray(array, dtype)
        return name

    def chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def one_of(self, *options: Any) -> Any:
        return options[int(self._rng.integers(len(options)))]

    def swapped(self, op_type: str, a: str, b: str) -> str:
        """Write a commutative operator, in either order."""
        return self.op(op_type, *((a, b) if self.chance(0.5) else (b, a)))

    def number(self, value: float, *, bound: bool = False) -> str:
        """Write a constant of one element; a bound of Clip has no more than one axis."""
        array = np.full(self.one_of(*([(), (1,)] if bound else [(), (1,), (1, 1, 1, 1)])), value, np.float32)
        kind = self.one_of("initializer", "constant", "cast", "reshaped", "identity", "unsqueezed")
        if kind == "constant":
            return self.op("Constant", value=numpy_helper.from_array(array))
        if kind == "cast":
            return self.op("Cast", self.weight(array, np.float64), to=TensorProto.FLOAT)
        if kind == "reshaped":
            flat = self.weight(np.full((1, 1), value), np.float32)
            return self.op("Reshape", flat, self.weight(array.shape or [1], np.int64))
        if kind == "unsqueezed":
            return self.op("Unsqueeze", self.weight(value), self.weight([0], np.int64))
        return self.op("Identity", self.weight(array)) if kind == "identity" else self.weight(array)

    def zero(self, x: str) -> str:
        """Write a zero: one number, or zeros like x."""
        match self.one_of(
            "number", "number", "constant of shape", "times 0", "minus itself", "expanded", "many"
        ):
            case "constant of shape":
                return self.op("ConstantOfShape", self.op("Shape", x))
            case "times 0":
                return self.swapped("Mul", x, self.number(0))
            case "minus itself":
                return self.op("Sub", x, x)
            case "expanded":
                return self.op("Expand", self.number(0), self.op("Shape", x))
            case "many":
                return self.weight(np.zeros((1, 4, 1, 1)))
        return self.number(0)

    def scaled(self, x: str, factor: float) -> str:
        """Write a product with a number, or the division by its reciprocal."""
        if self.chance(0.5):
            return self.op("Div", x, self.number(1 / factor))
        return self.swapped("Mul", x, self.number(factor))

    def is_positive(self, x: str) -> str:
        zero = self.zero(x)
        kind = self.one_of("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "not less", "not greater")
        if kind.startswith("Greater"):
            return self.op(kind, x, zero)
        if kind.startswith("Less"):
            return self.op(kind, zero, x)
        return self.op("Not", self.op("Less", x, zero) if kind == "not less" else self.op("Greater", zero, x))

    def chosen(self, x: str, then: str, otherwise: str) -> str:
        """Write `then` where x is positive, else `otherwise`."""
        if self.chance(0.5):
            return self.op("Where", self.is_positive(x), then, otherwise)
        return self.op("Where", self.op("Not", self.is_positive(x)), otherwise, then)

    def absolute(self, x: str) -> str:
        return self.op("Abs", x) if self.chance(0.7) else self.swapped("Max", x, self.negated(x))

    def negated(self, x: str) -> str:
        return self.op("Neg", x) if self.chance(0.6) else self.swapped("Mul", x, self.number(-1))

    def at_most(self, x: str, most: float) -> str:
        if self.chance(0.6):
            return self.swapped("Min", x, self.number(most))
        low = self.one_of("", self.number(-3.4e38, bound=True))
        return self.op("Clip", x, low, self.number(most, bound=True))


def relu(pen: Pen, x: str) -> str:
    match pen.one_of(
        "max", "where", "mask", "chosen mask", "half", "halves", "minus", "negated", "clip", "sign"
    ):
        case "max":
            return pen.swapped("Max", x, pen.zero(x))
        case "where":
            return pen.chosen(x, x, pen.zero(x))
        case "mask":
            return pen.swapped("Mul", x, pen.op("Cast", pen.is_positive(x), to=TensorProto.FLOAT))
        case "chosen mask":
            return pen.swapped("Mul", x, pen.chosen(x, pen.number(1), pen.number(0)))
        case "half":
            return pen.scaled(pen.swapped("Add", x, pen.absolute(x)), 0.5)
        case "halves":
            return pen.swapped("Add", pen.scaled(x, 0.5), pen.scaled(pen.absolute(x), 0.5))
        case "minus":
            return pen.op("Sub", x, pen.swapped("Min", x, pen.zero(x)))
        case "negated":
            return pen.negated(pen.at_most(pen.negated(x), 0))
        case "sign":
            return pen.scaled(
                pen.swapped("Mul", x, pen.swapped("Add", pen.op("Sign", x), pen.number(1))), 0.5
            )
    if pen.chance(0.5):
        return pen.op("Clip", x, pen.number(0, bound=True), pen.number(3.4e38, bound=True))
    return pen.op("Clip", x, pen.number(0, bound=True))


def relu6(pen: Pen, x: str) -> str:
    match pen.one_of("clip", "below", "above"):
        case "clip":
            return pen.op("Clip", x, pen.number(0, bound=True), pen.number(0.6, bound=True))
        case "below":
            return pen.at_most(relu(pen, x), 0.6)
    return relu(pen, pen.at_most(x, 0.6))


def leaky(pen: Pen, x: str) -> str:
    low = pen.swapped("Mul", x, pen.number(0.2))
    return pen.swapped("Max", x, low) if pen.chance(0.5) else pen.chosen(x, x, low)


def sigmoid(pen: Pen, x: str) -> str:
    match pen.one_of("operator", "quotient", "reciprocal"):
        case "operator":
            return pen.op("Sigmoid", x)
        case "quotient":
            return pen.op(
                "Div", pen.number(1), pen.swapped("Add", pen.number(1), pen.op("Exp", pen.negated(x)))
            )
    return pen.op("Reciprocal", pen.swapped("Add", pen.number(1), pen.op("Exp", pen.negated(x))))


def swish(pen: Pen, x: str) -> str:
    return pen.swapped("Mul", x, sigmoid(pen, x))


def hard_swish(pen: Pen, x: str) -> str:
    gate = pen.op(
        "Clip", pen.swapped("Add", x, pen.number(3)), pen.number(0, bound=True), pen.number(6, bound=True)
    )
    if pen.chance(0.5):
        return pen.scaled(pen.swapped("Mul", x, gate), 1 / 6)
    return pen.swapped("Mul", x, pen.scaled(gate, 1 / 6))


def mish(pen: Pen, x: str) -> str:
    soft = (
        pen.op("Softplus", x)
        if pen.chance(0.5)
        else pen.op("Log", pen.swapped("Add", pen.number(1), pen.op("Exp", x)))
    )
    return pen.swapped("Mul", x, pen.op("Tanh", soft))


def gelu(pen: Pen, x: str) -> str:
    curve = pen.swapped("Add", pen.op("Erf", pen.scaled(x, 0.70710678)), pen.number(1))
    if pen.chance(0.5):
        return pen.scaled(pen.swapped("Mul", x, curve), 0.5)
    return pen.swapped("Mul", pen.scaled(x, 0.5), curve)


def _operator(op_type: str, **attributes: Any) -> Callable[[Pen, str], str]:
    return lambda pen, x: pen.op(op_type, x, **attributes)


Spelled = Callable[[Pen, str], str]

TWINS: dict[str, tuple[Spelled, Spelled]] = {
    "Relu": (relu, _operator("Relu")),
    "Relu6": (relu6, lambda pen, x: pen.op("Clip", x, pen.weight(0.0), pen.weight(0.6))),
    "LeakyRelu": (leaky, _operator("LeakyRelu", alpha=0.2)),
    "Swish": (swish, _operator("Swish")),
    "HardSwish": (hard_swish, _operator("HardSwish")),
    "Mish": (mish, _operator("Mish")),
    "Gelu": (gelu, _operator("Gelu")),
}
"""By function: how exporters spell it, and as the operator that there is."""
