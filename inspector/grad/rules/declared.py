"""Operators declared to have no gradient: their outputs are not smooth in any input, or do not depend on values."""

from __future__ import annotations

from inspector.grad.rule import NO_GRADIENT

_REASONS = {
    "its output does not depend on its input's values": (
        "ConstantOfShape",
        "EyeLike",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
        "Shape",
        "Size",
    ),
    "it reads sizes, numbers or words, never an image": (
        "BlackmanWindow",
        "HammingWindow",
        "HannWindow",
        "MelWeightMatrix",
        "Constant",
        "Range",
        "TfIdfVectorizer",
    ),
    "its output is discrete": (
        "And",
        "ArgMax",
        "ArgMin",
        "BitCast",
        "BitShift",
        "BitwiseAnd",
        "BitwiseNot",
        "BitwiseOr",
        "BitwiseXor",
        "Equal",
        "Greater",
        "GreaterOrEqual",
        "IsInf",
        "IsNaN",
        "Less",
        "LessOrEqual",
        "NonMaxSuppression",
        "NonZero",
        "Not",
        "OneHot",
        "Or",
        "Unique",
        "Xor",
    ),
    "its output is drawn at random": ("Bernoulli", "Multinomial"),
    "its derivative is zero wherever it exists": ("Ceil", "Floor", "Hardmax", "Round", "Sign"),
}

for _reason, _op_types in _REASONS.items():
    for _op_type in _op_types:
        NO_GRADIENT.add(("", _op_type), _reason)
