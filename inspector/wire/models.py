"""Models of a server to messages and back, and what a caller overrides of a model's preprocessing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from inspector.errors import InvalidInputError, within
from inspector.types.preprocessing import Preprocessing, flatten, require_known_keys
from inspector.types.served_model import ServedModel
from inspector.v1 import model_pb2
from inspector.wire.codec import given_fields, of_message, to_message

PREFIX = "models/"
OVERRIDABLE = tuple(
    field.name
    for field in dataclasses.fields(Preprocessing)
    if field.name not in ("dtype", "source", "assumed")
)
"""What a caller may say of a preprocessing; the rest is told by the server."""


def resource_name(model: str) -> str:
    """Return the resource name of a model that is named by it or by its id: "models/demo" for either."""
    return PREFIX + model_id(model)


def model_id(model: str) -> str:
    """Return the id of a model that is named by it or by its resource name."""
    return model.removeprefix(PREFIX)


def model_to_message(model: ServedModel) -> model_pb2.Model:
    """Return the message of a model."""
    message = to_message(model, model_pb2.Model)
    message.name = PREFIX + model.name
    return message


def model_of_message(message: model_pb2.Model) -> ServedModel:
    """Return a model."""
    found = of_message(message, ServedModel)
    return dataclasses.replace(found, name=found.name.removeprefix(PREFIX))


def override_to_message(mapping: Mapping[str, Any] | None) -> model_pb2.Preprocessing | None:
    """Return the message of a preprocessing in its JSON form; a key that it lacks keeps what was found."""
    if mapping is None:
        return None
    flat = flatten(mapping)
    require_known_keys(flat)
    for name in flat:
        if name not in OVERRIDABLE:
            raise InvalidInputError(
                f"{name} is told of a preprocessing, not given; allowed: {', '.join(OVERRIDABLE)}.",
                field=f"preprocessing.{name}",
            )
    with within("preprocessing", always=True):
        return to_message(flat, model_pb2.Preprocessing)


def override_of_message(message: model_pb2.Preprocessing) -> dict[str, Any]:
    """Return the keys of a preprocessing that a caller overrides."""
    with within("preprocessing", always=True):
        return given_fields(message, Preprocessing, only=OVERRIDABLE)
