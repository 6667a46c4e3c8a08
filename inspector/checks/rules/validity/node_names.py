"""Nodes without a name of their own."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.checks.several import listed, several


@rule(
    "node-names",
    family="validity",
    severity="info",
    rationale="Tools that quantize, compare, profile or cut models name nodes: one without a name, or with that of "
    "another, cannot be left out or found again.",
    mend="Export with names, or give every node that of its first output.",
)
def node_names(examination: Examination, *, unnamed: bool = True) -> Iterator[Found]:
    """Find nodes without names (unless `unnamed` is false), and names that several nodes share."""
    file = examination.model.file
    if file.unnamed and unnamed:
        yield Found(
            subject=file.unnamed[0],
            kind="tensor",
            message=f"{len(file.unnamed):,} of {file.node_count:,} nodes have no name; they give "
            f"{listed(file.unnamed)}.",
            measured=f"{len(file.unnamed):,}",
            allowed="0",
        )
    yield from several(
        Found(
            subject=name,
            kind="node",
            message=f"{count} nodes have the name {name!r}.",
            measured=f"{count}",
            allowed="1",
        )
        for name, count in file.repeated.items()
    )
