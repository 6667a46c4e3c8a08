"""What goes wrong between client and server has a name, and says what to do."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from inspector.client import Client, ServerBusyError, ServerUnavailableError
from inspector.client.errors import error_of
from inspector.errors import (
    CancelledError,
    EngineError,
    InvalidInputError,
    InvalidModelError,
    LimitExceededError,
    NotFoundError,
)
from tests.support.patience import eventually
from tests.support.server import running_server
from tests.support.toys import BRIGHT, toy_endless, toy_image


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(
        tmp_path_factory.mktemp("models"), running_per_model=1, waiting_per_model=0
    ) as started:
        with Client(started.address) as client:
            client.upload(toy_endless(), name="endless")
        yield started


def test_nobody_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with Client(address) as client, pytest.raises(ServerUnavailableError, match=address):
        client.models()


def test_another_service_there():
    with ThreadPoolExecutor(1) as pool:
        other = grpc.server(pool)
        port = other.add_insecure_port("127.0.0.1:0")
        other.start()
        with Client(f"127.0.0.1:{port}") as client, pytest.raises(EngineError) as caught:
            client.models()
        assert caught.value.reason == "UNIMPLEMENTED"
        other.stop(None).wait()


def test_a_deadline(server):
    with Client(server.address, timeout=0.5) as client, pytest.raises(CancelledError) as caught:
        client.model("endless").predict(BRIGHT)
    assert caught.value.reason == "DEADLINE_EXCEEDED"


def test_a_busy_server(server):
    with Client(server.address) as client:
        gate = server.models.ready("endless")[1]
        assert eventually(lambda: gate.inside == 0)
        steps = client.model("endless").occlude_steps(BRIGHT)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(list, steps)
            assert eventually(lambda: gate.inside == 1)
            with pytest.raises(ServerBusyError) as caught:
                client.model("endless").predict(toy_image() * 0)
            client.close()
            assert isinstance(running.exception(), CancelledError)
    assert isinstance(caught.value, LimitExceededError)
    assert caught.value.retry_seconds == 1.0
    assert eventually(lambda: gate.inside == 0)


def test_a_reader_that_stops_early_ends_the_call(server):
    gate = server.models.ready("endless")[1]
    with Client(server.address) as client:
        steps = client.model("endless").occlude_steps(toy_image() * 0, size=3, stride=1, batch=1, fill=1e-9)
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
def test_an_error_is_that_of_the_python_api(server, ask, kind, reason):
    with Client(server.address) as client, pytest.raises(kind) as caught:
        ask(client)
    assert type(caught.value) is kind
    assert caught.value.reason == reason


def test_a_model_that_cannot_be_read_is_named(server, tmp_path):
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

    def trailing_metadata(self) -> tuple:
        return ()


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_every_code_is_an_error_even_without_details(code):
    error = error_of(Failed(code), address="here")
    assert "as it is" in error.message
    assert error.reason == code.name
