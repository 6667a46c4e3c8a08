"""Statuses become the errors of `inspector.errors`, the same that the Python API raises."""

from __future__ import annotations

from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from inspector import errors
from inspector.errors import (
    CancelledError,
    ConflictError,
    EngineError,
    InspectorError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
)


class ServerUnavailableError(InspectorError):
    """The server cannot be reached, or is about to end."""

    reason = "UNAVAILABLE"


class ServerBusyError(LimitExceededError):
    """Too many calls wait at the server; the same call may succeed after `retry_seconds`."""

    reason = "BUSY"

    def __init__(self, message: str, *, reason: str | None = None, field: str | None = None) -> None:
        super().__init__(message, reason=reason, field=field)
        self.retry_seconds = 1.0


_BY_CODE: dict[grpc.StatusCode, type[InspectorError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidInputError,
    grpc.StatusCode.OUT_OF_RANGE: InvalidInputError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: ConflictError,
    grpc.StatusCode.FAILED_PRECONDITION: ConflictError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: LimitExceededError,
    grpc.StatusCode.CANCELLED: CancelledError,
    grpc.StatusCode.DEADLINE_EXCEEDED: CancelledError,
    grpc.StatusCode.UNAVAILABLE: ServerUnavailableError,
}
"""For statuses without details, which gRPC itself makes."""


def error_of(call: Any, *, address: str) -> InspectorError:
    """Return the error that a failed call stands for."""
    code, message = call.code(), call.details() or ""
    if code is grpc.StatusCode.UNAVAILABLE:
        return ServerUnavailableError(
            f"No inspector answers at {address}: {message}. Is it running (inspector serve), and is this its address?"
        )
    status = _status(call)
    info = error_details_pb2.ErrorInfo()
    if status is None or not _take(status, info):
        return _BY_CODE.get(code, EngineError)(message, reason=code.name)
    field = info.metadata.get("field")
    retry = error_details_pb2.RetryInfo()
    if _take(status, retry):
        busy = ServerBusyError(message, reason=info.reason, field=field)
        busy.retry_seconds = retry.retry_delay.ToTimedelta().total_seconds()
        return busy
    kind = getattr(errors, info.metadata.get("kind", ""), EngineError)
    return kind(message, reason=info.reason, field=field)


def _status(call: Any) -> status_pb2.Status | None:
    try:
        return rpc_status.from_call(call)
    except ValueError:  # the details are not those of this status
        return None


def _take(
    status: status_pb2.Status, detail: error_details_pb2.ErrorInfo | error_details_pb2.RetryInfo
) -> bool:
    return any(packed.Unpack(detail) for packed in status.details)
