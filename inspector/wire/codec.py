"""Conversions by structure: a dataclass and the message whose fields have its fields' names.

What a field holds is read from the dataclass's annotations. A tuple is a repeated field, a mapping a map, None an
optional field that is unset; a tuple that may be None is a message of one repeated field; a Literal or a StrEnum is an
enum whose values end in its words. The few types that differ have hooks (`inspector.wire.hooks`). Every error names
the true path of the field that it is about: `images[1]`, `targets[1].output_class.position`.

What descriptors and annotations say is read once per type, into a function per field.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from google.protobuf.message import Message

from inspector.errors import InspectorError, InvalidInputError, in_brief, located, within
from inspector.registry import Registry
from inspector.types.dtypes import datatype_of
from inspector.wire.fields import Descriptor, EnumDescriptor, Field, fields_of, wrapped_field

M = TypeVar("M", bound=Message)
T = TypeVar("T")

WRITTEN: Mapping[str, Callable[[Any], Any]] = {"datatype": datatype_of}
"""Fields of messages whose words in Python are others."""


class Hook(NamedTuple):
    """How one type of message is written and read, where structure does not say it."""

    write: Callable[[Any], Message]
    read: Callable[[Any], Any]


HOOKS: Registry[str, Hook] = Registry("conversion")
"""By the full name of the message's type."""

SCALARS: Registry[str, Callable[[Any], Any]] = Registry("reading of a scalar")
"""By the name of the annotation: scalars that are spelled otherwise in Python."""


def to_message(value: Any, kind: type[M]) -> M:
    """Return the message of a dataclass, or of a dict; InvalidInputError for what no message can hold."""
    hook = HOOKS.get(kind.DESCRIPTOR.full_name)
    if hook is not None:
        return hook.write(value)  # type: ignore[return-value]
    message = kind()
    _fill(message, value)
    return message


def fill(place: Message, value: Any) -> None:
    """Write a dataclass into a message that is part of another, which it is a part of then; errors as `to_message`."""
    _filler(place.DESCRIPTOR)(place, value)


def of_message(message: Message, kind: type[T]) -> T:
    """Return the dataclass that a message holds; InvalidInputError names the field that is off."""
    key: Any = kind
    found: T = _reader(message.DESCRIPTOR, key)(message)
    return found


