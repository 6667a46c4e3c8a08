"""What is said of maps that were compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.drift.explanations import Compared
from inspector.checks.rule import Found
from inspector.types.results.table import Row, Table


def told_of(
    examination: Examination, maps: Sequence[Compared], *, what: str, median: float
) -> Iterator[Found]:
    """Yield what is wrong with maps of a kind, and show how alike they are.

    SkippedError where none has places that differ.
    """
    known = np.asarray([one.correlation for one in maps if np.isfinite(one.correlation)])
    if not known.size:
        raise SkippedError(f"no {what} map of these images has places that differ.")
    moved = [one for one in maps if one.moved]
    middle = float(np.median(known))
    rows = tuple(Row(cells=(one.image, one.label, one.correlation, one.moved)) for one in maps)
    examination.show(
        f"{what} beside the baseline's",
        Table(columns=("image", "class", "rank correlation", "maximum moved"), rows=rows),
        caption="Of the maps of the class that the baseline answers.",
    )
    examination.tell(f"{what}_rank_correlation", middle)
    if middle < median:
        least = min((one for one in maps if np.isfinite(one.correlation)), key=lambda one: one.correlation)
        yield Found(
            message=f"The model's {what} maps rank places otherwise than the baseline's: the rank correlation is "
            f"{middle:.2f} (median of {known.size}), {least.correlation:.2f} on image {least.image}, and on "
            f"{len(moved)} of {len(maps)} images the maximum moved.",
            kind="output",
            subject=examination.run.engine.head.output,
            measured=f"median rank correlation {middle:.2f}",
            allowed=f"{median:g}",
        )
