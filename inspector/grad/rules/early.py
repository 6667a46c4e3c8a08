"""Operators from before ONNX 1.0, which ONNX Runtime runs in models up to opset 9 (all but those that cut)."""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import number


@rule("ImageScaler", "Scale")
def scale(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = scale·x (+ bias);  gx = scale·gy."""
    return [b.op("Mul", gy, b.constant(number(node, "scale", 1.0)))]


@rule("Affine")
def affine(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = alpha·x + beta;  gx = alpha·gy."""
    return [b.op("Mul", gy, b.constant(number(node, "alpha", 1.0)))]


@rule("ScaledTanh")
def scaled_tanh(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = alpha·t, t = tanh(beta·x);  gx = gy·alpha·beta·(1 - t²)."""
    alpha, beta = number(node, "alpha"), number(node, "beta")
    t = b.op("Tanh", b.op("Mul", b.saved(operand(node, 0)), b.constant(beta)))
    slope = b.op("Sub", b.constant(1), b.op("Mul", t, t))
    return [b.op("Mul", gy, b.op("Mul", slope, b.constant(alpha * beta)))]


@rule("ParametricSoftplus")
def parametric_softplus(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = alpha·log(1 + exp(beta·x));  gx = gy·alpha·beta·sigmoid(beta·x)."""
    alpha, beta = number(node, "alpha"), number(node, "beta")
    slope = b.op("Sigmoid", b.op("Mul", b.saved(operand(node, 0)), b.constant(beta)))
    return [b.op("Mul", gy, b.op("Mul", slope, b.constant(alpha * beta)))]
