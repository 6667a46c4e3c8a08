"""Options of verbs and methods: plain data, the same in process and from a service.

An option has one or more types, after what its value may be:
integer, number, text, flag (true or false), numbers (a sequence), texts (a sequence), tensor (a float array of two or
more axes), and policies (a mapping from layers to policies). "other" has a reader of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

from inspector.errors import InspectorError, InvalidInputError, in_brief, located, nearest
from inspector.types.given import as_flag, as_integer, as_number, as_numbers, as_texts

INTEGER, NUMBER, TEXT, FLAG = "integer", "number", "text", "flag"
NUMBERS, TEXTS, TENSOR, POLICIES, OTHER = "numbers", "texts", "tensor", "policies", "other"

_WORDS = {
    INTEGER: "an integer",
    NUMBER: "a number",
    TEXT: "a text",
    FLAG: "true or false",
    NUMBERS: "several numbers",
    TEXTS: "several texts",
    TENSOR: "a float array of two or more axes",
    POLICIES: "a mapping from layers to policies",
    OTHER: "another value",
}
TYPES = tuple(_WORDS)

PICTURES = ("saliency", "signed", "heat", "projection")
"""How a method's maps are drawn: as magnitude; summed over channels in signed colors; as heat; in their own colors."""

_NO: Any = object()
"""No value: what was given is of another type."""


@dataclass(frozen=True, kw_only=True)
class OptionInfo:
    """One option of a method."""

    name: str
    types: tuple[str, ...]
    """Some of TYPES."""
    default: Any
    """None is allowed only where it is the default."""
    choices: tuple[str, ...] = ()
    """The texts that are allowed, where not all are; for policies, the names of those."""
    help: str = ""
    """What it means, for people."""

    @property
    def allowed(self) -> str:
        """What may be given, for people."""
        words = [_WORDS[kind] for kind in self.types if not (kind == TEXT and self.choices)]
        texts = self.choices if TEXT in self.types else ()
        return ", ".join([*texts, *(["or " + " or ".join(words)] if texts and words else words)])

    def check(self, value: object, *, field: str | None = None) -> Any:
        """Return a value as the method takes it; InvalidInputError about `field` says what is allowed."""
        if value is None and self.default is None:
            return None
        for kind in self.types:
            found = self._taken(kind, value, field)
            if found is not _NO and (kind != TEXT or not self.choices or found in self.choices):
                return found
        raise self._refusal(value, field)

    def read(self, text: str) -> Any:
        """Return the value that a text stands for: `12`, `0.5`, `true`, `0.1,0.2,0.3` or a word."""
        for kind in self.types:
            found = _READ[kind](text) if kind in _READ else _NO
            if found is not _NO and (kind != TEXT or not self.choices or found in self.choices):
                return found
        raise self._refusal(text, None)

    def _taken(self, kind: str, value: object, field: str | None) -> Any:
        try:
            return _TAKE[kind](value)
        except InspectorError as error:
            raise located(error, f"options[{self.name}]" if field is None else field) from None

    def _refusal(self, value: object, field: str | None) -> InvalidInputError:
        near = nearest(value, self.choices if TEXT in self.types else ())
        shown = in_brief(value, long="{} of another kind")
        return InvalidInputError(
            f"{self.name} is {shown}; allowed: {self.allowed}.{near}",
            reason="INVALID_OPTION",
            field=f"options[{self.name}]" if field is None else field,
        )


@dataclass(frozen=True, kw_only=True)
class Card:
    """What people should know of a method or a verb before they believe it; docs/methods.md is made of the cards."""

    formula: str
    """What is computed, as an equation or a short procedure."""
    source: str
    """The paper and its section, with its arXiv number where it has one."""
    shows: str
    """What can be read off the result."""
    hides: str
    """What cannot, and how the result misleads."""
    cost: str
    """In forward passes of one image, such as "1 forward and 1 backward pass (about 3 forward passes)"."""


@dataclass(frozen=True, kw_only=True)
class VerbInfo:
    """Something that can be asked of a model."""

    name: str
    description: str
    """What it does, in one sentence."""
    options: tuple[OptionInfo, ...]
    result: str
    """The kind of result that answers it, by its name on the wire."""
    takes_images: bool
    card: Card | None = None
    """What should be known of it, where it says so."""


