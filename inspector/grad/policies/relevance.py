"""Layer-wise relevance propagation as replacements of derivatives.

The signal is relevance: what a tensor's elements R_k contributed to the target, in the target's own unit. A step
shares R_k out among the inputs a_j, so that what goes in comes out (Bach et al. 2015; Montavon et al. 2019, ch. 10 of
"Explainable AI", table 1). By the ε-rule, biases take the share that they contributed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.grad.rule import Gradients, Rule, operand
from inspector.grad.step import Replacement, RuleOf, Step
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.quantization import OnCodes
from inspector.model.codes import carries_signal
from inspector.model.const import constant_value
from inspector.operators.attributes import number
from inspector.operators.families import (
    DEQUANTIZERS,
    GATES,
    MOVERS,
    NORMALIZATIONS,
    QUANTIZERS,
    SQUASHING,
)
from inspector.operators.operation import as_float
from inspector.operators.twins import float_operator
from inspector.types.arrays import Array

EPSILON = 1e-6
"""Keeps quotients finite; small beside activations."""


# --- every operator


def epsilon(node: ir.Node, rule_of: RuleOf) -> Step:
    """R_j = a_j · Σ_k ∂z_k/∂a_j · R_k / (z_k + ε·sign z_k): the ε-rule, for any operator that is linear in its inputs.

    A product of two computed tensors is linear in each: each gets half.
    """
    rule = rule_of(node)
    factors = sum(value is not None and constant_value(value) is None for value in node.inputs)
    share = 1 / factors if node.op_type == "MatMul" and factors > 1 else 1.0

    def shared_out(b: Builder, node: ir.Node, *rs: ir.Value | None) -> Gradients:
        outputs = zip(node.outputs, rs, strict=False)
        signals = [None if r is None else _quotient(b, r, _real(b, z)) for z, r in outputs]
        gradients = rule(b, node, *signals)
        return [
            None if gx is None or x is None or b.array(x) is not None else _times(b, _real(b, x), gx, share)
            for x, gx in zip(node.inputs, gradients, strict=True)
        ]

    return Step(node.inputs, shared_out)


def keep(node: ir.Node, _rule_of: RuleOf) -> Step:
    """R_j = R_k: what acts element by element, and normalizations, hand relevance on as it is."""
    return Step(node.inputs[:1], pass_through)


def pass_through(_b: Builder, _node: ir.Node, r: ir.Value) -> Gradients:
    """Write nothing: the relevance goes on."""
    return [r]


def bias_of(layers: Collection[str]) -> Replacement:
    """y = layer + b: all goes to the layer, as where the bias is an input of it; other sums by the ε-rule."""

    def replace(node: ir.Node, rule_of: RuleOf) -> Step:
        signals = [value for value in node.inputs if carries_signal(value)]
        if len(signals) != 1 or _layer_before(signals[0]) not in layers:
            return epsilon(node, rule_of)

        def shared_out(b: Builder, node: ir.Node, r: ir.Value) -> Gradients:
            return [b.unbroadcast(r, value, node.outputs[0]) for value in signals if value is not None]

        return Step(signals, shared_out)

    return replace


def _layer_before(value: ir.Value | None) -> str | None:
    """Return the float operator whose output a value is, but for its scale: layers on integers are scaled after."""
    node = value.producer() if value is not None else None
    while node is not None and node.op_type in ("Cast", "Mul"):
        signals = [item for item in node.inputs if carries_signal(item)]
        node = signals[0].producer() if len(signals) == 1 and signals[0] is not None else None
    return float_operator(node) if node is not None else None


def product(node: ir.Node, _rule_of: RuleOf) -> Step:
    """y = a·b: the signal takes all from its gate (Arras et al. 2017, §3.2) or from a constant; else each gets half."""
    operands = [x for x in as_float(node).inputs if x is not None]
    signals = [x for x in operands if carries_signal(x)]
    ungated = [x for x in signals if (made := x.producer()) is None or float_operator(made) not in GATES]
    takers = ungated or signals

    def shared_out(b: Builder, node: ir.Node, r: ir.Value) -> Gradients:
        part = r if len(takers) == 1 else b.op("Mul", r, b.constant(1 / len(takers)))
        return [b.unbroadcast(part, x, node.outputs[0]) for x in takers]

    return Step(takers, shared_out)


def quotient(node: ir.Node, _rule_of: RuleOf) -> Step:
    """y = a/b: a takes all."""

    def shared_out(b: Builder, node: ir.Node, r: ir.Value) -> Gradients:
        return [b.unbroadcast(r, operand(node, 0), node.outputs[0])]

    return Step(node.inputs[:1], shared_out)


def between_reals(on_codes: OnCodes, replacement_for: Callable[[ir.Node], Replacement | None]) -> Replacement:
    """Share out at an operator on codes as at the float operator between its dequantized operands and result.

    Relevance has no unit, so that of a code is that of the value that it stands for. What the codes of the result lost
    by rounding and saturation is computed anew: else the shares would not add up.
    """

    def replace(node: ir.Node, _rule_of: RuleOf) -> Step:
        def shared_out(b: Builder, node: ir.Node, r: ir.Value) -> Gradients:
            real = on_codes.real(b, node)
            b.lend(real.node.outputs[0], real.forward(b), shape=b.shape(node.outputs[0]))
            replacement = replacement_for(real.node)
            step = Step(real.node.inputs, real.rule)
            if replacement is not None:
                step = replacement(real.node, lambda _: real.rule)
            found = dict(zip(step.inputs, step.rule(b, real.node, r), strict=True))
            return [found.get(value) for value in real.node.inputs]

        return Step([operand(node, place) for place in on_codes.places(node)], shared_out)

    return replace


def _real(b: Builder, value: ir.Value) -> ir.Value:
    """Return a forward tensor as floats: sums of products of codes, to which a bias of codes is added, are integers."""
    return b.saved(value) if b.dtype_of(value).is_floating_point() else b.to_float(b.saved(value))


def _quotient(b: Builder, r: ir.Value, z: ir.Value) -> ir.Value:
    above, below = (b.op(op, z, b.constant(EPSILON)) for op in ("Add", "Sub"))
    stable = b.op("Where", b.op("GreaterOrEqual", z, b.constant(0)), above, below)
    return b.op("Div", r, stable)


def _times(b: Builder, x: ir.Value, gx: ir.Value, share: float) -> ir.Value:
    relevance = b.op("Mul", x, gx)
    return relevance if share == 1 else b.op("Mul", relevance, b.constant(share))


# --- linear layers with constant weights


@dataclass(frozen=True)
class Linear:
    """A convolution or dense layer, whose weights can be exchanged."""

    builder: Builder
    node: ir.Node
    rule: Rule
    weight: Array

    def forward(self, x: ir.Value, weight: Array) -> ir.Value:
        """Write the layer without its bias, with other weights, on another input."""
        attributes = {
            name: attribute.value for name, attribute in self.node.attributes.items() if name != "beta"
        }
        return self.builder.op(self.node.op_type, x, self.builder.constant(weight), **attributes)

    def backward(self, signal: ir.Value, weight: Array) -> ir.Value:
        """Write the transposed layer, with other weights."""
        x = operand(self.node, 0)
        # A node of its own, outside of the model's graph: writing a backward graph leaves no trace in the model.
        weights = ir.Value(name=f"{self.node.outputs[0].name}/weight", const_value=ir.tensor(weight))
        self.builder.lend(weights, self.builder.constant(weight), shape=weight.shape)
        twin = ir.Node(
            "",
            self.node.op_type,
            [ir.Value(name=x.name, type=x.type), weights],
            attributes=list(self.node.attributes.values()),
            name=self.node.name,
        )
        twin.outputs[0].name = self.node.outputs[0].name
        gx = self.rule(self.builder, twin, signal)[0]
        if gx is None:
            raise ValueError(f"The rule of {self.node.op_type} gave no gradient for its input.")
        return gx


LinearRule = Callable[[Linear, ir.Value], ir.Value]
"""(layer, relevance of its output) -> relevance of its input."""


def at_linear(linear_rule: LinearRule) -> Replacement:
    """Apply a rule at layers with constant weights, and the ε-rule at those where they are computed."""

    def replace(node: ir.Node, rule_of: RuleOf) -> Step:
        weight = _constant(node.inputs[1])
        if weight is None:
            return epsilon(node, rule_of)
        return _linear_step(linear_rule, node, rule_of(node), weight)

    return replace


def at_merged(linear_rule: LinearRule) -> Replacement:
    """Apply a rule at a BatchNormalization and the convolution before it as one layer, else the ε-rule.

    γ·(W·x + b − μ)/σ + β has the weights W·γ/σ: relevance does not depend on whether an exporter merged the two
    (Montavon et al. 2019, §10.3.2).
    """

    def replace(node: ir.Node, rule_of: RuleOf) -> Step:
        value = operand(node, 0)
        before = value.producer()
        if before is None or before.op_type != "Conv" or len(value.uses()) > 1:
            return epsilon(node, rule_of)
        weight, scale, variance = (_constant(x) for x in (before.inputs[1], node.inputs[1], node.inputs[4]))
        if weight is None or scale is None or variance is None:
            return epsilon(node, rule_of)
        gain = scale / np.sqrt(variance + number(node, "epsilon"))
        merged = weight * gain.reshape(-1, *[1] * (weight.ndim - 1))
        return _linear_step(linear_rule, before, rule_of(before), merged)

    return replace


def _linear_step(linear_rule: LinearRule, node: ir.Node, rule: Rule, weight: Array) -> Step:
    def shared_out(b: Builder, _node: ir.Node, r: ir.Value) -> Gradients:
        return [linear_rule(Linear(b, node, rule, weight), r)]

    return Step(node.inputs[:1], shared_out)


def _constant(value: ir.Value | None) -> Array | None:
    return constant_value(value)  # of any type, which the values of a graph do not state


def alpha_beta(alpha: float, beta: float) -> LinearRule:
    """R_j = Σ_k (α·(a_j·w_jk)⁺/Σ_j(a_j·w_jk)⁺ − β·(a_j·w_jk)⁻/Σ_j(a_j·w_jk)⁻)·R_k; α = 1, β = 0 is the z⁺-rule.

    Biases take no share: those of deep networks with folded normalizations would take nearly all.
    """

    def share_out(layer: Linear, r: ir.Value) -> ir.Value:
        b = layer.builder
        x = b.saved(operand(layer.node, 0))
        positive = b.op("Relu", x)
        signed = (positive, b.op("Sub", x, positive))
        parts = [
            _contributions(layer, r, signed, sign, factor)
            for sign, factor in ((1, alpha), (-1, beta))
            if factor
        ]
        return parts[0] if len(parts) == 1 else b.op("Sub", *parts)

    return share_out


def _contributions(
    layer: Linear, r: ir.Value, signed: tuple[ir.Value, ir.Value], sign: int, factor: float
) -> ir.Value:
    """Write factor · Σ_k (a_j·w_jk)^± / Σ_j (a_j·w_jk)^± · R_k, where sign tells which of the two."""
    b = layer.builder
    # A contribution is positive where the input and the weight have the same sign.
    weights = [_part(layer.weight, sign), _part(layer.weight, -sign)]
    z = b.op("Add", *(layer.forward(x, w) for x, w in zip(signed, weights, strict=True)))
    signal = _quotient(b, r if factor == 1 else b.op("Mul", r, b.constant(factor)), z)
    shares = [b.op("Mul", x, layer.backward(signal, w)) for x, w in zip(signed, weights, strict=True)]
    return b.op("Add", *shares)


def _part(array: Array, sign: int) -> Array:
    return np.maximum(array, 0) if sign > 0 else np.minimum(array, 0)


def flat(layer: Linear, r: ir.Value) -> ir.Value:
    """R_j = Σ_k 1/n_k · R_k over the n_k inputs that k sees: evenly, whatever they are (Lapuschkin et al. 2019)."""
    b = layer.builder
    x = b.saved(operand(layer.node, 0))
    ones = np.ones_like(layer.weight)
    everywhere = b.op("Add", b.op("Mul", x, b.constant(0)), b.constant(1))
    return layer.backward(b.op("Div", r, layer.forward(everywhere, ones)), ones)


# --- tables

_ROUTES = MOVERS | {"Cast", "Concat", "MaxPool", "Pad"}
"""What only moves elements: the derivative moves relevance back to where they came from."""

_KEEP = QUANTIZERS | DEQUANTIZERS | NORMALIZATIONS | SQUASHING | {"LogSoftmax", "Softmax"}

RELEVANCE: Mapping[str, Replacement | None] = {
    **dict.fromkeys(_ROUTES, None),
    **dict.fromkeys(_KEEP, keep),
    "Mul": product,
    "Div": quotient,
}
"""By operator, at all that are no linear layers; for the rest the ε-rule."""
