"""Messages with other values in their fields."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tools.fuzz.draw import Draw


def change(draw: Draw, message: Message, *, depth: int = 0) -> None:
    """Change one field of a message, or of one within it: mostly of those that are set."""
    given = [field for field, _ in message.ListFields()] if draw.chance(0.7) else []
    fields: list[Any] = given or list(message.DESCRIPTOR.fields)
    if not fields or depth > 8:
        return
    field = draw.pick(fields)
    if draw.chance(0.1):
        message.ClearField(field.name)
        return
    with suppress(ValueError, TypeError, OverflowError):  # what protobuf lets nobody write
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            _change_entry(draw, field, getattr(message, field.name), depth)
        elif field.is_repeated:
            _change_entries(draw, field, getattr(message, field.name), depth)
        elif field.message_type is not None:
            getattr(message, field.name).SetInParent()
            change(draw, getattr(message, field.name), depth=depth + 1)
        else:
            setattr(message, field.name, _value(draw, field))


def _change_entry(draw: Draw, field: Any, entries: Any, depth: int) -> None:
    key = draw.pick([*sorted(entries), draw.text()])
    value = field.message_type.fields_by_name["value"]
    if value.message_type is not None:
        change(draw, entries[key], depth=depth + 1)
    else:
        entries[key] = _value(draw, value)


def _change_entries(draw: Draw, field: FieldDescriptor, entries: Any, depth: int) -> None:
    if len(entries) and draw.chance(0.3):
        del entries[draw.below(len(entries))]
    elif field.message_type is not None:
        change(
            draw, draw.pick(entries) if len(entries) and draw.chance(0.7) else entries.add(), depth=depth + 1
        )
    elif len(entries) and draw.chance(0.5):
        entries[draw.below(len(entries))] = _value(draw, field)
    else:
        entries.extend(_value(draw, field) for _ in range(draw.pick((1, 2, 9))))


def _value(draw: Draw, field: FieldDescriptor) -> Any:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return draw.real()
        case FieldDescriptor.CPPTYPE_BOOL:
            return draw.chance(0.5)
        case FieldDescriptor.CPPTYPE_ENUM:
            return draw.below(9)
        case FieldDescriptor.CPPTYPE_STRING:
            words = ("relu1", "conv2", "scores", "saliency", "rise", "lrp", "FP32", "INT8", "BOOL", "predict")
            return (
                draw.bytes(200)
                if field.type == FieldDescriptor.TYPE_BYTES
                else draw.pick((*words, draw.text()))
            )
    return draw.whole()
