"""Calls go round the servers of one name, as docs/scaling.md says; by default they stay with one."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from inspector.client import Client, Endpoint
from inspector.service.server import Server
from tests.support.server import running_server
from tests.support.toys import toy_cnn

NAMES = ("first", "second")
CALLS = 10


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Server, ExitStack, str]]:
    """Two servers that have one name, localhost, on both of its addresses: each with a model named as itself.

    With them comes what ends the second, and the address of both.
    """
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("there is no ::1, which localhost is to gRPC beside 127.0.0.1")
    for name in NAMES:
        (tmp_path / name / name).mkdir(parents=True)
        (tmp_path / name / name / "model.onnx").write_bytes(toy_cnn())
    with running_server(tmp_path / NAMES[0]) as first, ExitStack() as ending:
        port = first.address.rpartition(":")[2]
        ending.enter_context(running_server(tmp_path / NAMES[1], address=f"[::1]:{port}"))
        yield first, ending, f"localhost:{port}"


def answering(client: Client) -> list[str]:
    """Return which server answered each of some calls, once both are connected."""
    client.models()
    time.sleep(0.5)
    return [client.models()[0].name for _ in range(CALLS)]


def test_calls_go_round_all_servers_of_a_name(servers: tuple[Server, ExitStack, str]) -> None:
    _, ending, address = servers
    with Client(Endpoint(address, balancing="round_robin")) as client:
        found = answering(client)
        assert {found.count(name) for name in NAMES} == {CALLS // 2}
        ending.close()
        assert set(answering(client)) == {NAMES[0]}


def test_calls_stay_with_one_server_by_default(servers: tuple[Server, ExitStack, str]) -> None:
    with Client(servers[2]) as client:
        assert len(set(answering(client))) == 1
