"""How far the rules of each operator are from the difference, and how far docs/operators.md says that they are.

The page gives bounds in decades: what another machine rounds otherwise does not change them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.grad.hand_made import Key
from tests.support.numeric import Comparison

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operators.md"

FLOORS = {"float64": 1e-8, "float32": 1e-4, "parity": 1e-6}
"""By kind of figure: what is no larger than rounding. float64 and float32 are errors against the difference in that
precision; parity is how far the gradient in float32 in ONNX Runtime is from that in float64."""

_SLACK = 10
"""How many times a documented bound a figure may reach before it counts as worse."""

Figures = Mapping[str, float]
"""By kind: the largest error."""


def figures_of(found: Comparison) -> Figures:
    """Return the figures of one comparison."""
    return {found.judge: found.error} | ({} if found.parity is None else {"parity": found.parity})


def bound(kind: str, error: float) -> float:
    """Return the power of ten that an error stays within."""
    return 10.0 ** math.ceil(math.log10(max(error, FLOORS[kind])) - 1e-9)


def written(figures: Figures) -> list[str]:
    """Return the page's cells for the figures of an operator."""
    return [
        f"≤ 1e{round(math.log10(bound(kind, figures[kind])))}" if kind in figures else "–" for kind in FLOORS
    ]


def worse_than_documented(operators: Iterable[Key], figures: Figures) -> list[str]:
    """Return a line for each figure that is beyond what the page says of any of the operators."""
    lines = []
    for key in operators:
        for kind, documented in documented_figures().get(key, {}).items():
            if figures.get(kind, 0.0) > _SLACK * documented:
                lines.append(
                    f"{key[1]}: {kind} error {figures[kind]:.1e}, documented as ≤ {documented:.0e}. Mend the rule, or, "
                    "if the figure is right, run: make operators"
                )
    return lines


@functools.cache
def documented_figures() -> Mapping[Key, Figures]:
    """Return the bounds that the page states."""
    return read_figures(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}


def read_figures(page: str) -> dict[Key, Figures]:
    """Return the bounds in the rows of the page's tables of rules."""
    found: dict[Key, Figures] = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > len(FLOORS) and cells[-1][:1] in "≤–" and cells[-1]:
            domain, _, op_type = cells[0].rpartition("::")
            stated = zip(FLOORS, cells[-len(FLOORS) :], strict=True)
            found[domain, op_type] = {kind: float(cell[1:]) for kind, cell in stated if cell.startswith("≤")}
    return found
