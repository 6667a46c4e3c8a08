"""Operators that will not get a rule: a walk that meets one ends in an error that gives the reason."""

from __future__ import annotations

from inspector.grad.rule import REFUSED

_REASONS = {
    "it is recurrent, and no step of a sequence is a layer of a CNN": (
        "GRU",
        "LSTM",
        "LinearAttention",
        "RNN",
    ),
    "its condition depends on the image (or on the batch or image size, which the model leaves free). Export it with a "
    "fixed image size, or with torch.where or a Where in its place, so that the condition is constant": (
        "If",
    ),
    "its turns are counted while it runs. Unroll it at export (trace the model instead of scripting it)": (
        "Loop",
    ),
    "its body is run once per slice. Unroll it at export (trace the model instead of scripting it)": (
        "Scan",
    ),
    "it works on sequences of tensors, not on tensors": (
        "ConcatFromSequence",
        "SequenceAt",
        "SequenceConstruct",
        "SequenceEmpty",
        "SequenceErase",
        "SequenceInsert",
        "SequenceLength",
        "SequenceMap",
        "SplitToSequence",
    ),
    "values decide whether its tensor exists at all": (
        "Optional",
        "OptionalGetElement",
        "OptionalHasElement",
    ),
    "it works on strings": ("RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit"),
    "its input is an encoded file, and pixels come after it": ("ImageDecoder",),
}

for _reason, _op_types in _REASONS.items():
    for _op_type in _op_types:
        REFUSED.add(("", _op_type), _reason)
