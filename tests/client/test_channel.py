"""What a connection does besides calls: how often it asks, to whom it speaks, and what is compressed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, get_args

import numpy as np
import pytest

from inspector.client import Client, Endpoint
from inspector.client.backend import WireBackend
from inspector.client.channel import Compression
from inspector.errors import BusyError, InvalidInputError
from inspector.face.model import Model
from inspector.types.results.predictions import Predictions
from inspector.wire.results import response_of
from tests.support.scripted import RPCS, scripted_server


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"retries": -1}, "retries"),
        ({"retries": 101}, "retries"),
        ({"retries": "many"}, "retries"),
        ({"retries": True}, "retries"),
        ({"keepalive_seconds": 1}, "keepalive_seconds"),
        ({"keepalive_seconds": "often"}, "keepalive_seconds"),
        ({"balancing": "random"}, "balancing"),
        ({"compression": 3}, "compression"),
    ],
    ids=str,
)
def test_what_no_connection_does_is_refused(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Endpoint("localhost:1", **given)
    assert caught.value.field == field


def test_what_connections_do() -> None:
    options = dict(Endpoint("localhost:1", keepalive_seconds=45, balancing="round_robin").options())
    assert options["grpc.keepalive_time_ms"] == 45_000
    assert "round_robin" in options["grpc.service_config"]
    assert "grpc.keepalive_time_ms" not in dict(Endpoint("localhost:1", keepalive_seconds=None).options())


def test_calls_go_in_turn_to_all_addresses_of_a_name() -> None:
    with scripted_server() as first, scripted_server() as second:
        address = f"ipv4:{first.address},{second.address}"
        for balancing, least in (("round_robin", 2), ("pick_first", 0)):
            for script in (first, second):
                script.asked.clear()
            with Client(Endpoint(address, balancing=balancing)) as client:  # type: ignore[arg-type]
                for _ in range(20):
                    client.models()
            counts = sorted([len(first.asked), len(second.asked)])
            assert sum(counts) == 20
            assert (counts[0] >= least) if least else (counts[0] == 0)


def test_a_busy_server_is_left_for_another_by_turns() -> None:
    with scripted_server() as first, scripted_server() as second:
        first.failures = [BusyError("full", retry_seconds=0.01)] * 20
        with Client(Endpoint(f"ipv4:{first.address},{second.address}", balancing="round_robin")) as client:
            for _ in range(5):
                client.models()
        assert len(second.asked) == 5


def test_what_is_sent_is_compressed_where_it_is_asked_for() -> None:
    zeros = np.zeros((1, 3, 100, 100), np.float32)
    with scripted_server() as script, counting_proxy(script.address) as (address, sent):
        script.answers["Predict"] = lambda: response_of(RPCS["Predict"], result=Predictions(predictions=()))
        for compression in get_args(Compression):
            with Client(Endpoint(address, compression=compression)) as client:
                Model(WireBackend(client._connection, "toy"), name="toy").predict(zeros)
        assert [request.images[0].tensor.raw for _, request in script.asked] == [zeros.tobytes()] * 2
    plain, small = sent
    assert plain > zeros.nbytes > 10 * small


@contextmanager
def counting_proxy(address: str) -> Iterator[tuple[str, list[int]]]:
    """Give an address before another, and how many bytes were sent there on each connection."""
    host, port = address.split(":")
    sent: list[int] = []

    def pump(source: socket.socket, sink: socket.socket, number: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if number is not None:
                    sent[number] += len(data)
                sink.sendall(data)
        shut(source, sink)

    def serve() -> None:
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                server = socket.create_connection((host, int(port)))
                ends.extend((caller, server))
                sent.append(0)
                threads.submit(pump, caller, server, len(sent) - 1)
                threads.submit(pump, server, caller, None)

    ends: list[socket.socket] = []
    with ThreadPoolExecutor(8) as threads, socket.create_server(("127.0.0.1", 0)) as listener:
        threads.submit(serve)
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}", sent
        finally:
            shut(listener, *ends)
    for end in ends:
        end.close()


def shut(*ends: socket.socket) -> None:
    """Wake who reads there."""
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
