"""Findings in words: one as a text of several lines, and how many of a kind there are."""

from __future__ import annotations

from inspector.types.results.report import Finding
from inspector.types.visible import visible


def words(one: Finding) -> str:
    """Return what is wrong, and below it what was measured, what is allowed, and how to mend it; nothing in it acts."""
    parts = [("Measured", one.measured), ("Allowed", one.allowed), ("To mend", one.mend)]
    more = [f"{name}: {visible(text)}" for name, text in parts if text]
    return "\n".join([visible(one.message), *more])


def counted(count: int, what: str) -> str:
    """Return a count with its word: "1 error", "2 errors", "3 info"."""
    return f"{count} {what}{'' if count == 1 or what == 'info' else 's'}"
