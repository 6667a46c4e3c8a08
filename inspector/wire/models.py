"""Models of a server to messages and back, and what a caller overrides of a model's preprocessing."""

from __future__ import annotations

import dataclasses
from typing import Any

from inspector.errors import InvalidInputError, within
from inspector.types.given import require_text
from inspector.types.preprocessing import Preprocessing, PreprocessingLike, flatten
from inspector.types.presets import require_preset
from inspector.types.served_model import ServedModel
from inspector.v1 import model_pb2
from inspector.wire.codec import given_fields, of_message, to_message
from inspector.wire.names import MODELS, name_of

PREFIX = name_of(MODELS, "")
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
    """Return the id of a model that is named by it or by its resource name; InvalidInputError for what is no text."""
    return require_text(model, field="name").removeprefix(PREFIX)


def model_to_message(model: ServedModel) -> model_pb2.Model:
    """Return the message of a model."""
    message = to_message(model, model_pb2.Model)
    message.name = PREFIX + model.name
    return message


def model_of_message(message: model_pb2.Model) -> ServedModel:
    """Return a model."""
    found = of_message(message, ServedModel)
    return dataclasses.replace(found, name=found.name.removeprefix(PREFIX))


def override_to_message(given: PreprocessingLike | None) -> model_pb2.Preprocessing | None:
    """Return the message of what a caller gives for preprocessing; a key that it lacks keeps what was found."""
    if given is None:
        return None
    flat = flatten(given)
    for name in flat:
        if name not in OVERRIDABLE:
            raise InvalidInputError(
                f"{name} is told of a preprocessing, not given; allowed: {', '.join(OVERRIDABLE)}.",
                field=f"preprocessing.{name}",
            )
    with within("preprocessing", always=True):
        return to_message(flat, model_pb2.Preprocessing)


def override_of_message(message: model_pb2.Preprocessing, *, preset: str = "") -> dict[str, Any]:
    """Return the keys of a preprocessing that a caller overrides, among them "preset" where one is named."""
    with within("preprocessing", always=True):
        given = given_fields(message, Preprocessing, only=OVERRIDABLE)
    if not preset:
        return given
    require_preset(preset, field="preset")
    return {"preset": preset, **given}
