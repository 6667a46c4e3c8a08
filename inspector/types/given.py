"""What callers give, as plain Python values: one reader for each kind, wherever it is given."""

from __future__ import annotations

import operator
from collections.abc import Iterator, KeysView, Mapping, Sequence, Set, ValuesView
from itertools import islice
from numbers import Real
from operator import itemgetter
from typing import Any, cast

import numpy as np

from inspector.errors import InvalidInputError, LimitExceededError, in_brief, naming
from inspector.types.arrays import Array

MOST_ITEMS = 10_000
"""How many entries are taken where several are allowed; as many as one request of a service holds."""

MOST_NUMBERS = 1 << 20
"""How many numbers are taken one by one, where not as an array."""

MOST_AXES = 8
"""How deep lists of numbers may lie in lists."""

_INT64 = range(-(2**63), 2**63)
"""What fits on the wire, and into the arrays behind it."""


def as_integer(value: object) -> int | None:
    """Return a whole number of 64 bits, of whatever type (4, 4.0, np.int64(4), np.array(4)); None for anything else.

    True and false are none.
    """
    value = _plain(value)
    if isinstance(value, bool | np.bool_):
        return None
    try:
        found = operator.index(cast("Any", value))
    except (TypeError, ValueError):
        number = as_number(value)
        if number is None or not number.is_integer():  # nor is NaN, nor infinity
            return None
        found = int(number)
    return found if found in _INT64 else None


def as_number(value: object) -> float | None:
    """Return a real number, of whatever type; None for anything else, and for true and false."""
    value = _plain(value)
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError, TypeError):
        return None


def as_flag(value: object) -> bool | None:
    """Return true or false; None for anything else."""
    value = _plain(value)
    return bool(value) if isinstance(value, bool | np.bool_) else None


def as_items(value: object, *, most: int = MOST_ITEMS) -> list[Any] | None:
    """Return the entries of a sequence, an array, an iterator or a view of a mapping; None for anything else.

    A text, bytes and a mapping are no such thing, nor is a set, which has no order. LimitExceededError for more than
    `most`, of which an endless iterator is one.
    """
    if isinstance(value, str | bytes | bytearray | memoryview):
        return None
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return None
    elif not isinstance(value, Sequence | Iterator | KeysView | ValuesView):
        return None
    found = list(islice(iter(value), most + 1))
    if len(found) > most:
        raise LimitExceededError(f"More than {most:,} entries are given; that many are taken at most.")
    return found


def as_texts(value: object) -> tuple[str, ...] | None:
    """Return texts: several in any container (of a set, in alphabetical order), or one, which is one of one."""
    if isinstance(value, str):
        return (str(value),)
    items = list(islice(value, MOST_ITEMS + 1)) if isinstance(value, Set) else as_items(value)
    if items is None or not all(isinstance(item, str) for item in items):
        return None
    texts = map(str, items)
    return tuple(sorted(texts) if isinstance(value, Set) else texts)


def as_numbers(value: object, *, most: int = MOST_ITEMS) -> tuple[float, ...] | None:
    """Return several numbers; None for anything else."""
    items = as_items(value, most=most)
    found = [None] if items is None else [as_number(item) for item in items]
    return None if None in found else tuple(cast("list[float]", found))


def as_integers(value: object, *, most: int = MOST_ITEMS) -> tuple[int, ...] | None:
    """Return several whole numbers, or a single one, which is one of one; None for anything else."""
    items = as_items(value, most=most)
    found = [as_integer(item) for item in ([value] if items is None else items)]
    return None if None in found else tuple(cast("list[int]", found))


def as_array(value: object) -> Array | None:
    """Return an array as it is, or made of numbers in lists; None for what makes none, such as uneven rows."""
    if isinstance(value, np.ma.MaskedArray):  # what is masked has no value to go on with
        return None
    if isinstance(value, np.ndarray):
        return value
    made: Any = value
    if not hasattr(value, "__array__"):
        made = as_items(value, most=MOST_NUMBERS)
    try:
        if made is None or (isinstance(made, list) and not _are_few(made, depth=0)):
            return None
        return np.asarray(made)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None


def _are_few(items: Sequence[object], *, depth: int) -> bool:
    """Return whether lists within lists are neither long nor deep: NumPy would go through whatever they hold."""
    inner = [item for item in items if isinstance(item, Sequence) and not isinstance(item, str | bytes)]
    return depth < MOST_AXES and all(
        len(item) <= MOST_NUMBERS and _are_few(item, depth=depth + 1) for item in inner
    )


def as_labels(value: object) -> tuple[str, ...] | None:
    """Read the names of the classes: texts in their order, or by index in a mapping; None for none."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        numbers = [as_integer(key) for key in value]
        if sorted(number for number in numbers if number is not None) == list(range(len(numbers))):
            value = [name for _, name in sorted(zip(numbers, value.values(), strict=True), key=itemgetter(0))]
    with naming("labels"):
        found = None if isinstance(value, Set) else as_texts(value)
    if found is None:
        raise InvalidInputError(
            f"labels is {in_brief(value, long='a {}')}; give the classes' names as texts, in the order of the classes.",
            field="labels",
        )
    return tuple(require_text(label, field=f"labels[{index}]") for index, label in enumerate(found))


def require_text(value: object, *, field: str) -> str:
    """Return a text as it is; InvalidInputError about `field` for anything else."""
    if not isinstance(value, str):
        raise InvalidInputError(f"{field} is {in_brief(value, long='a {}')}; give a text.", field=field)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"{field} is {in_brief(value, long='a {}')}, which holds half of a character, a surrogate alone.",
            field=field,
        ) from error
    return value


def _plain(value: object) -> object:
    """Return what an array without axes holds."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
