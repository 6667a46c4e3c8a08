"""What goes wrong between client and server has a name, and says what to do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from inspector.client import BusyError, Client, ServerUnavailableError
from inspector.client.errors import error_of
from inspector.errors import (
    KINDS,
    CancelledError,
    EngineError,
    InvalidInputError,
    InvalidModelError,
    LimitExceededError,
    NotFoundError,
)
from inspector.service.server import Server
from inspector.service.status import status_of
from inspector.types.control import Progress
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.requests.occlude import OccludeRequest
from tests.support.patience import eventually
from tests.support.server import free_port, ready_model, running_server, server_process
from tests.support.toys import BRIGHT, toy_cnn, toy_endless, toy_image


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(
        tmp_path_factory.mktemp("models"), running_per_model=1, waiting_per_model=0
    ) as started:
        with Client(started.address) as client:
            client.upload(toy_endless(), name="endless")
        yield started


def test_nobody_there() -> None:
    address = f"127.0.0.1:{free_port()}"
    with Client(address) as client, pytest.raises(ServerUnavailableError, match=address):
        client.models()


def test_another_service_there() -> None:
    with ThreadPoolExecutor(1) as pool:
        other = grpc.server(pool)
        port = other.add_insecure_port("127.0.0.1:0")
        other.start()
        with Client(f"127.0.0.1:{port}") as client, pytest.raises(EngineError) as caught:
            client.models()
        assert caught.value.reason == "UNIMPLEMENTED"
        other.stop(None).wait()


def test_a_deadline(server: Server) -> None:
    with Client(server.address, timeout=0.5) as client, pytest.raises(CancelledError) as caught:
        client.model("endless").predict(BRIGHT)
    assert caught.value.reason == "DEADLINE_EXCEEDED"


def test_a_busy_server(server: Server) -> None:
    with Client(server.address, retries=0) as client:
        gate = ready_model(server, "endless")[1]
        assert eventually(lambda: gate.inside == 0)
        steps = client.model("endless").steps(OccludeRequest(images=BRIGHT))
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(list, steps)
            assert eventually(lambda: gate.inside == 1)
            with pytest.raises(BusyError) as caught:
                client.model("endless").predict(toy_image() * 0)
            client.close()
            assert isinstance(running.exception(), CancelledError)
    assert isinstance(caught.value, LimitExceededError)
    assert caught.value.retry_seconds == 1.0
    assert eventually(lambda: gate.inside == 0)


def test_a_call_that_ends_well_is_no_cancelled_one_to_the_server(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with Client(server.address) as client, caplog.at_level(logging.INFO):
        model = client.model("endless")
        request = OccludeRequest(images=toy_image() * 0, size=(5,), fill=(1e-9,))
        for _ in range(20):
            model.ask(request)
        assert eventually(lambda: len(occlusions(caplog)) == 20)
    assert all(" OK " in f"{line} " for line in occlusions(caplog))


def occlusions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage() for record in caplog.records if "InspectionService/Occlude" in record.getMessage()
    ]


def test_a_server_that_dies_in_the_middle_is_told(tmp_path: Path) -> None:
    with server_process(tmp_path) as (process, address), Client(address) as client:
        client.upload(toy_cnn(), name="toy")
        request = AttributeRequest(images=toy_image(), method="rise", options={"masks": 10**15})
        steps = client.model("toy").steps(request)
        assert isinstance(next(steps), Progress)
        process.kill()
        with pytest.raises(ServerUnavailableError):
            list(steps)
        with pytest.raises(ServerUnavailableError):
            client.model("toy")
    assert not [thread for thread in threading.enumerate() if thread.name == "inspector-steps"]


def test_a_reader_that_stops_early_ends_the_call(server: Server) -> None:
    gate = ready_model(server, "endless")[1]
    with Client(server.address) as client:
        request = OccludeRequest(images=toy_image() * 0, size=(3,), stride=(1,), batch=1, fill=(1e-9,))
        steps = client.model("endless").steps(request)
        next(steps)
        steps.close()
        assert eventually(lambda: gate.inside == 0)


@pytest.mark.parametrize(
    ("ask", "kind", "reason"),
    [
        (lambda client: client.model("endles"), NotFoundError, "MODEL_NOT_FOUND"),
        (lambda client: client.model("no name"), InvalidInputError, "INVALID_NAME"),
        (lambda client: client.upload(b"no model", name="new"), InvalidModelError, "INVALID_MODEL"),
        (lambda client: client.collection("none").info(), NotFoundError, "COLLECTION_NOT_FOUND"),
    ],
    ids=["unknown model", "bad name", "no model", "unknown collection"],
)
def test_an_error_is_that_of_the_python_api(
    server: Server, ask: Callable[..., Any], kind: type[Any], reason: str
) -> None:
    with Client(server.address) as client, pytest.raises(kind) as caught:
        ask(client)
    assert type(caught.value) is kind
    assert caught.value.reason == reason


def test_a_model_that_cannot_be_read_is_named(server: Server, tmp_path: Path) -> None:
    with Client(server.address) as client, pytest.raises(InvalidModelError, match="none.onnx"):
        client.upload(tmp_path / "none.onnx")


class Failed:
    """A failed call as gRPC itself makes it, without details."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "as it is"

    def trailing_metadata(self) -> tuple[Any, ...]:
        return ()


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_code_is_an_error_even_without_details(code: grpc.StatusCode) -> None:
    error = error_of(Failed(code), address="here")
    assert "as it is" in error.message
    assert error.reason == code.name


class FailedWith(Failed):
    """A failed call with the details that the service sends."""

    def __init__(self, status: status_pb2.Status) -> None:
        super().__init__(next(code for code in grpc.StatusCode if code.value[0] == status.code))
        self._status = status

    def details(self) -> str:
        return self._status.message

    def trailing_metadata(self) -> tuple[Any, ...]:
        return (_Metadatum("grpc-status-details-bin", self._status.SerializeToString()),)


class _Metadatum(NamedTuple):
    key: str
    value: bytes


@pytest.mark.parametrize("kind", KINDS.values())
def test_every_kind_comes_back_as_it_was_raised(kind: type[Any]) -> None:
    error = error_of(FailedWith(status_of(kind("message", reason="REASON", field="field"))), address="here")
    assert type(error) is kind
    assert (error.message, error.reason, error.field) == ("message", "REASON", "field")


def test_a_busy_server_says_when_to_come_again() -> None:
    error = error_of(FailedWith(status_of(BusyError("full", retry_seconds=2.5))), address="here")
    assert isinstance(error, BusyError)
    assert error.retry_seconds == 2.5


@pytest.mark.parametrize("name", ["QuotaExceededError", "within", "Iterable", ""])
def test_a_kind_of_a_newer_server_is_that_of_its_code(name: str) -> None:
    status = status_of(LimitExceededError("too large"))
    info = error_details_pb2.ErrorInfo(reason="QUOTA", domain="inspector", metadata={"kind": name})
    status.details[0].Pack(info)
    error = error_of(FailedWith(status), address="here")
    assert type(error) is LimitExceededError
    assert error.reason == "QUOTA"
