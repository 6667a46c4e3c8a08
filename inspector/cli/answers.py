"""An answer in all of its forms: what is printed, and what is written to a file of each suffix."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inspector.cli.destination import ARRAYS, DOCUMENT, ONE_ARRAY, PAGE, TABLE, Destination, no_form
from inspector.cli.documents import document, plain
from inspector.render.blocks import FigureSize
from inspector.render.report import ReportPage
from inspector.types.arrays import Array
from inspector.types.results.base import Cell, Result, save_pictures, shown, unwritten
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
    """What a command found; forms that cost something are made when they are asked for."""

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
    notes: Sequence[str] = ()


def answer_of(result: Result, images: Sequence[Path], *, title: str) -> Answer:
    """Return a result about these images as an answer."""
    columns, rows = result.table()
    printed = [named(columns, row, images) for row in rows]
    return Answer(
        title=title,
        lines=result.summary(),
        # The summary of maps has a line per map.
        printed=((), ()) if isinstance(result, Maps) else (columns, printed),
        sheet=lambda: _sheet(result, images),
        document=lambda: document(result, images),
        arrays=lambda: arrays_of(result),
        pictures=result.pictures,
        notes=result.notes,
    )


def write(answer: Answer, to: Destination) -> list[Path]:
    """Write an answer in the form of the file's suffix, and return the paths of what was written."""
    made: Callable[[Answer, Destination], list[Path]] = {
        **dict.fromkeys(TABLE, _write_table),
        **dict.fromkeys(DOCUMENT, _write_document),
        **dict.fromkeys(PAGE, _write_page),
        **dict.fromkeys((*ONE_ARRAY, *ARRAYS), _write_arrays),
    }.get(to.suffix, _write_pictures)
    try:
        return made(answer, to)
    except OSError as error:
        raise unwritten(to.path, error) from error


def named(columns: Sequence[str], row: Sequence[Cell], images: Sequence[Path]) -> list[str]:
    """Return a row for people, in which images have their names for their numbers."""
    return [
        str(images[cell])
        if column == "image" and isinstance(cell, int) and cell < len(images)
        else shown(cell)
        for column, cell in zip(columns, row, strict=True)
    ]


def arrays_of(result: Result) -> dict[str, Array]:
    """Return a result's arrays by their names, without the images that it is about."""
    if isinstance(result, Mapping):
        return {str(name): np.asarray(values) for name, values in result.items()}
    values = {one.name: getattr(result, one.name) for one in dataclasses.fields(result)}
    found = {
        name: value for name, value in values.items() if isinstance(value, np.ndarray) and name != "inputs"
    }
    for value in values.values():
        if isinstance(value, Mapping):
            found |= {str(name): item for name, item in value.items() if isinstance(item, np.ndarray)}
    return found


def _sheet(result: Result, images: Sequence[Path]) -> Rows:
    match result:
        case Vectors():
            columns = ("image", *(f"v{index}" for index in range(result.vectors.shape[1])))
            return columns, [
                (image, *vector) for image, vector in zip(images, result.vectors.tolist(), strict=True)
            ]
        case Predictions() if result.table()[0] == _CLASSES:
            columns = _CLASSES
            return columns, [
                (image, found.index, found.label, found.probability, found.score)
                for image, one in zip(images, result, strict=True)
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
                [
                    images[cell] if place == at and isinstance(cell, int) else cell
                    for place, cell in enumerate(row)
                ]
                for row in rows
            ]


def _write_table(answer: Answer, to: Destination) -> list[Path]:
    columns, rows = answer.sheet()
    with to.path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return [to.path]


def _write_document(answer: Answer, to: Destination) -> list[Path]:
    text = json.dumps(plain(answer.document()), allow_nan=False)
    to.path.write_text(text + "\n", encoding="utf-8")
    return [to.path]


def _write_page(answer: Answer, to: Destination) -> list[Path]:
    page = ReportPage(answer.title)
    for line in answer.lines:
        page.add_text(line)
    for note in answer.notes:
        page.add_note(note)
    pictures = answer.pictures()
    for number, picture in enumerate(pictures, start=1):
        one_of = f" ({number} of {len(pictures)})" if len(pictures) > 1 else ""
        page.add_figure(
            picture, f"{answer.title}{one_of}", size=FigureSize.MEDIUM if one_of else FigureSize.WIDE
        )
    columns, rows = answer.printed
    if rows:
        page.add_table(columns, rows)
    to.path.write_text(page.to_html(), encoding="utf-8")
    return [to.path]


def _write_arrays(answer: Answer, to: Destination) -> list[Path]:
    arrays = answer.arrays()
    if not arrays or (to.suffix in ONE_ARRAY and len(arrays) > 1):
        why = f" ({', '.join(arrays)})" if arrays else ""
        raise no_form(to.path, command=answer.title, forms=(*(ARRAYS if arrays else ()), *DOCUMENT), why=why)
    with to.path.open("wb") as file:
        if to.suffix in ARRAYS:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # names of layers are no parameters of it
        else:
            np.save(file, next(iter(arrays.values())))
    return [to.path]


def _write_pictures(answer: Answer, to: Destination) -> list[Path]:
    pictures = answer.pictures()
    if not pictures:
        raise no_form(
            to.path, command=answer.title, forms=(*ARRAYS, *DOCUMENT, *PAGE), why=": this one cannot be drawn"
        )
    return save_pictures(pictures, to.path)
