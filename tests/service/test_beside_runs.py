"""What runs no model is answered while models take every thread and every place."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from inspector.client import Client
from inspector.errors import BusyError, DeadlineExceededError
from inspector.service.server import Server
from inspector.v1 import inspection_service_pb2, inspection_service_pb2_grpc
from inspector.wire.images import image_to_message
from tests.support.patience import PATIENCE, eventually
from tests.support.server import ready_model, running_server
from tests.support.toys import BRIGHT, toy_cnn, toy_endless


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Server]:
    """A server whose one thread, and whose one place at the model "endless", is taken."""
    with (
        running_server(tmp_path, workers=1, running_per_model=1, waiting_per_model=0) as server,
        Client(server.address) as client,
        grpc.insecure_channel(server.address) as channel,
    ):
        client.upload(toy_endless(), name="endless")
        client.upload(toy_cnn(), name="toy")
        stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
        request = inspection_service_pb2.PredictRequest(
            model="models/endless", images=[image_to_message(BRIGHT)]
        )
        call = stub.Predict.future(request, timeout=PATIENCE * 2)
        assert eventually(lambda: ready_model(server, "endless")[1].inside == 1)
        yield server
        call.cancel()


def test_facts_wait_for_no_run(busy: Server) -> None:
    with (
        Client(busy.address, timeout=PATIENCE / 2, retries=0) as client,
        grpc.insecure_channel(busy.address) as channel,
    ):
        model = client.model("endless")
        with pytest.raises(BusyError):
            model.predict(BRIGHT)
        assert model.info.name == "endless"
        assert "light" in [layer.name for layer in model.layers()]
        assert [one.layer for one in model.rectifiers()] == ["light"]
        stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
        request = inspection_service_pb2.RunRequest(model="models/endless", verb="layers")
        assert list(stub.Run(request, timeout=PATIENCE / 2))


def test_the_store_of_collections_waits_for_no_run(busy: Server) -> None:
    with Client(busy.address, timeout=PATIENCE / 2) as client:
        points = client.collection("points")
        assert points.add(vectors={"a": np.ones(2, np.float32)}).item_count == 1
        assert points.info().item_count == 1
        assert len(client.collections()) == 1
        points.delete()


def holding(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    release: threading.Event,
    began: threading.Event | None = None,
) -> None:
    """Let the worker take its time to forget a model."""
    place, _ = ready_model(server, "toy")
    unload = place.unload

    async def slowly(identifier: str) -> None:
        await unload(identifier)
        if began is not None:
            began.set()
        await asyncio.to_thread(release.wait, PATIENCE)

    monkeypatch.setattr(place, "unload", slowly)


def test_a_call_to_load_ends_in_its_own_time(busy: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    place, _ = ready_model(busy, "toy")
    load = place.load

    async def slowly(*given: Any, **named: Any) -> Any:
        await asyncio.to_thread(release.wait, PATIENCE)
        return await load(*given, **named)

    monkeypatch.setattr(place, "load", slowly)
    with Client(busy.address, timeout=PATIENCE / 2) as client:
        try:
            with pytest.raises(DeadlineExceededError):
                client.load("toy", preprocessing={"scale": 0.5}, timeout=0.2)
        finally:
            release.set()


def test_a_model_that_is_being_closed_can_be_listed(busy: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    closing, release = threading.Event(), threading.Event()
    holding(busy, monkeypatch, release, closing)
    with Client(busy.address, timeout=PATIENCE / 2) as client:
        unloading = threading.Thread(target=client.unload, args=["toy"])
        unloading.start()
        try:
            assert closing.wait(PATIENCE)
            assert client.served("toy").state == "unloading"
        finally:
            release.set()
            unloading.join()
