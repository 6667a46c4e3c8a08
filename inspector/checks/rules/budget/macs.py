"""How much there is to multiply."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.costs import ImageCosts, image_costs
from inspector.checks.rule import Found, rule
from inspector.checks.several import listed
from inspector.types.layers import shape_text
from inspector.types.results.table import Row, Table

_SHOWN = 20


@rule(
    "macs",
    family="budget",
    severity="warning",
    rationale="Multiply-accumulates are the part of the running time that no runtime can do without, and the same on "
    "every machine.",
    mend="See which layers take most of them: smaller images, fewer channels there, or depthwise convolutions; or "
    "allow more.",
)
def macs(examination: Examination, *, most: int | None = None) -> Iterator[Found]:
    """Find more than `most` multiply-accumulates for one image, of convolutions and dense layers; tell how many."""
    found = examination.measured(image_costs)
    unknown = found.costs.unknown
    if unknown:
        raise SkippedError(f"the shapes of {len(unknown)} layers are not known: {listed(unknown)}.")
    examination.tell("macs", found.macs)
    if found.costs.layers:
        caption = (
            f"Multiply-accumulates of one image of {found.size}; biases, activations, poolings and normalizations "
            "are not counted."
        )
        examination.show("Cost by layer", _table(found), caption=caption)
    if most is not None and found.macs > most:
        dearest = max(found.costs.layers, key=lambda one: one.macs)
        yield Found(
            subject=dearest.node,
            kind="node",
            operator=dearest.operator,
            message=f"One image of {found.size} takes {found.macs:,} multiply-accumulates; most of them, "
            f"{dearest.macs // found.batch:,}, in {dearest.node!r}.",
            measured=f"{found.macs:,}",
            allowed=f"{most:,}",
        )


def _table(found: ImageCosts) -> Table:
    dearest = sorted(found.costs.layers, key=lambda one: -one.macs)
    total = max(found.costs.macs, 1)
    rows = [
        Row(
            cells=(
                one.node,
                one.operator,
                shape_text(one.shape),
                one.macs // found.batch,
                one.macs / total,
            )
        )
        for one in dearest[:_SHOWN]
    ]
    return Table(columns=("layer", "operator", "gives", "macs", "share"), rows=tuple(rows))
