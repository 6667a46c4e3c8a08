"""Errors as statuses: a code, a reason, details; and as the same errors again at the client."""

from __future__ import annotations

import logging
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status

from inspector import errors
from inspector.errors import InspectorError
from inspector.isolation.failure import failure_from_json, failure_to_json
from inspector.service.status import resource_of, status_of
from inspector.v1.model_service_pb2 import GetModelRequest

Code = grpc.StatusCode

CODES = {
    errors.UserError: Code.INVALID_ARGUMENT,
    errors.InvalidModelError: Code.INVALID_ARGUMENT,
    errors.UnsupportedOperatorError: Code.UNIMPLEMENTED,
    errors.LimitExceededError: Code.RESOURCE_EXHAUSTED,
    errors.BusyError: Code.RESOURCE_EXHAUSTED,
    errors.InvalidInputError: Code.INVALID_ARGUMENT,
    errors.NotFoundError: Code.NOT_FOUND,
    errors.ConflictError: Code.FAILED_PRECONDITION,
    errors.AlreadyExistsError: Code.ALREADY_EXISTS,
    errors.DeviceError: Code.FAILED_PRECONDITION,
    errors.UnauthenticatedError: Code.UNAUTHENTICATED,
    errors.PermissionDeniedError: Code.PERMISSION_DENIED,
    errors.CancelledError: Code.CANCELLED,
    errors.DeadlineExceededError: Code.DEADLINE_EXCEEDED,
    errors.ServerUnavailableError: Code.UNAVAILABLE,
    errors.EngineError: Code.INTERNAL,
    errors.InspectorError: Code.INTERNAL,
}


def every_error() -> list[type[InspectorError]]:
    return [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, InspectorError)
    ]


def detail(
    status: Status, kind: type[BadRequest] | type[ErrorInfo] | type[ResourceInfo] | type[RetryInfo]
) -> BadRequest | ErrorInfo | ResourceInfo | RetryInfo:
    found = kind()
    return found if any(packed.Unpack(found) for packed in status.details) else None


@pytest.mark.parametrize("kind", every_error())
def test_every_error_has_its_code_and_reason(kind: type[Any]) -> None:
    status = status_of(kind("what was given, what is allowed"))
    info = detail(status, error_details_pb2.ErrorInfo)
    assert status.code == CODES[kind].value[0]
    assert status.message == "what was given, what is allowed"
    assert (info.reason, info.domain, info.metadata["kind"]) == (kind.reason, "inspector", kind.__name__)


@pytest.mark.parametrize("kind", every_error())
def test_every_error_crosses_the_border_of_a_process(kind: type[Any]) -> None:
    found: Any = failure_from_json(failure_to_json(kind("message", reason="REASON", field="field")))
    assert type(found) is kind
    assert (found.message, found.reason, found.field) == ("message", "REASON", "field")


def test_a_bad_field_is_named() -> None:
    status = status_of(errors.InvalidInputError("too many", field="images[3].tensor.shape"))
    violations = detail(status, error_details_pb2.BadRequest).field_violations
    assert [violation.field for violation in violations] == ["images[3].tensor.shape"]


def test_a_missing_resource_is_named() -> None:
    status = status_of(
        errors.NotFoundError("none", field="model"),
        resource=resource_of(GetModelRequest(name="models/x"), ""),
    )
    info = detail(status, error_details_pb2.ResourceInfo)
    assert (info.resource_type, info.resource_name) == ("model", "models/x")


def test_a_code_is_that_of_the_class_whatever_the_reason_is_called() -> None:
    for reason in ("MODEL_EXISTS", "DEADLINE_EXCEEDED"):
        error = errors.ConflictError("not now", reason=reason)
        assert status_of(error).code == Code.FAILED_PRECONDITION.value[0]
    error = errors.AlreadyExistsError("taken", reason="NAME_TAKEN")
    assert status_of(error).code == Code.ALREADY_EXISTS.value[0]


def test_a_class_from_elsewhere_has_the_code_and_the_name_of_its_nearest_ancestor() -> None:
    class LocalError(errors.AlreadyExistsError):
        pass

    status = status_of(LocalError("taken"))
    assert status.code == Code.ALREADY_EXISTS.value[0]
    assert detail(status, error_details_pb2.ErrorInfo).metadata["kind"] == "AlreadyExistsError"


def test_a_busy_server_says_when_to_come_again() -> None:
    status = status_of(errors.BusyError("full", retry_seconds=1.5))
    assert status.code == Code.RESOURCE_EXHAUSTED.value[0]
    assert detail(status, error_details_pb2.RetryInfo).retry_delay.ToMilliseconds() == 1500
    assert detail(status, error_details_pb2.ErrorInfo).metadata["kind"] == "BusyError"


def test_of_a_bug_only_its_id_goes_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        try:
            raise KeyError("a secret of the server")  # noqa: TRY301 (it must have been raised)
        except KeyError as error:
            status = status_of(error)
    mark = detail(status, error_details_pb2.ErrorInfo).metadata["id"]
    assert status.code == Code.INTERNAL.value[0]
    assert "secret" not in str(status)
    assert mark in status.message
    assert mark in caplog.text
    assert "a secret of the server" in caplog.text


def test_a_long_message_is_cut() -> None:
    """Statuses travel in headers, whose size is limited."""
    assert status_of(errors.InvalidInputError("x" * 10**6, field="y" * 10**6)).ByteSize() < 4000
