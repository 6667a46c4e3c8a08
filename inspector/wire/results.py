"""Results to messages and back."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from inspector.errors import EngineError
from inspector.registry import Registry
from inspector.types.control import Progress
from inspector.types.requests.base import Request, result_kind
from inspector.types.results.base import KINDS, Result, name_of_kind
from inspector.v1 import result_pb2
from inspector.wire import hooks as _hooks  # noqa: F401 — conversions register themselves
from inspector.wire.calls import RUN, Rpc
from inspector.wire.codec import HOOKS, Hook, fill, of_message, to_message

OTHER_KINDS: Registry[type[Result], type[Message]] = Registry("message of a result")
"""The messages of kinds that an extension brings; they travel in `Result.other`."""

_RESULT: Any = result_pb2.Result.DESCRIPTOR


def response_of(call: Rpc, *, result: Result | None = None, progress: Progress | None = None) -> Message:
    """Return the message that carries how far it is, with what is known of the result so far, or at last the result."""
    response: Any = call.response()
    if progress is not None:
        response.progress.done, response.progress.total = progress.done, progress.total
        if progress.partial is not None and has_partial(call):
            _write_result(response.partial, progress.partial, call)
    if result is not None:
        _write_result(response.result, result, call)
    return response  # type: ignore[no-any-return]


def has_partial(call: Rpc) -> bool:
    """Return whether a call can tell what is known of its result before it is complete."""
    return "partial" in call.response.DESCRIPTOR.fields_by_name


def progress_of_response(response: Any, request: Request[Any], call: Rpc) -> Progress | None:
    """Return how far it is, where a message says it."""
    fields = response.DESCRIPTOR.fields_by_name
    if "progress" not in fields or not response.HasField("progress"):
        return None
    known = "partial" in fields and response.HasField("partial")
    partial = _result_of_message(response.partial, type(request), call) if known else None
    return Progress(done=response.progress.done, total=response.progress.total, partial=partial)


def result_of_response(response: Any, request: Request[Any], call: Rpc) -> Any:
    """Return the result that a message carries, or None."""
    return _result_of_message(response.result, type(request), call) if response.HasField("result") else None


def _write_result(place: Any, result: Result, call: Rpc) -> None:
    """Write a result where it is sent from: maps are megabytes, which a message of its own would hold once more."""
    if call.name != RUN:
        fill(place, result)
        return
    _write_any(place, result)


def _write_any(place: Any, result: Result) -> None:
    """Write a result of any kind."""
    name = name_of_kind(type(result))
    if name in _RESULT.fields_by_name:
        fill(getattr(place, name), result)
        return
    other = OTHER_KINDS.get(type(result))
    if other is None:
        raise EngineError(
            f"A result of the kind {type(result).__name__} has no message: register one in OTHER_KINDS.",
            reason="NO_MESSAGE",
        )
    place.other.Pack(to_message(result, other))


def _result_of_message(message: Any, request: type[Request[Any]], call: Rpc) -> Result:
    if call.name != RUN:
        return of_message(message, result_kind(request))
    return _read_any(message)


def _read_any(message: Any) -> Result:
    """Read a result of any kind."""
    name = message.WhichOneof("kind")
    if name != "other":
        kind = KINDS.get(name or "")
        if kind is None:
            raise EngineError(
                "The server sent a kind of result that this client does not know; renew the client."
            )
        return of_message(getattr(message, name), kind)
    for kind, made_of in OTHER_KINDS.items():
        made = made_of()
        if message.other.Unpack(made):
            return of_message(made, kind)
    raise EngineError(f"The server sent a {message.other.type_url}, which no extension here knows.")


def _to_message(result: Result) -> Message:
    message = result_pb2.Result()
    _write_any(message, result)
    return message


HOOKS.add(_RESULT.full_name, Hook(_to_message, _read_any))
