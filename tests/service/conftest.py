"""One server for the tests that only ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from inspector.client import Client
from inspector.service.server import Server
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_endless


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the models "toy" and "endless", which no test may remove."""
    settings: dict[str, Any] = {
        "max_message_bytes": 4 << 20,
        "upload_stall_seconds": 1.0,
        "max_upload_bytes": 1 << 20,
    }
    with running_server(tmp_path_factory.mktemp("models"), waiting_per_model=1, **settings) as started:
        with Client(started.address) as client:
            client.upload(toy_cnn(), name="toy")
            client.upload(toy_endless(), name="endless")
        yield started


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[Client]:
    with Client(server.address, timeout=120) as made:
        yield made


@pytest.fixture(scope="session")
def channel(server: Server) -> Iterator[grpc.Channel]:
    """A bare channel, for what our client would never send."""
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(server.address, options=options) as made:
        yield made
