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

    title: str
    """What stands above it."""
    request: type[Request[Any]]
    """What the verb behind it takes; its fields are the figure's options."""


FIGURES: Registry[str, PaperFigure] = Registry("figure of the paper", package="inspector.methods")
"""All figures by their numbers, and by the names of their verbs."""


def paper_figure(number: str, *, request: type[Request[Any]], title: str) -> Callable[[A], A]:
    """Register the method that answers `request` as what draws a figure; it stands above `@answers`.

    It is found by the number and by the name of its verb. ValueError where either is taken.
    """

    def register(method: A) -> A:
        for key in (number, request.verb):
            FIGURES.add(key, PaperFigure(title=title, request=request))
        return method

    return register
