"""Operators that are differentiated through the body that ONNX gives them: rare ones, and long ones."""

from __future__ import annotations

from inspector.grad.body import by_body
from inspector.grad.rule import rule

for _op_type, _since in (
    ("Attention", 23),
    ("CausalConvWithState", 27),
    ("NegativeLogLikelihoodLoss", 12),
    ("RotaryEmbedding", 23),
    ("SoftmaxCrossEntropyLoss", 12),
    ("SwiGLU", 28),
):
    rule(_op_type, since=_since)(by_body)
