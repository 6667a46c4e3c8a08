"""Errors become statuses: a code, a message for people, and details for machines (google.rpc, AIP-193)."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from inspector.errors import (
    AlreadyExistsError,
    BusyError,
    CancelledError,
    ConflictError,
    DeadlineExceededError,
    DeviceError,
    EngineError,
    InspectorError,
    InvalidInputError,
    InvalidModelError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    ServerUnavailableError,
    UnauthenticatedError,
    UnsupportedOperatorError,
    UserError,
    kind_of,
)
from inspector.wire.peek import peek

DOMAIN = "inspector"

log = logging.getLogger(__name__)

_CODES: dict[type[InspectorError], grpc.StatusCode] = {
    UnsupportedOperatorError: grpc.StatusCode.UNIMPLEMENTED,
    InvalidModelError: grpc.StatusCode.INVALID_ARGUMENT,
    LimitExceededError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    InvalidInputError: grpc.StatusCode.INVALID_ARGUMENT,
    NotFoundError: grpc.StatusCode.NOT_FOUND,
    AlreadyExistsError: grpc.StatusCode.ALREADY_EXISTS,
    ConflictError: grpc.StatusCode.FAILED_PRECONDITION,
    DeviceError: grpc.StatusCode.FAILED_PRECONDITION,
    UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    PermissionDeniedError: grpc.StatusCode.PERMISSION_DENIED,
    UserError: grpc.StatusCode.INVALID_ARGUMENT,
    DeadlineExceededError: grpc.StatusCode.DEADLINE_EXCEEDED,
    CancelledError: grpc.StatusCode.CANCELLED,
    ServerUnavailableError: grpc.StatusCode.UNAVAILABLE,
    EngineError: grpc.StatusCode.INTERNAL,
    InspectorError: grpc.StatusCode.INTERNAL,
}
"""The code of an error is that of the nearest class in its ancestry."""


def code_of(error: InspectorError) -> grpc.StatusCode:
    """Return the status code of an error."""
    return next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)


def status_of(error: BaseException, *, resource: str = "") -> status_pb2.Status:
    """Return the status to send for an error that a call about a resource raised.

    What is no InspectorError is a bug: it is logged under an id, and only the id goes out.
    """
    if not isinstance(error, InspectorError):
        return _bug(error)
    if isinstance(error, EngineError):
        log.error("The engine failed: %s", error.message, exc_info=error)
    code = code_of(error)
    details: list[Message] = [_error_info(error)]
    if code is grpc.StatusCode.INVALID_ARGUMENT and error.field:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=_short(error.field, 200), description=_short(error.message, 500)
        )
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if isinstance(error, (NotFoundError, ConflictError)):
        kind, name = _short(error.field or "", 200), _short(resource, 200)
        details.append(error_details_pb2.ResourceInfo(resource_type=kind, resource_name=name))
    if isinstance(error, BusyError | ServerUnavailableError) and error.retry_seconds is not None:
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_seconds * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return _status(code, error.message, details)


def _error_info(error: InspectorError) -> error_details_pb2.ErrorInfo:
    metadata = {"kind": kind_of(error)} | ({"field": _short(error.field, 200)} if error.field else {})
    return error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata)


def _bug(error: BaseException) -> status_pb2.Status:
    mark = uuid.uuid4().hex
    log.error("Bug %s", mark, exc_info=error)
    info = error_details_pb2.ErrorInfo(
        reason="BUG", domain=DOMAIN, metadata={"kind": "EngineError", "id": mark}
    )
    message = (
        f"The server has a bug. Its log tells more under {mark}; please report it with that part of the log."
    )
    return _status(grpc.StatusCode.INTERNAL, message, [info])


def _status(code: grpc.StatusCode, message: str, details: list[Message]) -> status_pb2.Status:
    packed = []
    for detail in details:
        packed.append(AnyMessage())
        packed[-1].Pack(detail)
    # Statuses travel in HTTP/2 headers, which are small: what a model's names add to a message is cut.
    return status_pb2.Status(code=code.value[0], message=_short(message), details=packed)


def _short(text: str, limit: int = 1000) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def resource_of(request: object, method: str) -> str:
    """Return the name that a request, a message or its bytes, gives to what it is about; "" where it gives none."""
    texts = _texts(request, method) if isinstance(request, bytes) else None
    for name in ("name", "model", "collection", "model_id"):
        value = getattr(request, name, "") if texts is None else texts.get(name, "")
        if value:
            return str(value)
    return ""


def _texts(request: bytes, method: str) -> Mapping[str, str]:
    _, service, call = method.split("/")
    try:
        found = descriptor_pool.Default().FindMethodByName(f"{service}.{call}")
        return peek(request, found.input_type)
    except (KeyError, InspectorError):
        return {}
