"""Which forms an answer has, known by the kind of its result before there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from inspector.cli.destination import ARRAYS, DOCUMENT, ONE_ARRAY, PAGE, PICTURES, TABLE
from inspector.types.requests.base import Request, result_kind
from inspector.types.results.base import PICTURES as DRAWN
from inspector.types.results.base import Result
from inspector.types.results.predictions import Predictions
from inspector.types.results.sweep import Sweep
from inspector.types.results.table import Series
from inspector.types.results.vectors import Vectors

_NOT_THE_ANSWER = frozenset({"inputs"})
"""Arrays that a result carries so that it can be drawn."""
_ROWS = (Vectors, Sweep, Series, Predictions)
"""Kinds that fit into a table whole."""


def forms_of(request: Request[Any]) -> tuple[str, ...]:
    """Return the suffixes that `-o` may have for what answers a request, the usual form first."""
    kind = result_kind(type(request))
    usual = _pictures(kind)
    if issubclass(kind, Predictions):  # most have no picture
        return (*_table(kind), *DOCUMENT, *PAGE, *usual)
    return (*usual, *_arrays(kind, request), *_table(kind), *DOCUMENT, *PAGE)


def is_drawn(kind: type[Result]) -> bool:
    """Return whether results of a kind can be drawn."""
    return kind in DRAWN or kind.pictures is not Result.pictures


def _pictures(kind: type[Result]) -> tuple[str, ...]:
    return PICTURES if is_drawn(kind) else ()


def _arrays(kind: type[Result], request: Request[Any]) -> tuple[str, ...]:
    if issubclass(kind, Mapping):
        return (*ONE_ARRAY, *ARRAYS) if len(getattr(request, "layers", ())) == 1 else ARRAYS
    found = [_is_array(hint) for name, hint in get_type_hints(kind).items() if name not in _NOT_THE_ANSWER]
    several = any(_is_mapping_of_arrays(hint) for hint in get_type_hints(kind).values())
    if sum(found) == 1 and not several:
        return (*ONE_ARRAY, *ARRAYS)
    return ARRAYS if any(found) or several else ()


def _table(kind: type[Result]) -> tuple[str, ...]:
    """Return the suffix of a table where rows and columns hold all of the answer."""
    is_whole = not is_drawn(kind) and not any(map(_is_array, get_type_hints(kind).values()))
    return TABLE if issubclass(kind, _ROWS) or (is_whole and kind.table is not Result.table) else ()


def _is_array(hint: Any) -> bool:
    return get_origin(hint) is np.ndarray or hint is np.ndarray


def _is_mapping_of_arrays(hint: Any) -> bool:
    return get_origin(hint) is Mapping and any(map(_is_array, get_args(hint)))
