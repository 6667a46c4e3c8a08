"""How the picture of an answer is drawn: the options of its kind's drawing, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from inspector.cli.destination import Destination
from inspector.cli.options import ANSWER
from inspector.errors import InvalidInputError
from inspector.types.results.base import PICTURES, Result, drawing_options, require_drawing
from inspector.types.results.suffixes import PAGE
from inspector.types.results.suffixes import PICTURES as SUFFIXES

_ANSWERS = {"yes": True, "no": False}

Draw = Annotated[
    list[str] | None,
    typer.Option(
        "--draw",
        metavar="NAME[=no]",
        help="How the picture is drawn: crop (to what the unit sees), plain (no title, no scale), over_photograph. "
        "Repeatable.",
        rich_help_panel=ANSWER,
    ),
]


def has_drawing(kind: type[Result]) -> bool:
    """Return whether pictures of a kind can be drawn in more than one way."""
    draw = PICTURES.get(kind)
    return draw is not None and bool(drawing_options(draw))


def read_drawing(words: Sequence[str], kind: type[Result], to: Destination | None) -> dict[str, bool]:
    """Read --draw; InvalidInputError names the options that there are, before the work begins."""
    found: dict[str, bool] = {}
    for word in words:
        name, equals, answer = word.partition("=")
        if equals and answer not in _ANSWERS:
            raise InvalidInputError(f"--draw is {word!r}; give NAME or NAME=no.", field="draw")
        found[name] = _ANSWERS.get(answer, True)
    require_drawing(kind, found)
    if found and (to is None or to.suffix not in (*SUFFIXES, *PAGE)):
        raise InvalidInputError(
            "--draw says how a picture is drawn, and none is asked for: give -o with a picture or a page.",
            field="draw",
        )
    return found