def given_fields(message: Message, kind: type[Any], *, only: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the fields of `kind` that a message sets, so that what it leaves out keeps its default."""
    key: Any = kind
    return _given(message, _getters(message.DESCRIPTOR, key, None if only is None else tuple(only)))


@functools.cache
def _getters(descriptor: Descriptor, kind: Any, only: tuple[str, ...] | None) -> tuple[Getter, ...]:
    """Return how the fields of a message are read that `kind` has, or those of them that are wanted."""
    hints = _hints(kind)
    known = [one for one in fields_of(descriptor) if one.python in hints]
    return tuple(_getter(one, hints[one.python]) for one in known if only is None or one.python in only)


def fields_given(message: Message, hints: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a message sets, of those that have an annotation."""
    wanted = [one for one in fields_of(message.DESCRIPTOR) if one.python in hints]
    return _given(message, tuple(_getter(one, hints[one.python]) for one in wanted))


# --- writing

Put = Callable[[Any, Any], None]
"""(a message, what a field of it is to hold)"""


def _fill(message: Message, value: Any) -> None:
    wrapped, putters = _putters(message.DESCRIPTOR)
    if wrapped is not None and not hasattr(value, wrapped):
        value = {wrapped: value}
    is_dict = isinstance(value, dict)
    for name, python, put in putters:
        item = value.get(python) if is_dict else getattr(value, python, None)
        if item is not None:
            try:
                put(message, item)
            except InspectorError as error:
                raise located(error, name)  # noqa: B904 — the same error
            except (TypeError, ValueError) as error:
                text = f"{name} is {in_brief(item)}, which cannot be sent: {error}."
                raise InvalidInputError(text, field=name) from error


@functools.cache
def _putters(descriptor: Descriptor) -> tuple[str | None, tuple[tuple[str, str, Put], ...]]:
    wrapped = wrapped_field(descriptor)
    putters = tuple((one.name, one.python, _putter(one)) for one in fields_of(descriptor))
    return None if wrapped is None else wrapped.name, putters


def _putter(field: Field) -> Put:
    """Return what writes an item into a field."""
    name = field.name
    if field.is_map or (field.is_repeated and field.message is not None):
        return _putter_of_several(field)
    if field.is_repeated:
        words = field.enum

        def extend(message: Any, item: Any) -> None:
            getattr(message, name).extend(
                item if words is None else [_enum_value(words, one) for one in item]
            )

        return extend
    if field.message is not None:
        write = _filler(field.message)
        return lambda message, item: write(getattr(message, name), item)
    if field.enum is not None:
        kind = field.enum
        return lambda message, item: setattr(message, name, _enum_value(kind, item))
    if name in WRITTEN:
        spell = WRITTEN[name]
        return lambda message, item: setattr(message, name, spell(item))
    return lambda message, item: setattr(message, name, item)


def _putter_of_several(field: Field) -> Put:
    """Return what writes items into a map, or into a repeated field of messages."""
    name = field.name
    of_values = field.message.fields_by_name["value"].message_type if field.is_map else field.message

    def put(message: Any, item: Any) -> None:
        place = getattr(message, name)
        if of_values is None:
            place.update(item)
            return
        write = _filler(of_values)
        for key, one in item.items() if field.is_map else enumerate(item):
            with within(f"[{key}]", always=True):
                write(place[key] if field.is_map else place.add(), one)

    return put


@functools.cache
def _filler(descriptor: Descriptor) -> Put:
    """Return what writes into a message that is part of another."""
    hook = HOOKS.get(descriptor.full_name)
    if hook is not None:
        write = hook.write
        return lambda place, item: place.CopyFrom(write(item))

    def write_into(place: Any, item: Any) -> None:
        place.SetInParent()
        _fill(place, item)

    return write_into


def _enum_value(kind: EnumDescriptor, word: str) -> int:
    numbers = {known: number for number, known in _words(kind).items()}
    found = numbers.get(word.lower()) if isinstance(word, str) else None
    if found is None:
        raise InvalidInputError(
            f"{in_brief(word, long='a {}')} is not among {', '.join(numbers)}.",
            reason="UNKNOWN_ENUM",
            field="",
        )
    return found


# --- reading

Read = Callable[[Any], Any]
"""What a field holds in a message -> what it holds in Python."""


class Getter(NamedTuple):
    """How one field of a dataclass is read."""

    name: str
    python: str
    is_set: Callable[[Any], bool] | None
    """(the message) -> whether it sets the field; None where it always does."""
    read: Read


def _given(message: Any, getters: Sequence[Getter]) -> dict[str, Any]:
    found = {}
    for name, python, is_set, read in getters:
        if is_set is None or is_set(message):
            try:
                found[python] = read(getattr(message, name))
            except InspectorError as error:
                raise located(error, name)  # noqa: B904 — the same error
    return found


@functools.cache
def _reader(descriptor: Descriptor, hint: Any) -> Read:
    """Return what reads a message as an annotation says."""
    hook = HOOKS.get(descriptor.full_name)
    if hook is not None:
        return functools.partial(_hooked, hook.read, descriptor.name)
    kind = _origin(hint)
    wrapped = wrapped_field(descriptor)
    if wrapped is not None and not dataclasses.is_dataclass(kind):
        read, name = _field_reader(wrapped, hint), wrapped.name
        return lambda message: read(getattr(message, name))
    if not isinstance(kind, type):
        raise TypeError(f"A message {descriptor.full_name} cannot be read as {hint}.")
    return _dataclass_reader(descriptor, kind)


def _hooked(read: Read, name: str, message: Any) -> Any:
    try:
        return read(message)
    except (ValueError, ArithmeticError) as error:
        raise InvalidInputError(f"The {name} is malformed: {error}.", field="") from error


def _dataclass_reader(descriptor: Descriptor, kind: Any) -> Read:
    hints = _hints(kind)
    fields = {one.python: one for one in fields_of(descriptor)}
    getters = tuple(_getter(one, hints[name]) for name, one in fields.items() if name in hints)
    absent: dict[str, Any] = {}
    always = []
    for name, hint in hints.items():
        if not _has_default(kind, name):
            if _is_optional(hint):
                absent[name] = None
            elif name in fields:
                always.append(_getter(fields[name], hint)._replace(is_set=None))

    def read(message: Any) -> Any:
        values = _given(message, getters)
        if len(values) < len(getters):
            values = absent | _given(message, [one for one in always if one.python not in values]) | values
        return kind(**values)

    return read


def _getter(field: Field, hint: Any) -> Getter:
    name, is_set = field.name, None
    if field.is_repeated:

        def is_set(message: Any) -> bool:
            return len(getattr(message, name)) > 0

    elif field.has_presence:

        def is_set(message: Any) -> bool:
            return bool(message.HasField(name))

    elif field.enum is not None:

        def is_set(message: Any) -> bool:
            return bool(getattr(message, name))

    return Getter(name, field.python, is_set, _field_reader(field, hint))


def _field_reader(field: Field, hint: Any) -> Read:
    """Return what reads a field's value."""
    inner = _inner(hint)
    if field.is_map:
        of_values = field.message.fields_by_name["value"]
        read = _value_reader(of_values.message_type, of_values.enum_type, get_args(inner)[1])
        return lambda value: {key: _at(read, one, key) for key, one in value.items()}
    if not field.is_repeated:
        return _value_reader(field.message, field.enum, inner)
    if field.message is None and field.enum is None:
        return tuple
    read = _value_reader(field.message, field.enum, get_args(inner)[0] if get_args(inner) else Any)

    return lambda value: tuple(_at(read, one, index) for index, one in enumerate(value))


def _value_reader(message: Descriptor | None, enum: EnumDescriptor | None, hint: Any) -> Read:
    if message is not None:
        # Made when first needed: a type may hold others of its own kind.
        return _reader(message, hint)
    if enum is not None:
        return functools.partial(_word, enum)
    return SCALARS.get(getattr(hint, "__name__", "")) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _word(enum: EnumDescriptor, value: int) -> str:
    words = _words(enum)
    if value not in words:
        known = ", ".join(f"{word} ({number})" for number, word in words.items())
        raise InvalidInputError(f"The value is {value}; known are {known}.", reason="UNKNOWN_ENUM", field="")
    return words[value]


def _at(read: Read, value: Any, key: object) -> Any:
    try:
        return read(value)
    except InspectorError as error:
        raise located(error, f"[{key}]")  # noqa: B904 — the same error


# --- what annotations say


@functools.cache
def _prefix(kind: EnumDescriptor) -> str:
    unspecified: str = kind.values_by_number[0].name
    return unspecified.removesuffix("UNSPECIFIED")


@functools.cache
def _words(kind: EnumDescriptor) -> Mapping[int, str]:
    return {one.number: one.name.removeprefix(_prefix(kind)).lower() for one in kind.values if one.number}


@functools.cache
def _hints(kind: Any) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    if dataclasses.is_dataclass(kind):
        return {one.name: hints[one.name] for one in dataclasses.fields(kind)}
    return hints


def _has_default(kind: type[Any], name: str) -> bool:
    if not dataclasses.is_dataclass(kind):
        return name in getattr(kind, "_field_defaults", {})
    field = kind.__dataclass_fields__[name]
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


@functools.cache
def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint)


@functools.cache
def _inner(hint: Any) -> Any:
    """Return an annotation without its None."""
    if not _is_optional(hint):
        return hint
    members = [one for one in get_args(hint) if one is not NoneType]
    return members[0] if len(members) == 1 else Union[tuple(members)]  # noqa: UP007 — made of a list


def _origin(hint: Any) -> Any:
    return get_origin(hint) or hint
