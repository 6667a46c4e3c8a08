"""Many findings, or names, of one kind: the first ones, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from inspector.checks.rule import Found

MOST = 20
"""Findings of one rule that are told one by one."""


def several(found: Iterable[Found], *, most: int = MOST) -> Iterator[Found]:
    """Yield the first findings of a rule, and one that counts the rest."""
    count, kind = 0, ""
    for one in found:
        count += 1
        if count <= most:
            yield one
        else:
            kind = one.kind
    if count > most:
        more = count - most
        yield Found(
            message=f"There are {more:,} more {kind}{'' if more == 1 else 's'} like these.",
            measured=f"{count:,} {kind}s",
            allowed="0",
        )


def listed(names: Iterable[str], *, most: int = 3) -> str:
    """Return names in quotes, the first ones, and how many more there are: "'a', 'b', 'c' and 4 more"."""
    return first_of([repr(one) for one in names], most=most)


def first_of(names: Sequence[object], *, most: int = 5) -> str:
    """Return the first few names, and how many there are beside them: "3, 7, 12 and 4 more"."""
    shown = ", ".join(map(str, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
