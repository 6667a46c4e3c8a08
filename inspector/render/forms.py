"""Which forms a result has, known by its kind before there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from inspector.errors import InvalidInputError, nearest
from inspector.types.requests.base import Request, result_kind
from inspector.types.results.base import PICTURES as DRAWN
from inspector.types.results.base import Result
from inspector.types.results.figure import Figure
from inspector.types.results.predictions import Predictions
from inspector.types.results.suffixes import ARRAYS, DOCUMENT, KNOWN, ONE_ARRAY, PAGE, PICTURES, TABLE
from inspector.types.results.sweep import Sweep
from inspector.types.results.table import Series
from inspector.types.results.vectors import Vectors

_NOT_THE_ANSWER = frozenset({"inputs"})
"""Arrays that a result carries so that it can be drawn."""
_ROWS = (Vectors, Sweep, Series, Predictions)
"""Kinds that fit into a table whole."""


def forms_of(request: Request[Any]) -> tuple[str, ...]:
    """Return the suffixes that a file may have for what answers a request, the usual form first."""
    return forms_of_kind(result_kind(type(request)), arrays=len(getattr(request, "layers", ())))


def forms_of_kind(kind: type[Result], *, arrays: int = 0) -> tuple[str, ...]:
    """Return the suffixes that a file may have for results of a kind, the usual form first.

    `arrays` is how many arrays a mapping holds, where that is known.
    """
    usual = PICTURES if is_drawn(kind) else ()
    if issubclass(kind, Predictions):  # most have no picture
        return (*_table(kind), *ARRAYS, *DOCUMENT, *PAGE, *usual)
    return (*usual, *_arrays(kind, arrays), *_table(kind), *DOCUMENT, *PAGE)


def is_drawn(kind: type[Result]) -> bool:
    """Return whether results of a kind can be drawn."""
    return kind in DRAWN or kind.pictures is not Result.pictures


def no_form(
    path: Path, *, who: str, forms: Sequence[str], field: str, why: str = "", reason: str = "UNKNOWN_FORMAT"
) -> InvalidInputError:
    """Return the error for a suffix that names no form of what `who` gives."""
    suffix = path.suffix.lower()
    near = "" if suffix in KNOWN else nearest(suffix, forms)
    ends = " or ".join(filter(None, (", ".join(forms[:-1]), forms[-1])))
    return InvalidInputError(
        f"{who} {_lack(suffix, forms)}{why}. Give a file that ends in {ends}.{near}",
        reason=reason,
        field=field,
    )


def _lack(suffix: str, forms: Sequence[str]) -> str:
    match suffix:
        case "":
            return "does not know the form without a suffix"
        case _ if suffix in PICTURES:
            return "gives no picture"
        case _ if suffix in ONE_ARRAY and ARRAYS[0] in forms:
            return "gives more than one array"
        case _ if suffix in (*ONE_ARRAY, *ARRAYS):
            return "gives no arrays"
        case _ if suffix in TABLE:
            return "gives no table"
        case _:
            return f"writes no {suffix} files"


def _arrays(kind: type[Result], count: int) -> tuple[str, ...]:
    if issubclass(kind, Mapping):
        return (*ONE_ARRAY, *ARRAYS) if count == 1 else ARRAYS
    if issubclass(kind, Figure):
        return ARRAYS
    found = [_is_array(hint) for name, hint in get_type_hints(kind).items() if name not in _NOT_THE_ANSWER]
    several = any(_is_mapping_of_arrays(hint) for hint in get_type_hints(kind).values())
    return (*ONE_ARRAY, *ARRAYS) if sum(found) == 1 and not several else ARRAYS


def _table(kind: type[Result]) -> tuple[str, ...]:
    """Return the suffix of a table where rows and columns hold all of the answer."""
    is_whole = not is_drawn(kind) and not any(map(_is_array, get_type_hints(kind).values()))
    return TABLE if issubclass(kind, _ROWS) or (is_whole and kind.table is not Result.table) else ()


def _is_array(hint: Any) -> bool:
    return get_origin(hint) is np.ndarray or hint is np.ndarray


def _is_mapping_of_arrays(hint: Any) -> bool:
    return get_origin(hint) is Mapping and any(map(_is_array, get_args(hint)))
