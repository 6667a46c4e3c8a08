"""What gRPC is told of connections, and the end of one of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from inspector.service.connections import DESCRIPTORS, close_connection, grpc_options, most_calls
from inspector.service.settings import Settings
from tests.support.patience import PATIENCE, eventually
from tests.support.raw_http2 import raw_connection
from tests.support.server import running_server


@contextmanager
def connected(host: str, *, listening: str | None = None) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a connection: ours, as a server has it, and the caller's."""
    family = socket.AF_INET6 if ":" in (listening or host) else socket.AF_INET
    with socket.socket(family) as listener:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((listening or host, 0))
        listener.listen()
        with socket.create_connection((host, listener.getsockname()[1]), timeout=PATIENCE) as theirs:
            ours, _ = listener.accept()
            with ours:
                yield ours, theirs


@pytest.mark.parametrize(
    ("host", "listening", "form"),
    [
        ("127.0.0.1", None, "ipv4:127.0.0.1:{}"),
        ("127.0.0.1", "::", "ipv4:127.0.0.1:{}"),  # as gRPC listens
        ("::1", None, "ipv6:%5B::1%5D:{}"),  # as gRPC writes it
        ("::1", None, "ipv6:[::1]:{}"),
    ],
)
def test_a_connection_is_closed_by_its_other_end(host: str, listening: str | None, form: str) -> None:
    if ":" in (listening or host) and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with connected(host, listening=listening) as (_, theirs), connected("127.0.0.1") as (_, another):
        before = len(list(DESCRIPTORS.iterdir()))
        assert close_connection(form.format(theirs.getsockname()[1]))
        assert theirs.recv(1) == b""
        another.setblocking(False)
        with pytest.raises(BlockingIOError):
            another.recv(1)
        assert len(list(DESCRIPTORS.iterdir())) == before


@pytest.mark.parametrize(
    "peer", ["ipv4:127.0.0.1:1", "ipv4:127.0.0.1", "unix:/tmp/x", "", "ipv4:x:y", "ipv4:1:²"]
)
def test_what_is_no_connection_is_none(peer: str) -> None:
    assert not close_connection(peer)


def test_gRPC_is_told_what_the_settings_say() -> None:  # noqa: N802
    options = dict(grpc_options(Settings(max_connections=7, keepalive_seconds=1e9, max_message_bytes=1000)))
    assert options["grpc.max_allowed_incoming_connections"] == 7
    assert options["grpc.keepalive_time_ms"] == 2**31 - 1
    assert options["grpc.max_receive_message_length"] == 1000
    assert options["grpc.enable_channelz"] == 0
    assert all(isinstance(value, int) and 0 <= value < 2**31 for value in options.values())
    assert most_calls(Settings(max_concurrent_rpcs=10, max_health_rpcs=5)) > 15


@pytest.fixture
def strict_address(tmp_path: Path) -> Iterator[str]:
    settings: dict[str, Any] = {
        "max_connections": 3,
        "connection_idle_seconds": 0.5,
        "connection_age_seconds": 3.0,
        "handshake_seconds": 0.5,
        "keepalive_seconds": 1.0,
        "keepalive_answer_seconds": 1.0,
    }
    with running_server(tmp_path, **settings) as server:
        yield server.address


def test_silent_idle_and_too_many_connections_are_closed(strict_address: str) -> None:
    host, _, port = strict_address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as silent:
        while silent.recv(100):  # the server says hello, and then goodbye
            pass
    with raw_connection(strict_address) as idle:
        assert idle.is_closed()
    with ExitStack() as stack:
        held = [stack.enter_context(raw_connection(strict_address)) for _ in range(6)]
        for connection in held:
            connection.pump(0.1)
        assert sum(connection.closed for connection in held) >= 3
    assert eventually(lambda: answers(strict_address))


def answers(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        try:
            call: Any = channel.unary_unary("/grpc.health.v1.Health/Check")
            call(b"", timeout=PATIENCE)
        except grpc.RpcError:
            return False
        return True
