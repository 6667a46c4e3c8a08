"""What descriptors say of messages' fields."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple, TypeAlias

Descriptor: TypeAlias = Any
EnumDescriptor: TypeAlias = Any
"""Of protobuf, which has them in two implementations."""

RENAMED = {"datatype": "dtype", "default_value": "default"}
"""Fields of messages whose names in Python are others."""


class Field(NamedTuple):
    """What a descriptor says of a field, asked once."""

    name: str
    python: str
    """Its name in the dataclass."""
    full_name: str
    is_map: bool
    is_repeated: bool
    is_text: bool
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
            is_text=one.type == one.TYPE_STRING,
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
