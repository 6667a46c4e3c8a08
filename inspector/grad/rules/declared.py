"""Operators declared to have no gradient: their outputs are not smooth in any input, or do not depend on values."""

from __future__ import annotations

from inspector.grad.rule import NO_GRADIENT

for _op_type in ("Shape", "Size", "ConstantOfShape", "RandomNormalLike", "RandomUniformLike"):
    NO_GRADIENT.add(("", _op_type), "its output does not depend on its input's values")
for _op_type in (
    "ArgMax",
    "ArgMin",
    "NonZero",
    "NonMaxSuppression",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
):
    NO_GRADIENT.add(("", _op_type), "its output is discrete")
for _op_type in ("LessOrEqual", "Not", "And", "Or", "Xor", "IsNaN", "IsInf", "OneHot"):
    NO_GRADIENT.add(("", _op_type), "its output is discrete")
for _op_type in ("Sign", "Floor", "Ceil", "Round"):
    NO_GRADIENT.add(("", _op_type), "its derivative is zero wherever it exists")
