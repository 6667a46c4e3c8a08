"""Nodes that no output uses."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.reach import reach
from inspector.checks.rule import Found, rule
from inspector.checks.several import several


@rule(
    "unused-nodes",
    family="health",
    severity="warning",
    rationale="What no output uses is shipped for nothing, and an output may be missing that it was meant for.",
    mend="Name the missing output when exporting; or export without the branch.",
)
def unused_nodes(examination: Examination) -> Iterator[Found]:
    """Find nodes whose results no output uses; constants are left out.

    Of a branch its last node is told, and how many nodes are unused in all.
    """
    yield from several(_found(examination))


def _found(examination: Examination) -> Iterator[Found]:
    unused = [one for one in examination.measured(reach).unused if one.operator != "Constant"]
    for one in unused:
        if one.is_end:
            yield Found(
                subject=one.name,
                kind="node",
                operator=one.operator,
                message=f"No output uses what the node {one.name!r} ({one.operator}) gives.",
                measured=f"{len(unused):,} nodes unused in all",
                allowed="0",
            )
