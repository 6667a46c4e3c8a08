"""The few types whose messages differ from their structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from fractions import Fraction
from typing import Any

import numpy as np
from google.protobuf import message_factory

from inspector.errors import InvalidInputError, in_brief, within
from inspector.types.dtypes import dtype_of
from inspector.types.given import as_items, as_numbers, as_texts, require_text
from inspector.types.layers import Dim
from inspector.types.notes import Note
from inspector.types.receptive_field import AxisField, ReceptiveField
from inspector.types.targets import KINDS, Span, Target
from inspector.v1 import model_pb2, target_pb2, tensor_pb2, value_pb2
from inspector.wire.codec import HOOKS, SCALARS, Hook, of_message, to_message
from inspector.wire.tensors import finite_tensor_of_message, tensor_of_message, tensor_to_message

_FIELDS: Any = target_pb2.Target.DESCRIPTOR.fields_by_name
_TARGETS: Mapping[str, tuple[type[Any], Any]] = {
    name: (kind, message_factory.GetMessageClass(_FIELDS[name].message_type)) for kind, name in KINDS.items()
}


def _target_to_message(target: Target) -> target_pb2.Target:
    name = KINDS[type(target)]
    with within(name, always=True):
        return target_pb2.Target(**{name: to_message(target, _TARGETS[name][1])})


def _target_of_message(message: target_pb2.Target) -> Target:
    name = message.WhichOneof("target")
    if name is None:
        raise InvalidInputError(
            f"The target is empty; set one of {', '.join(_TARGETS)}.", reason="MISSING", field=""
        )
    with within(name, always=True):
        found: Target = of_message(getattr(message, name), _TARGETS[name][0])
        return found


def value_to_message(value: object) -> value_pb2.Value:
    """Return the message of an option's value or a table's cell; InvalidInputError for what none can hold."""
    try:
        match value:
            case None:
                return value_pb2.Value()
            case bool() | np.bool_():
                return value_pb2.Value(flag=bool(value))
            case int() | np.integer():
                return value_pb2.Value(integer=int(value))
            case float() | np.floating():
                return value_pb2.Value(number=float(value))
            case str():
                return value_pb2.Value(text=value)
            case np.ndarray() if value.ndim > 1:
                return value_pb2.Value(tensor=tensor_to_message(value))
            case np.ndarray() if value.ndim == 0:
                return value_to_message(value.item())
    except (TypeError, ValueError, InvalidInputError) as error:
        raise _unsendable(value) from error
    texts = as_texts(value) if isinstance(value, Set) else None
    items = as_items(value) if texts is None else texts
    if items and all(isinstance(one, str) for one in items):
        return value_pb2.Value(texts=value_pb2.Texts(values=_encodable(items)))
    numbers = None if items is None else as_numbers(items)
    if numbers is None:
        raise _unsendable(value)
    return value_pb2.Value(numbers=value_pb2.Numbers(values=numbers))


def _encodable(texts: Sequence[str]) -> list[str]:
    return [require_text(text, field=f"[{index}]") for index, text in enumerate(texts)]


def value_of_message(message: value_pb2.Value) -> Any:
    """Return the value of an option or a cell; None where nothing is set."""
    kind = message.WhichOneof("value")
    if kind is None:
        return None
    if kind in ("numbers", "texts"):
        return tuple(getattr(message, kind).values)
    if kind == "tensor":
        with within("tensor"):
            return finite_tensor_of_message(message.tensor)
    return getattr(message, kind)


def _unsendable(value: object) -> InvalidInputError:
    return InvalidInputError(
        f"{in_brief(value)} cannot be sent; allowed are numbers, texts, true and false, sequences of numbers or of "
        "texts, and arrays.",
        reason="INVALID_OPTION",
        field="",
    )


def _dimension_to_message(size: Dim) -> model_pb2.Dimension:
    return model_pb2.Dimension(size=size) if isinstance(size, int) else model_pb2.Dimension(symbol=size)


def _dimension_of_message(message: model_pb2.Dimension) -> Dim:
    kind = message.WhichOneof("dimension")
    found: Dim = None if kind is None else getattr(message, kind)
    return found


def _axis_to_message(axis: AxisField) -> model_pb2.AxisField:
    windows = axis.windows or ()
    return model_pb2.AxisField(
        size=axis.size,
        stride=_fraction_to_message(axis.stride),
        offset=_fraction_to_message(axis.offset),
        extent=axis.extent,
        first=[first for first, _ in windows],
        last=[last for _, last in windows],
    )


def _axis_of_message(message: model_pb2.AxisField) -> AxisField:
    return AxisField(
        size=message.size,
        stride=_fraction_of_message(message.stride),
        offset=_fraction_of_message(message.offset),
        extent=message.extent if message.HasField("extent") else None,
        windows=tuple(zip(message.first, message.last, strict=True)) or None,
    )


def _field_to_message(field: ReceptiveField) -> model_pb2.ReceptiveField:
    """Rows and columns have fields of their own; other numbers of axes are listed."""
    axes = [_axis_to_message(axis) for axis in field.axes]
    places = (
        []
        if field.places == tuple(range(len(axes)))
        else [-1 if one is None else one for one in field.places]
    )
    if len(axes) == 2:
        return model_pb2.ReceptiveField(rows=axes[0], columns=axes[1], places=places)
    return model_pb2.ReceptiveField(axes=axes, places=places)


def _field_of_message(message: model_pb2.ReceptiveField) -> ReceptiveField:
    axes = message.axes or (message.rows, message.columns)
    places = tuple(None if one < 0 else one for one in message.places)
    return ReceptiveField(tuple(map(_axis_of_message, axes)), places)


def _fraction_to_message(number: Fraction) -> model_pb2.Fraction:
    return model_pb2.Fraction(numerator=number.numerator, denominator=number.denominator)


def _fraction_of_message(message: model_pb2.Fraction) -> Fraction:
    return Fraction(message.numerator, message.denominator)


def _span_of_message(message: target_pb2.Span) -> Span:
    return Span(*(getattr(message, end) if message.HasField(end) else None for end in ("start", "stop")))


_HOOKS: Mapping[Any, Hook] = {
    tensor_pb2.Tensor: Hook(tensor_to_message, tensor_of_message),
    target_pb2.Target: Hook(_target_to_message, _target_of_message),
    target_pb2.Span: Hook(lambda span: target_pb2.Span(start=span.start, stop=span.stop), _span_of_message),
    value_pb2.Value: Hook(value_to_message, value_of_message),
    value_pb2.Note: Hook(
        lambda note: value_pb2.Note(id=note.id, text=note), lambda message: Note(message.text, id=message.id)
    ),
    model_pb2.Dimension: Hook(_dimension_to_message, _dimension_of_message),
    model_pb2.AxisField: Hook(_axis_to_message, _axis_of_message),
    model_pb2.ReceptiveField: Hook(_field_to_message, _field_of_message),
}
for _message, _hook in _HOOKS.items():
    HOOKS.add(_message.DESCRIPTOR.full_name, _hook)

SCALARS.add("Dtype", dtype_of)
