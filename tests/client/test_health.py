"""The health check of containers and scripts."""

from __future__ import annotations

import subprocess
import sys

import pytest
from grpc_health.v1 import health_pb2

from inspector.client import ServerUnavailableError
from inspector.client.health import SERVING, STATES, check_health, main
from inspector.errors import NotFoundError
from inspector.service.server import SERVICES
from tests.support.server import running_server

NOBODY = "127.0.0.1:1"
"""A port on which nothing listens."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    (folder / "sleeper").mkdir()
    with running_server(folder) as server:
        yield server.address


def test_the_numbers_are_those_of_the_protocol():
    assert {number: name for name, number in health_pb2.HealthCheckResponse.ServingStatus.items()} == STATES


@pytest.mark.parametrize("name", ["", *SERVICES])
def test_a_server_that_serves(address, name):
    assert check_health(address, name=name) == SERVING


def test_a_model_that_is_not_loaded(address):
    assert check_health(address, name="models/sleeper") == "NOT_SERVING"


def test_an_unknown_name(address):
    with pytest.raises(NotFoundError):
        check_health(address, name="models/none")


def test_nobody_answers():
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
def test_the_exit_code(address, monkeypatch, capsys, name, code, out, err):
    monkeypatch.setattr(sys, "argv", ["health", address, name])
    assert main() == code
    printed = capsys.readouterr()
    assert printed.out == out
    assert err in printed.err


def test_as_a_program():
    command = [sys.executable, "-m", "inspector.client.health", NOBODY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(f"No inspector answers at {NOBODY}")
