"""Statuses become the errors of `inspector.errors`, the same that the Python API raises."""

from __future__ import annotations

from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from inspector.errors import (
    KINDS,
    AlreadyExistsError,
    BusyError,
    CancelledError,
    ConflictError,
    DeadlineExceededError,
    EngineError,
    InspectorError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    ServerUnavailableError,
    UnauthenticatedError,
)

_BY_CODE: dict[grpc.StatusCode, type[InspectorError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidInputError,
    grpc.StatusCode.OUT_OF_RANGE: InvalidInputError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
    grpc.StatusCode.FAILED_PRECONDITION: ConflictError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: LimitExceededError,
    grpc.StatusCode.CANCELLED: CancelledError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.UNAVAILABLE: ServerUnavailableError,
    grpc.StatusCode.UNAUTHENTICATED: UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDeniedError,
}
"""For statuses without details, which gRPC itself makes, and for kinds that only a newer server knows."""

_TOO_MANY = "Concurrent RPC limit exceeded"
"""What gRPC says where a server answers as many calls as it may: with the code of a message that is too large."""


def error_of(call: Any, *, address: str) -> InspectorError:
    """Return the error that a failed call stands for."""
    code, message = call.code(), call.details() or ""
    by_code = _BY_CODE.get(code, EngineError)
    status = _status(call)
    info = error_details_pb2.ErrorInfo()
    if status is None or not _take(status, info):
        if code is grpc.StatusCode.UNAVAILABLE:
            return ServerUnavailableError(
                f"No inspector answers at {address}: {message}. Is it running (inspector serve), and is this its "
                "address?",
                retry_seconds=0.0,  # whoever answers next may be well
            )
        if _TOO_MANY in message:
            return BusyError(message, reason=code.name)
        return by_code(message, reason=code.name)
    kind = KINDS.get(info.metadata.get("kind", ""), by_code)
    error = kind(message, reason=info.reason, field=info.metadata.get("field"))
    retry = error_details_pb2.RetryInfo()
    if isinstance(error, BusyError | ServerUnavailableError) and _take(status, retry):
        error.retry_seconds = retry.retry_delay.ToTimedelta().total_seconds()
    return error


def is_answer(call: Any) -> bool:
    """Return whether an inspector said that the call failed, and not gRPC on the way to it."""
    return _status(call) is not None


def _status(call: Any) -> status_pb2.Status | None:
    try:
        return rpc_status.from_call(call)
    except ValueError:  # the details are not those of this status
        return None


def _take(
    status: status_pb2.Status, detail: error_details_pb2.ErrorInfo | error_details_pb2.RetryInfo
) -> bool:
    return any(packed.Unpack(detail) for packed in status.details)
