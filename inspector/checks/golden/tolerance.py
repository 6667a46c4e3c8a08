"""How far a value may be from the recorded one: absolute, relative, in units in the last place, or calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.checks.measures.apart import Apart, units
from inspector.checks.measures.precision import Precision, coarser
from inspector.checks.measures.recorded import Recorded
from inspector.engine.quantized.comparison import MOST_STEPS, STEPS_IN_RANGE
from inspector.errors import InvalidInputError
from inspector.types.arrays import Array

_USUAL: Mapping[Precision, tuple[float, float]] = {
    Precision.SINGLE: (1e-4, 1e-3),
    Precision.HALF: (1e-2, 1e-2),
    Precision.QUANTIZED: (0.25, 0.0),
}
"""The absolute tolerance as a share of the largest magnitude, and the relative one. Of a quantized model, its float
model may have given what was recorded: good ones were seen 0.04 to 0.21 away from it, a badly calibrated one 0.83."""

_ON_GRID = 1e-3
"""How far from a multiple of the quantizer's step, in steps, a value may be that was made of a code."""


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """A value may be off by absolute + relative · |recorded|, or by so many units in the last place, what is more."""

    absolute: float
    relative: float
    ulp: float
    source: str
    """Where the numbers come from, in a few words."""

    def __str__(self) -> str:
        parts = [f"{self.absolute:.3g}"] if self.absolute or not (self.relative or self.ulp) else []
        parts += [f"{self.relative:.3g} · |recorded|"] if self.relative else []
        either = f", or {self.ulp:g} ulp" if self.ulp else ""
        return f"|difference| ≤ {' + '.join(parts) or '0'}{either} ({self.source})"

    def of(self, recorded: Recorded, expected: Array) -> Array:
        """Return how far float64 values may be off."""
        magnitude = np.where(np.isfinite(expected), np.abs(expected), 0)
        return np.asarray(
            np.maximum(self.absolute + self.relative * magnitude, self.ulp * units(recorded, expected))
        )


def given_tolerance(*, absolute: float | None, relative: float | None, ulp: float) -> Tolerance | None:
    """Return the tolerance that is set; None where nothing is."""
    if absolute is None and relative is None and not ulp:
        return None
    return Tolerance(absolute=absolute or 0.0, relative=relative or 0.0, ulp=ulp, source="as set")


def usual_tolerance(
    one: Apart, precision: Precision, *, recorded_of: Precision | None = None, step: float | None = None
) -> Tolerance:
    """Return the tolerance for a tensor of which nothing is set.

    `recorded_of` is the precision of the model that was recorded, None where nobody says it; `step` is that from code
    to code, where there is one: values on its grid were recorded of a quantized model. Such a one may be some steps
    away from itself, as between levels of optimization (docs/decisions/0072-quantized-levels.md).
    """
    if one.recorded.is_whole:
        return Tolerance(absolute=0.0, relative=0.0, ulp=0.0, source="whole numbers")
    if precision is Precision.QUANTIZED and recorded_of in (None, Precision.QUANTIZED):
        if step and _are_codes(one.recorded, step):
            source = f"{MOST_STEPS:g} steps of its quantizer"
            return Tolerance(
                absolute=MOST_STEPS * step * (1 + _ON_GRID), relative=0.0, ulp=0.0, source=source
            )
        if recorded_of is Precision.QUANTIZED:
            share, source = MOST_STEPS / STEPS_IN_RANGE, "usual for a quantized model and itself"
            return Tolerance(absolute=share * one.magnitude, relative=0.0, ulp=0.0, source=source)
    less = coarser(precision, recorded_of or precision)
    share, relative = _USUAL[less]
    return Tolerance(
        absolute=share * one.magnitude,
        relative=relative,
        ulp=0.0,
        source=f"usual for {less.value} models",
    )


def _are_codes(recorded: Recorded, step: float) -> bool:
    """Return whether all recorded values are multiples of a step."""
    for _, expected, _ in recorded.images():
        codes = expected / step
        if not np.isfinite(codes).all() or bool((np.abs(codes - np.rint(codes)) > _ON_GRID).any()):
            return False
    return True


def calibrated_tolerance(one: Apart, noise: float, *, factor: float) -> Tolerance:
    """Return `factor` times the noise of a tensor between optimization levels, or so many roundings where it has none.

    Levels that agree, by luck or because nothing could be rewritten, are no promise that others do to the last bit.
    """
    least = float(units(one.recorded, np.asarray([one.magnitude], np.float64))[0])
    source = f"{factor:g} × the noise between optimization levels"
    if noise < least:
        source = f"{factor:g} ulp of the largest value, as optimization levels agree"
    return Tolerance(
        absolute=factor * max(noise, least), relative=0.0, ulp=0.0, source=f"calibrated: {source}"
    )


def require_tolerances(rule: str, settings: Mapping[str, Any]) -> None:
    """Raise InvalidInputError about the options for a setting below 0, or that is no number."""
    for name, value in settings.items():
        if value is not None and not 0 <= value < np.inf:
            raise InvalidInputError(
                f"The setting {name} of {rule} is {value:g}; give a number from 0 on.",
                reason="OUT_OF_RANGE",
                field=f"options[{rule}.{name}]",
            )
