"""Files of an answer, each in the form that its suffix names."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from inspector.render.answer import Answer, answer_of
from inspector.render.arrays import arrays_of, save_arrays
from inspector.render.documents import plain
from inspector.render.forms import forms_of_kind, no_form
from inspector.render.result_page import result_page
from inspector.types.results.base import Result, save_pictures, shown_as, unwritten
from inspector.types.results.maps import Maps
from inspector.types.results.suffixes import ARRAYS, DOCUMENT, ONE_ARRAY, PAGE, PICTURES, TABLE

_Refuse = Callable[..., Exception]
"""(forms=, why=) -> the error for a form that the answer turns out not to have."""


def write(answer: Answer, path: Path, *, suffix: str, who: str, field: str) -> list[Path]:
    """Write an answer in the form of a suffix, and return the paths of what was written.

    InvalidInputError, about `field`, where what `who` gives has no such form, or the file cannot be written.
    """
    made: Callable[[Answer, Path, str, _Refuse], list[Path]] = {
        **dict.fromkeys(TABLE, _write_table),
        **dict.fromkeys(DOCUMENT, _write_document),
        **dict.fromkeys(PAGE, _write_page),
        **dict.fromkeys((*ONE_ARRAY, *ARRAYS), _write_arrays),
    }.get(suffix, _write_pictures)

    def refuse(**given: Any) -> Exception:
        return no_form(path, who=who, field=field, **given)

    try:
        return made(answer, path, suffix, refuse)
    except OSError as error:
        raise unwritten(path, error, field=field) from error


@shown_as("file")
def save(result: Result, path: Path, *, index: int | None, **drawing: Any) -> list[Path]:
    """Write a result, or one of its pictures, in the form that the suffix names; PNG without one."""
    suffix = path.suffix.lower() or PICTURES[0]
    kind = type(result)
    who = f"{path}: this {kind.__name__}"
    if index is not None:
        if suffix not in PICTURES:
            raise no_form(
                path, who=who, forms=PICTURES, field="path", why=", where a picture of it was asked for"
            )
        return save_pictures([result.to_pil(index, **drawing)], path)
    forms = forms_of_kind(kind, arrays=len(result) if isinstance(result, Mapping) else 0)
    if suffix in ONE_ARRAY and suffix not in forms and len(arrays_of(result)) == 1:
        forms = (*forms, *ONE_ARRAY)
    if suffix not in forms:
        reason = "NO_PICTURE" if suffix in PICTURES else "UNKNOWN_FORMAT"
        raise no_form(path, who=who, forms=forms, field="path", reason=reason)
    if drawing and suffix not in (*PICTURES, *PAGE):
        raise no_form(path, who=who, forms=(*PICTURES, *PAGE), field="path", why=" that is drawn")
    answer = answer_of(result, title=title_of(result), drawing=drawing)
    return write(answer, path, suffix=suffix, who=who, field="path")


def title_of(result: Result) -> str:
    """Return what a page about a result is called: by its own title, by what maps explain, or its kind."""
    if isinstance(result, Maps):
        more = f" and {len(result.targets) - 1} more" if len(result.targets) > 1 else ""
        return f"{result.method} of {result.targets[0]}{more}" if result.targets else result.method
    return str(getattr(result, "title", "")) or type(result).__name__


def _write_table(answer: Answer, path: Path, _suffix: str, _refuse: _Refuse) -> list[Path]:
    columns, rows = answer.sheet()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return [path]


def _write_document(answer: Answer, path: Path, _suffix: str, _refuse: _Refuse) -> list[Path]:
    text = json.dumps(plain(answer.document()), allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return [path]


def _write_page(answer: Answer, path: Path, _suffix: str, _refuse: _Refuse) -> list[Path]:
    path.write_text(result_page(answer), encoding="utf-8")
    return [path]


def _write_arrays(answer: Answer, path: Path, suffix: str, refuse: _Refuse) -> list[Path]:
    arrays = answer.arrays()
    if not arrays or (suffix in ONE_ARRAY and len(arrays) > 1):
        why = f" ({', '.join(arrays)})" if arrays else ""
        raise refuse(forms=(*(ARRAYS if arrays else ()), *DOCUMENT, *PAGE), why=why)
    if suffix in ARRAYS:
        save_arrays(arrays, path)
    else:
        with path.open("wb") as file:
            np.save(file, next(iter(arrays.values())))
    return [path]


def _write_pictures(answer: Answer, path: Path, _suffix: str, refuse: _Refuse) -> list[Path]:
    pictures = answer.pictures()
    if not pictures:
        raise refuse(forms=(*ARRAYS, *DOCUMENT, *PAGE), why=": this one cannot be drawn", reason="NO_PICTURE")
    return save_pictures(pictures, path)
