"""Any figure of the paper, by its number or its name: asked of the verb that draws it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from inspector.engine.run import Run
from inspector.errors import InspectorError, InvalidInputError, nearest, unknown_name
from inspector.methods.card import Card
from inspector.methods.paper import FIGURES, PaperFigure
from inspector.methods.verbs import answer_to, answers
from inspector.types.options import OTHER, TEXT, TEXTS
from inspector.types.requests.base import (
    RequestField,
    has_images,
    needs_images,
    request_fields,
    require_options,
    takes_images,
)
from inspector.types.requests.figure import FigureRequest
from inspector.types.results.figure import Figure, Panel
from inspector.types.targets import as_target, as_targets

_CARD = Card(
    formula="The verb behind the figure, with the options that are given.",
    source="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, 2014, arXiv 1311.2901",
    shows="What the figure of the paper shows, of any model and any images.",
    hides="What the verb behind it hides: see its own card.",
    cost="That of the verb behind it.",
)


@answers(FigureRequest, card=_CARD)
def figure(run: Run, request: FigureRequest) -> Figure:
    """Draw a figure by its number or name; NotFoundError names those that there are.

    An option that comes as text, as it does from the shell, is read as what the verb behind the figure takes.
    """
    found = FIGURES.get(request.figure)
    if found is None:
        raise unknown_name("figure", request.figure, FIGURES)
    own = {one.name: one for one in request_fields(found.request)}
    by_python = {one.python: one.name for one in own.values()}
    values: dict[str, Any] = {}
    layer = {} if request.layer is None else {"layer": request.layer}
    for given, value in {**request.options, **layer}.items():
        name = by_python.get(given, given)
        if name not in own or _is_target(own[name]):
            known = [one.python for one in own.values() if not _is_target(one)]
            raise InvalidInputError(
                f"Figure {request.figure!r} has no option {given!r}; it has: {', '.join(known) or 'none'}."
                f"{nearest(given, known)}",
                reason="UNKNOWN_OPTION",
                field=given if given in layer else f"options[{given}]",
            )
        with _within_options([given]):
            values[name] = _read(own[name], value)
    values |= _target(request, found, own)
    if takes_images(found.request):
        if not has_images(request) and needs_images(found.request):
            raise InvalidInputError(
                f"Figure {request.figure!r} is about images; give at least one.",
                reason="MISSING",
                field="images",
            )
        if has_images(request):
            values["images"] = request.images
    with _within_options([name for name, one in own.items() if not _is_target(one)]):
        require_options(found.request, values)
        drawn = answer_to(run, found.request(**values))
    if isinstance(drawn, Figure):
        return drawn
    return Figure(panels=(Panel(title=found.title, result=drawn),), title=found.title, notes=drawn.notes)


def _read(one: RequestField, value: Any) -> Any:
    """Return an option's value; a text is read where the option is no text."""
    types = one.info.types
    if not isinstance(value, str) or TEXT in types:
        return value
    if TEXTS in types:
        return tuple(value.split(","))
    return value if types == (OTHER,) else one.info.read(value)


def _target(request: FigureRequest, found: PaperFigure, own: dict[str, RequestField]) -> dict[str, Any]:
    """Return what is explained under the name that it has in the verb's request."""
    if not request.targets:
        return {}
    field = next((one for one in own.values() if _is_target(one)), None)
    if field is None or (field.take is as_target and len(request.targets) > 1):
        takes = "no target" if field is None else "one target"
        raise InvalidInputError(
            f"Figure {request.figure!r} ({found.request.verb}) takes {takes}; {len(request.targets)} given.",
            field="targets",
        )
    return {field.name: request.targets if field.take is as_targets else request.targets[0]}


def _is_target(one: RequestField) -> bool:
    return one.take in (as_target, as_targets)


@contextmanager
def _within_options(names: list[str]) -> Iterator[None]:
    """Let an error about one of the figure's own options name its place in the request."""
    try:
        yield
    except InspectorError as error:
        found = re.match(r"\w*", error.field or "")
        if found is not None and found[0] in names:
            error.field = f"options[{found[0]}]{(error.field or '')[found.end() :]}"
        raise