@dataclass(frozen=True, kw_only=True)
class MethodInfo:
    """One attribution method."""

    name: str
    title: str
    """Its full name and its source."""
    description: str
    """What it computes, in one sentence."""
    options: tuple[OptionInfo, ...] = ()
    picture: str = "saliency"
    """The way its maps are drawn: "saliency", "projection", "heat" or "signed"."""
    caution: str | None = None
    """What must be said beside its pictures."""
    card: Card | None = None
    """What should be known of it, where it says so."""

    def option(self, name: str, *, field: str | None = None) -> OptionInfo:
        """Return the option of that name; InvalidInputError about `field` names those that exist, and the nearest."""
        known = {option.name: option for option in self.options}
        if name not in known:
            raise InvalidInputError(
                f"The method {self.name!r} has no option {name!r}; it has: {', '.join(known) or 'none'}."
                + nearest(name, known),
                reason="UNKNOWN_OPTION",
                field=f"options[{name}]" if field is None else field,
            )
        return known[name]


_HINTS: Mapping[Any, str] = {
    bool: FLAG,
    int: INTEGER,
    float: NUMBER,
    str: TEXT,
    Literal: TEXT,
    np.ndarray: TENSOR,
    Mapping: POLICIES,
}
"""The type of an option by its annotation."""


def option_of(name: str, hint: Any, default: object) -> OptionInfo:
    """Return an option as its annotation says it; an annotation that says none of the types is OTHER."""
    members = [member for member in _members(hint) if member is not NoneType]
    types = tuple(dict.fromkeys(map(_type_of, members)))
    choices = tuple(text for member in members if get_origin(member) is Literal for text in get_args(member))
    return OptionInfo(name=name, types=types, default=default, choices=choices)


def _type_of(hint: Any) -> str:
    if (get_origin(hint) or hint) in (tuple, Sequence):
        of = next(iter(get_args(hint)), None)
        return TEXTS if of is str else NUMBERS if of in (int, float) else OTHER
    return _HINTS.get(get_origin(hint) or hint, OTHER)


def _members(hint: Any) -> Iterator[Any]:
    """Yield what a union is made of, or the hint itself."""
    if get_origin(hint) in (Union, UnionType):
        for member in get_args(hint):
            yield from _members(member)
    else:
        yield hint


def _or_none(read: Callable[[object], Any]) -> Callable[[object], Any]:
    """Return a reader that says of another type's value that it is none."""

    def take(value: object) -> Any:
        found = read(value)
        return _NO if found is None else found

    return take


def _text(value: object) -> Any:
    return value if isinstance(value, str) else _NO


def _tensor(value: object) -> Any:
    is_tensor = isinstance(value, np.ndarray) and value.ndim > 1 and np.issubdtype(value.dtype, np.floating)
    return value if is_tensor else _NO


def _policies(value: object) -> Any:
    if not isinstance(value, Mapping):
        return _NO
    return dict(value) if all(isinstance(text, str) for pair in value.items() for text in pair) else _NO


_TAKE: Mapping[str, Callable[[Any], Any]] = {
    INTEGER: _or_none(as_integer),
    NUMBER: _or_none(as_number),
    TEXT: _text,
    FLAG: _or_none(as_flag),
    NUMBERS: _or_none(as_numbers),
    TEXTS: _or_none(as_texts),
    TENSOR: _tensor,
    POLICIES: _policies,
    OTHER: lambda value: value,
}


def _read_number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return _NO


def _read_integer(text: str) -> Any:
    try:
        found = as_integer(int(text))
    except ValueError:
        found = as_integer(_read_number(text))
    return _NO if found is None else found


def _read_numbers(text: str) -> Any:
    found = [_read_number(part) for part in text.split(",")]
    return _NO if _NO in found else tuple(found)


_READ: Mapping[str, Callable[[str], Any]] = {
    INTEGER: _read_integer,
    NUMBER: _read_number,
    TEXT: _text,
    FLAG: lambda text: {"true": True, "false": False}.get(text.lower(), _NO),
    NUMBERS: _read_numbers,
    TEXTS: lambda text: tuple(text.split(",")),
}
