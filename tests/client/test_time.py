"""How long a client waits: one time for all requests that one answer needs."""

from __future__ import annotations

import socket
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from inspector.client import Client
from inspector.client.calls import Call
from inspector.client.collection_calls import BATCH_ITEMS
from inspector.client.collections import WireCollections
from inspector.errors import DeadlineExceededError
from inspector.types.collections import Item
from inspector.types.control import Control
from inspector.v1 import collection_service_pb2 as pb
from tests.support.toys import toy_cnn


def test_all_requests_of_an_addition_share_its_time() -> None:
    given: list[float | None] = []

    def do(call: Call[Any], control: Control) -> Any:
        given.append(control.timeout)
        time.sleep(0.2)
        return call.read(
            pb.AddItemsResponse(collection=pb.Collection(name="collections/all", pooling="POOLING_MEAN"))
        )

    connection: Any = SimpleNamespace(address="", do=do)
    items = [Item(id=str(number), vector=np.ones(2)) for number in range(2 * BATCH_ITEMS + 1)]
    WireCollections(connection).add("all", items, control=Control(timeout=0.3))
    first, second, third = given
    assert first is not None
    assert second is not None
    assert 0.2 < first <= 0.3
    assert second <= 0.1
    assert third == 0
    given.clear()
    WireCollections(connection).add("all", items)
    assert given == [None] * 3


def test_an_upload_ends_in_its_own_time_where_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began = time.monotonic()
        with (
            Client(f"127.0.0.1:{mute.getsockname()[1]}") as client,
            pytest.raises(DeadlineExceededError),
        ):
            client.upload(toy_cnn(), name="toy", timeout=0.5)
    assert time.monotonic() - began < 10
