"""How far corresponding values may differ, by how precisely both models compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inspector.checks.examination import Examination
from inspector.checks.measures.drift.alignment import Pair
from inspector.checks.measures.drift.both import baseline_of
from inspector.checks.measures.drift.layers import Drifts, layer_drift
from inspector.checks.measures.drift.matched import Matched, matched_layers
from inspector.checks.measures.precision import Precision, coarser, precision_of, precisions_of

QUANTIZED, HALF, SINGLE = 0.5, 0.05, 0.01
"""‖a − b‖ / ‖b‖ that is allowed: what good models reach, doubled (docs/drift.md)."""

CLEAN = 0.1
"""The same for a layer that reads values which hardly drift, where one of both models computes on codes."""

_SAME_CODES = "as both compute on the same codes"

_WORDS = {
    Precision.QUANTIZED: "computes on codes",
    Precision.HALF: "computes on floats of 16 bits",
    Precision.SINGLE: "computes on floats",
}


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What is allowed for one pair of models."""

    value: float
    precision: Precision
    """Of the coarser of both."""
    is_of_same_codes: bool = False
    """Whether both are quantized alike, so that only rounding lies between them."""

    def __str__(self) -> str:
        return f"{self.value:g}, {_SAME_CODES if self.is_of_same_codes else f'as one of both {_WORDS[self.precision]}'}"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is allowed, pair by pair: what is coarse somewhere loosens the limits of what it can reach."""

    values: Mapping[Precision, float]
    same_codes: float | None
    """Allowed where both compute on the same codes; None where they do not."""
    own: Mapping[str, Precision]
    """By the model's tensors."""
    other: Mapping[str, Precision]
    """By the baseline's."""

    def of(self, pair: Pair) -> Limit:
        """Return the limit for two tensors that correspond."""
        one, two = self.own.get(pair.own, Precision.SINGLE), self.other.get(pair.other, Precision.SINGLE)
        less = coarser(one, two)
        if self.same_codes is not None and one is two is Precision.QUANTIZED:
            return Limit(value=self.same_codes, precision=less, is_of_same_codes=True)
        return Limit(value=self.values[less], precision=less)


def limits_of(examination: Examination, *, quantized: float, half: float, single: float) -> Limits:
    """Return the limits for the model and its baseline."""
    own, other = examination.run.engine, baseline_of(examination).engine
    alike = precision_of(own) is precision_of(other) is Precision.QUANTIZED and _are_quantized_alike(
        examination
    )
    return Limits(
        values={Precision.QUANTIZED: quantized, Precision.HALF: half, Precision.SINGLE: single},
        same_codes=min(half, quantized) if alike else None,
        own=precisions_of(own.model),
        other=precisions_of(other.model),
    )


def _are_quantized_alike(examination: Examination) -> bool:
    """Return whether codes behind a layer stand for the same values to the last bit: of two calibrations none do."""
    matched: Matched = examination.measured(matched_layers)
    drifts: Drifts = examination.measured(layer_drift)
    subjects = matched.own
    return any(
        one.sums.largest == 0 and not one.sums.broken and one.sums.own_range[0] < one.sums.own_range[1]
        for one in drifts.layers[1:]
        if one.pair.own in subjects.model.codes
        or (
            subjects.operator(one.pair.own) == "DequantizeLinear"
            and subjects.restated(one.pair.own) not in (None, subjects.input)
        )
    )
