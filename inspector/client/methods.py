"""What a server tells of its attribution methods, and what is given for their options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inspector.client.tensors import tensor_from_wire, tensor_to_wire
from inspector.errors import InvalidInputError
from inspector.types.layers import FoundRectifier
from inspector.types.options import POLICIES, MethodInfo, OptionInfo
from inspector.v1 import method_pb2, model_pb2

_TYPES = {
    kind.number: kind.name.removeprefix("OPTION_TYPE_").lower()
    for kind in method_pb2.OptionType.DESCRIPTOR.values[1:]
}
_POLICIES = OptionInfo(name=POLICIES, types=(POLICIES,), default=None)


def method_from_wire(message: method_pb2.Method) -> MethodInfo:
    """Return a method."""
    return MethodInfo(
        name=message.name,
        title=message.title,
        description=message.description,
        options=tuple(_option(option) for option in message.options),
    )


def options_to_wire(options: Mapping[str, object]) -> dict[str, method_pb2.OptionValue]:
    """Return the messages of a method's options; what no message can hold is refused by name."""
    return {name: _to_wire(name, value) for name, value in options.items()}


def policies_to_wire(policies: Mapping[str, str] | None) -> dict[str, str]:
    """Return what is sent of policies by layer."""
    found: dict[str, str] | None = _POLICIES.check(policies or None)
    return found or {}


def rectifier_from_wire(message: model_pb2.Rectifier) -> FoundRectifier:
    """Return a rectifier."""
    return FoundRectifier(name=message.name, layer=message.layer, layers=tuple(message.layers))


def _option(message: method_pb2.MethodOption) -> OptionInfo:
    return OptionInfo(
        name=message.name,
        types=tuple(_TYPES[kind] for kind in message.types if kind in _TYPES),
        default=_from_wire(message.default_value),
        choices=tuple(message.choices),
    )


def _from_wire(message: method_pb2.OptionValue) -> Any:
    kind = message.WhichOneof("value")
    if kind is None:
        return None
    if kind == "numbers":
        return tuple(message.numbers.values)
    return tensor_from_wire(message.tensor) if kind == "tensor" else getattr(message, kind)


def _to_wire(name: str, value: object) -> method_pb2.OptionValue:
    try:
        match value:
            case None:
                return method_pb2.OptionValue()
            case bool() | np.bool_():
                return method_pb2.OptionValue(flag=bool(value))
            case int() | np.integer():
                return method_pb2.OptionValue(integer=int(value))
            case float() | np.floating():
                return method_pb2.OptionValue(number=float(value))
            case str():
                return method_pb2.OptionValue(text=value)
            case np.ndarray() if value.ndim > 1:
                return method_pb2.OptionValue(tensor=tensor_to_wire(value))
            case np.ndarray() | Sequence() if not isinstance(value, bytes):
                return method_pb2.OptionValue(numbers=method_pb2.Numbers(values=list(value)))
    except (TypeError, ValueError, InvalidInputError) as error:
        raise _unsendable(name, value) from error
    raise _unsendable(name, value)


def _unsendable(name: str, value: object) -> InvalidInputError:
    shown = repr(value) if len(repr(value)) <= 60 else type(value).__name__
    return InvalidInputError(
        f"{name} is {shown}, which cannot be sent; allowed are numbers, texts, true and false, sequences of numbers, "
        "and arrays.",
        reason="INVALID_OPTION",
        field=f"options.{name}",
    )
