"""Attribution methods to the wire, and what is given for their options from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from inspector.errors import InvalidInputError
from inspector.service.convert.tensors import tensor_from_wire, tensor_to_wire
from inspector.types.layers import FoundRectifier
from inspector.types.options import (
    FLAG,
    INTEGER,
    NUMBER,
    NUMBERS,
    POLICIES,
    TENSOR,
    TEXT,
    MethodInfo,
    OptionInfo,
)
from inspector.v1 import method_pb2, model_pb2

TYPES: Mapping[str, method_pb2.OptionType] = {
    INTEGER: method_pb2.OPTION_TYPE_INTEGER,
    NUMBER: method_pb2.OPTION_TYPE_NUMBER,
    TEXT: method_pb2.OPTION_TYPE_TEXT,
    FLAG: method_pb2.OPTION_TYPE_FLAG,
    NUMBERS: method_pb2.OPTION_TYPE_NUMBERS,
    TENSOR: method_pb2.OPTION_TYPE_TENSOR,
    POLICIES: method_pb2.OPTION_TYPE_POLICIES,
}


def method_to_wire(method: MethodInfo) -> method_pb2.Method:
    """Return the message of a method."""
    return method_pb2.Method(
        name=method.name,
        title=method.title,
        description=method.description,
        options=[_option(option) for option in method.options],
    )


def _option(option: OptionInfo) -> method_pb2.MethodOption:
    return method_pb2.MethodOption(
        name=option.name,
        types=[TYPES[kind] for kind in option.types],
        default_value=_value(option.default),
        choices=option.choices,
    )


def _value(value: object) -> method_pb2.OptionValue:
    match value:
        case None:
            return method_pb2.OptionValue()
        case bool():
            return method_pb2.OptionValue(flag=value)
        case int():
            return method_pb2.OptionValue(integer=value)
        case float():
            return method_pb2.OptionValue(number=value)
        case str():
            return method_pb2.OptionValue(text=value)
        case np.ndarray():
            return method_pb2.OptionValue(tensor=tensor_to_wire(value))
        case tuple() | list():
            return method_pb2.OptionValue(numbers=method_pb2.Numbers(values=value))
    raise TypeError(f"No message holds {value!r}.")


def options_from_wire(options: Mapping[str, method_pb2.OptionValue], *, method: MethodInfo) -> dict[str, Any]:
    """Return what is given for a method's options; InvalidInputError for one that it does not have."""
    for name in options:
        if POLICIES in method.option(name).types:
            raise InvalidInputError(
                f"{name!r} is no entry of options: set the field policies, which maps layers to policies.",
                reason="INVALID_OPTION",
                field=f"options.{name}",
            )
    return {name: _given(value, field=f"options.{name}") for name, value in options.items()}


def _given(message: method_pb2.OptionValue, *, field: str) -> object:
    kind = message.WhichOneof("value")
    if kind is None:
        return None
    if kind == "numbers":
        return tuple(message.numbers.values)
    if kind == "tensor":
        return tensor_from_wire(message.tensor, field=field)
    return getattr(message, kind)


def rectifier_to_wire(rectifier: FoundRectifier) -> model_pb2.Rectifier:
    """Return the message of a rectifier."""
    return model_pb2.Rectifier(name=rectifier.name, layer=rectifier.layer, layers=rectifier.layers)
