"""How long and how many: what a request may hold, looked at before anything else reads it.

A request's own size is bounded by the transport. Within it, texts are names and entries are few, so that whoever
compares, sorts or names them does so in little time. One walk over the message looks at all of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from google.protobuf.message import Message

from inspector.errors import LimitExceededError, join_fields
from inspector.types.given import MOST_ITEMS, MOST_NUMBERS
from inspector.wire.fields import Descriptor, Field, fields_of

MOST_CHARACTERS = 4_096
"""Of one text: a name, a label, an id, a value; as many as a model's own names have (Limits.max_name_bytes)."""

MOST: Mapping[str, int] = {
    "inspector.v1.CombinationTarget.targets": 64,
    "inspector.v1.Position.coordinates": 64,
    "inspector.v1.RegionTarget.index": 64,
    "inspector.v1.Tensor.shape": 64,
    "inspector.v1.Item.attributes": 64,
    "inspector.v1.Preprocessing.mean": 64,
    "inspector.v1.Preprocessing.std": 64,
    "inspector.v1.Preprocessing.assumed": 64,
}
"""Entries that a field takes, by its full name, where they are fewer than of others: a tensor has few axes."""

OWN = "inspector.v1."
MOST_VALUES = 1 << 28
"""Numbers of a field of another protocol, which may send tensors so: the message itself bounds them."""

MOST_OPTIONS = 256
"""Entries of a map whose values are messages: options and inputs, which have names of ours or of a model."""

MOST_DEPTH = 16
"""How deep messages lie in messages: of what is asked for, one within another."""

PLAIN = frozenset(f"inspector.v1.{name}" for name in ("Value", "Texts", "Numbers", "Position"))
"""Messages that stand for a plain value: an error about what they hold is about the field that has them."""

Check: TypeAlias = Callable[[Any, str, int], None]
"""(a field's value, the path to it, how deep it lies)"""


def require_bounded(message: Message) -> None:
    """Raise LimitExceededError, about the field, where a request holds a text too long or entries too many."""
    _require_bounded(message, "", 0)


def most_entries(field: Field) -> int:
    """Return how many entries a repeated field or a map takes."""
    few = MOST.get(field.full_name)
    if few is not None:
        return few
    if field.is_map:
        of_values = field.message.fields_by_name["value"].message_type
        return MOST_ITEMS if of_values is None else MOST_OPTIONS
    if field.message is not None or field.is_text:
        return MOST_ITEMS
    return MOST_NUMBERS if field.full_name.startswith(OWN) else MOST_VALUES


def _require_bounded(message: Any, path: str, depth: int) -> None:
    if depth > MOST_DEPTH:
        raise LimitExceededError(
            f"{path[:200]} lies more than {MOST_DEPTH} messages deep; give what is asked for in fewer.",
            field=path[:200],
        )
    is_plain = message.DESCRIPTOR.full_name in PLAIN
    for name, has_presence, check in _checks(message.DESCRIPTOR):
        if not has_presence or message.HasField(name):
            check(getattr(message, name), path if is_plain else join_fields(path, name), depth)


@functools.cache
def _checks(descriptor: Descriptor) -> tuple[tuple[str, bool, Check], ...]:
    """Return what looks at each field that can hold much: (its name, whether it has presence, what looks).

    Single bytes are not among them, so nobody asks a message for them, which is to copy them.
    """
    found = ((one, _check_of(one)) for one in fields_of(descriptor))
    return tuple((one.name, one.has_presence, check) for one, check in found if check is not None)


def _check_of(field: Field) -> Check | None:
    if field.is_map:
        return _map_check(field)
    each = _require_bounded if field.message is not None else _require_short if field.is_text else None
    if not field.is_repeated:
        return each
    most = most_entries(field)

    def check(values: Any, path: str, depth: int) -> None:
        _require_few(len(values), most, path)
        if each is not None:
            for index, value in enumerate(values):
                each(value, f"{path}[{index}]", depth + 1)

    return check


def _map_check(field: Field) -> Check:
    most = most_entries(field)
    held = field.message.fields_by_name["value"]
    is_message = held.message_type is not None

    def check(values: Any, path: str, depth: int) -> None:
        _require_few(len(values), most, path)
        for key, value in values.items():
            if isinstance(key, str):
                _require_short(key, path, depth)
            where = f"{path}[{key}]"
            if is_message:
                _require_bounded(value, where, depth + 1)
            elif isinstance(value, str):
                _require_short(value, where, depth)

    return check


def _require_short(text: str, path: str, _depth: int) -> None:
    if len(text) > MOST_CHARACTERS:
        raise LimitExceededError(
            f"{path[:200]} has {len(text):,} characters; at most {MOST_CHARACTERS:,} are taken: {text[:40]!r}…",
            field=path[:200],
        )


def _require_few(count: int, most: int, path: str) -> None:
    if count > most:
        raise LimitExceededError(f"{path} has {count:,} entries; at most {most:,} are taken.", field=path)
