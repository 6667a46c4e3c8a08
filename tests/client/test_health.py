"""The health check of containers and scripts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from grpc_health.v1 import health_pb2

from inspector.client import ServerUnavailableError
from inspector.client.health import SERVING, STATES, check_health, main
from inspector.errors import NotFoundError
from inspector.service.services import NAMES
from tests.support.server import running_server

NOBODY = "127.0.0.1:1"
"""A port on which nothing listens."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("models")
    (folder / "sleeper").mkdir()
    with running_server(folder) as server:
        yield server.address


def test_the_numbers_are_those_of_the_protocol() -> None:
    assert {number: name for name, number in health_pb2.HealthCheckResponse.ServingStatus.items()} == STATES


@pytest.mark.parametrize("name", ["", *NAMES])
def test_a_server_that_serves(address: str, name: str) -> None:
    assert check_health(address, name=name) == SERVING


def test_a_model_that_is_not_loaded(address: str) -> None:
    assert check_health(address, name="models/sleeper") == "NOT_SERVING"


def test_an_unknown_name(address: str) -> None:
    with pytest.raises(NotFoundError):
        check_health(address, name="models/none")


def test_nobody_answers() -> None:
    with pytest.raises(ServerUnavailableError, match=NOBODY):
        check_health(NOBODY)


@pytest.mark.parametrize(
    ("name", "code", "out", "err"),
    [
        ("", 0, "SERVING\n", ""),
        ("models/sleeper", 1, "NOT_SERVING\n", ""),
        ("models/none", 1, "", "models/none"),
    ],
)
def test_the_exit_code(
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    code: int,
    out: str,
    err: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["health", address, name])
    assert main() == code
    printed = capsys.readouterr()
    assert printed.out == out
    assert err in printed.err


def test_as_a_program() -> None:
    command = [sys.executable, "-m", "inspector.client.health", NOBODY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"No inspector answers at {NOBODY}")
