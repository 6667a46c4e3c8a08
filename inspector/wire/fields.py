"""What descriptors say of messages' fields, and how many entries these take."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from inspector.errors import LimitExceededError

Descriptor: TypeAlias = Any
EnumDescriptor: TypeAlias = Any
"""Of protobuf, which has them in two implementations."""

RENAMED = {"datatype": "dtype", "default_value": "default"}
"""Fields of messages whose names in Python are others."""

MOST: Mapping[str, int] = {
    "inspector.v1.CombinationTarget.targets": 64,
    "inspector.v1.Position.coordinates": 64,
    "inspector.v1.RegionTarget.index": 64,
    "inspector.v1.Texts.values": 10_000,
}
"""How many entries fields take that lie below a request's own, by full name; a tensor has few axes."""


class Field(NamedTuple):
    """What a descriptor says of a field, asked once."""

    name: str
    python: str
    """Its name in the dataclass."""
    full_name: str
    is_map: bool
    is_repeated: bool
    has_presence: bool
    message: Any
    enum: Any


@functools.cache
def fields_of(descriptor: Descriptor) -> tuple[Field, ...]:
    """Return the fields of a message."""
    return tuple(
        Field(
            name=one.name,
            python=RENAMED.get(one.name, one.name),
            full_name=one.full_name,
            is_map=one.message_type is not None and bool(one.message_type.GetOptions().map_entry),
            is_repeated=bool(one.is_repeated),
            has_presence=bool(one.has_presence),
            message=one.message_type,
            enum=one.enum_type,
        )
        for one in descriptor.fields
    )


def wrapped_field(descriptor: Descriptor) -> Field | None:
    """Return the field of a message that is nothing but one repeated field, or None."""
    fields = fields_of(descriptor)
    return fields[0] if len(fields) == 1 and fields[0].is_repeated and not fields[0].is_map else None


def require_few(field: Field, count: int) -> None:
    """Raise LimitExceededError where a field has more entries than MOST says."""
    most = MOST.get(field.full_name)
    if most is not None and count > most:
        raise LimitExceededError(f"{field.name} has {count:,} entries; at most {most:,} are taken.", field="")
