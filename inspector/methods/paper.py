"""The figures of Zeiler & Fergus 2014 by their numbers: each is drawn by a verb, which registers for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from inspector.engine.run import Run
from inspector.registry import Registry
from inspector.types.requests.base import Request
from inspector.types.results.base import Result

A = TypeVar("A", bound=Callable[[Run, Any], Result])


@dataclass(frozen=True, kw_only=True)
class PaperFigure:
    """A figure, and what draws it."""

    number: str
    """In the paper: "1" to "8"."""
    name: str
    """What it shows, in a word."""
    title: str
    """What stands above it."""
    request: type[Request[Any]]
    """What the verb behind it takes; its fields are the figure's options."""
    draw: Callable[[Run, Any], Result]
    """(a run, such a request) -> the figure, or a result that becomes its only panel."""


FIGURES: Registry[str, PaperFigure] = Registry("figure of the paper", package="inspector.methods")
"""All figures by their names."""


def paper_figure(number: str, *, name: str, request: type[Request[Any]], title: str) -> Callable[[A], A]:
    """Register the method that answers `request` as what draws a figure; it stands above `@answers`.

    It is found by the number and by the name. ValueError where either is taken.
    """

    def register(draw: A) -> A:
        for key in (number, name):
            FIGURES.add(key, PaperFigure(number=number, name=name, title=title, request=request, draw=draw))
        return draw

    return register
