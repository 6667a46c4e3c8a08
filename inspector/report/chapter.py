"""A chapter of the page: one question to the model, and what is shown of the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inspector.errors import unknown_name
from inspector.registry import Registry
from inspector.report.draft import Draft

Write = Callable[[Draft], None]


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """What writes a chapter, and where it stands."""

    order: int
    """Chapters stand from the smallest on."""
    write: Write


CHAPTERS: Registry[str, Chapter] = Registry("chapter", package="inspector.report.chapters")
"""All chapters by their names."""


def chapter(name: str, *, order: int) -> Callable[[Write], Write]:
    """Register a chapter."""

    def register(write: Write) -> Write:
        CHAPTERS.add(name, Chapter(order=order, write=write))
        return write

    return register


def chapter_names() -> tuple[str, ...]:
    """Return the names of all chapters, in the order of the page."""
    return tuple(_ordered())


def chosen(names: Sequence[str]) -> list[Write]:
    """Return these chapters, or all, in the order of the page; NotFoundError names those that there are."""
    known = _ordered()
    for name in names:
        if name not in known:
            raise unknown_name("chapter", name, known, field="chapters")
    return [one.write for name, one in known.items() if not names or name in names]


def _ordered() -> dict[str, Chapter]:
    return dict(sorted(CHAPTERS.items(), key=lambda one: one[1].order))
