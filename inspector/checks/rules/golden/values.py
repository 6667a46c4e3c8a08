"""Values that are not those that were recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.golden.chosen import chosen_tolerances
from inspector.checks.golden.off import MOST_SHOWN, Off, off
from inspector.checks.golden.tables import show_distances, show_places
from inspector.checks.golden.tolerance import Tolerance, given_tolerance, require_tolerances
from inspector.checks.measures.apart import Apart, apart
from inspector.checks.measures.precision import Precision
from inspector.checks.rule import Found, rule

MOST_FOUND = 20
_MOST_TOLD = 3


@rule(
    "golden-values",
    family="golden",
    severity="error",
    rationale="A model that answers otherwise than it did where it was trained, or before, was changed on the way: a "
    "weight, an attribute, a constant that was folded wrongly.",
    mend="Look for the first layer that differs (`inspector record --layers` records some), and mend the export. For a "
    "quantized model and its float model's answers, rely on golden-top and golden-cosine.",
    needs=("images", "expected"),
)
def golden_values(
    examination: Examination,
    *,
    absolute: float | None = None,
    relative: float | None = None,
    ulp: float = 0.0,
    calibrated: bool | None = None,
    factor: float = 10.0,
    recorded_of: Literal["unknown", "float32", "float16", "quantized"] = "unknown",
) -> Iterator[Found]:
    """Find recorded outputs and layers whose values differ by more than a tolerance.

    That is absolute + relative · |recorded|, or ulp units in the last place, where any of these is set. Calibrated, it
    is `factor` times the noise that the model has between optimization levels. Where neither is said, it is what is
    usual for the precision of the model, and of the one that was recorded, or what is calibrated where that is more.
    """
    given = {"absolute": absolute, "relative": relative, "ulp": ulp, "factor": factor}
    require_tolerances("golden-values", given)
    tensors = examination.measured(apart)
    if not tensors:
        raise SkippedError("nothing that was recorded has the shape of today: see golden-shape.")
    tolerances = chosen_tolerances(
        examination,
        tensors,
        as_set=given_tolerance(absolute=absolute, relative=relative, ulp=ulp),
        calibrated=calibrated,
        factor=factor,
        recorded_of=None if recorded_of == "unknown" else Precision(recorded_of),
    )
    show_distances(examination, tensors, tolerances)
    places: list[tuple[str, Off]] = []
    differing = 0
    has_layer = False
    for one, tolerance in zip(tensors, tolerances, strict=True):
        count, worst = off(one.recorded, tolerance)
        if not count:
            continue
        places += [(one.recorded.subject, place) for place in worst]
        differing += 1
        is_first = one.recorded.kind == "layer" and not has_layer
        has_layer = has_layer or is_first
        if differing <= MOST_FOUND:
            yield _found(one, tolerance, count, worst, is_first=is_first)
    if differing > MOST_FOUND:
        yield Found(message=f"The values of {differing - MOST_FOUND} more recorded tensors differ.")
    show_places(examination, places[:MOST_SHOWN])


def _found(one: Apart, tolerance: Tolerance, count: int, worst: Sequence[Off], *, is_first: bool) -> Found:
    recorded = one.recorded
    told = "; ".join(map(str, worst[:_MOST_TOLD]))
    also = " It is the first of the recorded layers, in graph order, that does." if is_first else ""
    return Found(
        subject=recorded.subject,
        kind=recorded.kind,
        operator=recorded.operator,
        message=f"{count:,} of {recorded.expected.size:,} values of the {recorded.label} differ from what was "
        f"recorded: {told}{'; …' if count > _MOST_TOLD else ''}.{also}",
        measured=_measured(one),
        allowed=str(tolerance),
    )


def _measured(one: Apart) -> str:
    share = f", {one.absolute / one.magnitude:.2g} of the largest value" if one.magnitude else ""
    return f"|difference| up to {one.absolute:.3g}{share}"
