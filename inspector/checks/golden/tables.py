"""What a report shows of recorded answers: how far each tensor is off, and the worst of its values."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.checks.examination import Examination
from inspector.checks.golden.off import Off
from inspector.checks.golden.tolerance import Tolerance
from inspector.checks.measures.apart import Apart
from inspector.types.results.table import Row, Table


def show_distances(
    examination: Examination, tensors: Sequence[Apart], tolerances: Sequence[Tolerance]
) -> None:
    """Add a row per tensor to the report: how far it is off, and how far it may be."""
    columns = ("tensor", "kind", "absolute", "relative", "ulp", "least cosine", "allowed")
    rows = tuple(
        Row(
            cells=(
                one.recorded.subject,
                one.recorded.kind,
                one.absolute,
                one.relative,
                one.ulp,
                min(one.cosines) if one.cosines else None,
                str(tolerance),
            )
        )
        for one, tolerance in zip(tensors, tolerances, strict=True)
    )
    examination.show(
        "Recorded answers: how far off",
        Table(columns=columns, rows=rows),
        caption="The largest differences from what was recorded, over all images.",
    )


def show_places(examination: Examination, places: Sequence[tuple[str, Off]]) -> None:
    """Add single values of tensors to the report, worst first; nothing where there are none."""
    if places:
        rows = tuple(
            Row(cells=(name, one.image, ", ".join(map(str, one.index)), one.expected, one.found, one.away))
            for name, one in places
        )
        examination.show(
            "Recorded answers: what differs most",
            Table(columns=("tensor", "image", "index", "recorded", "found", "difference"), rows=rows),
        )
