"""Requests to messages and back."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.message import Message

from inspector.errors import InvalidInputError, nearest, unknown_name, within
from inspector.types.control import Control
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.requests.base import (
    OPTIONS,
    REQUESTS,
    ImagesRequest,
    Request,
    has_images,
    needs_images,
    request_fields,
    require_options,
)
from inspector.types.targets import as_target, as_targets
from inspector.wire.bounds import require_bounded
from inspector.wire.calls import RUN, Rpc, rpc_of
from inspector.wire.codec import given_fields, to_message
from inspector.wire.fields import Descriptor
from inspector.wire.hooks import value_of_message
from inspector.wire.images import images_of_messages, written_images
from inspector.wire.written import Written, with_entries

_DATA = ("inputs", "rendering")
"""Fields of every request about images that are no options of a verb."""


def request_to_bytes(
    request: Request[Any], control: Control, *, model: str, images: Sequence[Written] | None = None
) -> bytes:
    """Return the message that asks the model with that resource name, as it is sent; about `images`, where given."""
    message = _without_images(request, control, model=model)
    if images is None and isinstance(request, ImagesRequest) and has_images(request):
        images = written_images(request.images)
    if not images:
        return bytes(message.SerializeToString())
    return with_entries(message, _numbers(message.DESCRIPTOR)["images"], images)


def request_to_message(request: Request[Any], control: Control, *, model: str) -> Message:
    """Return the message that asks the model with that resource name."""
    return rpc_of(type(request)).request.FromString(request_to_bytes(request, control, model=model))


def _without_images(request: Request[Any], control: Control, *, model: str) -> Any:
    call = rpc_of(type(request))
    values: dict[str, Any] = {}
    if isinstance(request, ImagesRequest):
        values = {name: getattr(request, name) for name in _DATA}
    fields = {one.name: getattr(request, one.name) for one in request_fields(type(request))}
    message: Any = to_message(
        values | (fields if call.name != RUN else _by_name(request, fields)), call.request
    )
    message.model = model
    if "wants_partial" in _numbers(message.DESCRIPTOR):
        message.wants_partial = control.wants_partial
    return message


@functools.cache
def _numbers(descriptor: Descriptor) -> Mapping[str, int]:
    """Return the numbers of a message's fields by their names."""
    return {one.name: one.number for one in descriptor.fields}


def request_of_message(message: Any, call: Rpc) -> Request[Any]:
    """Return the request that a message asks; InvalidInputError names the field that is off.

    LimitExceededError names one that holds more than it takes.
    """
    require_bounded(message)
    kind = request_kind(message, call)
    names = [one.name for one in request_fields(kind)]
    values = given_fields(message, kind, only=[*names, *_DATA] if call.name != RUN else _DATA)
    if call.name == RUN:
        values |= _named(message, kind)
    if issubclass(kind, ImagesRequest):
        if not message.images and needs_images(kind):
            raise InvalidInputError(
                "The list of inputs is empty; give at least one image.", reason="MISSING", field="images"
            )
        if message.images:
            values["images"] = images_of_messages(message.images)
    require_options(kind, values)
    return kind(**values)


def request_kind(message: Any, call: Rpc) -> type[Request[Any]]:
    """Return which kind of request a message asks; NotFoundError names the nearest verbs."""
    name = message.verb if call.name == RUN else call.verb
    kind = REQUESTS.get(name)
    if kind is None:
        raise unknown_name("verb", name[:80], REQUESTS)
    return kind


def _by_name(request: Request[Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a RunRequest: the verb, its targets, and its other options by name."""
    target = _target_field(type(request))
    given = fields.pop(target, None) if target is not None else None
    targets = given if isinstance(given, tuple) else () if given is None else (given,)
    own = fields.pop(OPTIONS, {})
    for name in own:
        if name in fields or name == target:
            raise InvalidInputError(
                f"The option {name!r} has the name of one of the verb {request.verb!r}; it cannot be told apart there.",
                field=f"options[{name}]",
            )
    # A mapping that holds nothing says as much as one that is left out.
    fields = {name: value for name, value in fields.items() if not isinstance(value, Mapping) or value}
    return {"verb": request.verb, "targets": targets, "options": fields | own}


def _named(message: Any, kind: type[Request[Any]]) -> dict[str, Any]:
    """Return the fields of a verb's request from a RunRequest."""
    target = _target_field(kind)
    known = [one.name for one in request_fields(kind) if one.name != target]
    values: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in message.options.items():
        with within(f"options[{name}]", always=True):
            if name not in known and OPTIONS in known and name != target:
                own[name] = value_of_message(value)
                continue
            if name not in known:
                raise InvalidInputError(
                    f"The verb {kind.verb!r} has no option {name[:80]!r}; it has: {', '.join(known) or 'none'}."
                    f"{nearest(name[:80], known)}",
                    reason="UNKNOWN_OPTION",
                    field="",
                )
            values[name] = value_of_message(value)
    if own:
        values.setdefault(OPTIONS, own)
    _require_taken(message, kind, target)
    if target is not None:
        found = given_fields(message, AttributeRequest, only=["targets"]).get("targets", ())
        values[target] = found if _takes_several(kind) else (found[0] if found else None)
    return values


def _require_taken(message: Any, kind: type[Request[Any]], target: str | None) -> None:
    """Raise InvalidInputError for what the verb would not look at."""
    most = 0 if target is None else None if _takes_several(kind) else 1
    if most is not None and len(message.targets) > most:
        raise InvalidInputError(
            f"targets has {len(message.targets)} entries; the verb {kind.verb!r} takes {most or 'none'}.",
            field="targets",
        )
    if not issubclass(kind, ImagesRequest):
        for name in ("images", *_DATA):
            if getattr(message, name):
                raise InvalidInputError(
                    f"The verb {kind.verb!r} is about the model alone; give no {name}.", field=name
                )


def _target_field(kind: type[Request[Any]]) -> str | None:
    """Return the field of a request that says what is explained, if it has one."""
    return next((one.name for one in request_fields(kind) if one.take in (as_target, as_targets)), None)


def _takes_several(kind: type[Request[Any]]) -> bool:
    return any(one.take is as_targets for one in request_fields(kind))
