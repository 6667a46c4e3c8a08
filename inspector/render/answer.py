"""An answer in all of its forms: what is printed, and what is written to a file of each suffix."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from inspector.render.arrays import arrays_of
from inspector.render.documents import document, images_of
from inspector.render.text import number
from inspector.types.arrays import Array
from inspector.types.results.base import Cell, Result, shown
from inspector.types.results.figure import Figure
from inspector.types.results.images import Images, Picture
from inspector.types.results.maps import Maps
from inspector.types.results.predictions import Predictions
from inspector.types.results.sweep import Sweep
from inspector.types.results.vectors import Vectors

if TYPE_CHECKING:
    from PIL.Image import Image

Rows = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""Columns and rows."""
_CLASSES = ("image", "class", "label", "probability", "score")
"""The columns of predictions of classes, whose probabilities are rounded for people."""
Texts = tuple[Sequence[str], Sequence[Sequence[str]]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was found; forms that cost something are made when they are asked for."""

    title: str
    lines: Sequence[str] = ()
    """In a few lines for people."""
    printed: Texts = ((), ())
    """The table for people, beside the lines."""
    sheet: Callable[[], Rows]
    """The table for machines: numbers as they are."""
    document: Callable[[], object]
    """What JSON says."""
    arrays: Callable[[], Mapping[str, Array]] = dict
    pictures: Callable[[], list[Image]] = list
    captions: Sequence[str] = ()
    """What each picture shows, where they have captions of their own."""
    notes: Sequence[str] = ()
    parts: Sequence[Answer] = ()
    """The parts of a figure, each under a title of its own; the whole has their pictures and arrays too."""
    is_composed: bool = False
    """Whether the parts belong side by side, so that the picture of the whole is shown for theirs."""


def answer_of(
    result: Result,
    images: Sequence[object] = (),
    *,
    title: str,
    caption: str = "",
    drawing: Mapping[str, Any] = MappingProxyType({}),
) -> Answer:
    """Return a result about these images, paths or names, as an answer; without them they have numbers.

    `drawing` are options of `Result.pictures`.
    """
    printed: Texts = ((), ())
    # The summary of maps has a line per map, and the parts of a figure have tables of their own.
    if not isinstance(result, Maps | Figure):
        columns, rows = result.table()
        printed = columns, [named(columns, row, images) for row in rows]
    parts: Sequence[Answer] = ()
    lines = [*([caption] if caption else []), *result.summary()]
    if isinstance(result, Figure):
        parts = [answer_of(one.result, images, title=one.title, caption=one.caption) for one in result.panels]
        lines = [result.title] if result.title else []
    return Answer(
        title=title,
        lines=lines,
        printed=printed,
        sheet=lambda: _sheet(result, images),
        document=lambda: document(result, images),
        arrays=lambda: arrays_of(result),
        pictures=lambda: result.pictures(**drawing),
        captions=[_caption(one) for one in result.images] if isinstance(result, Images) else (),
        notes=result.notes,
        parts=parts,
        is_composed=isinstance(result, Figure) and result.columns > 0,
    )


def named(columns: Sequence[str], row: Sequence[Cell], images: Sequence[object]) -> list[str]:
    """Return a row for people, in which images have their names for their numbers."""
    return [
        shown(_name(cell, images)) if column == "image" else shown(cell)
        for column, cell in zip(columns, row, strict=True)
    ]


def _name(cell: Cell, images: Sequence[object]) -> Cell:
    if isinstance(cell, int) and not isinstance(cell, bool) and 0 <= cell < len(images):
        return str(images[cell])
    return cell


def _caption(picture: Picture) -> str:
    value = "" if picture.value is None else number(picture.value)
    return ": ".join(filter(None, (picture.caption, value)))


def _sheet(result: Result, images: Sequence[object]) -> Rows:
    match result:
        case Vectors():
            columns = ("image", *(f"v{index}" for index in range(result.vectors.shape[1])))
            return columns, [
                (image, *vector)
                for image, vector in zip(images_of(result, images), result.vectors.tolist(), strict=True)
            ]
        case Predictions() if result.table()[0] == _CLASSES:
            columns = _CLASSES
            return columns, [
                (image, found.index, found.label, found.probability, found.score)
                for image, one in zip(images_of(result, images), result, strict=True)
                for found in one.classes
            ]
        case Sweep():
            edges = ("start",) if len(result.starts) == 1 else ("front", "top", "left")[-len(result.starts) :]
            columns = (*edges, "probability", "class", "activation")
            measured = (result.probability, result.label, result.activation)
            return columns, [
                (
                    *(int(starts[place]) for starts, place in zip(result.starts, position, strict=True)),
                    *(values[position].item() for values in measured),
                )
                for position in np.ndindex(result.probability.shape)
            ]
        case _:
            columns, rows = result.table()
            at = columns.index("image") if "image" in columns else None
            return columns, [
                [_name(cell, images) if place == at else cell for place, cell in enumerate(row)]
                for row in rows
            ]
