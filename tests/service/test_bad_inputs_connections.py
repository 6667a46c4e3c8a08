"""What goes on below the calls (classes 35 and 36): resets, readers that do not read, idle streams, kill -9, a twin."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.attacks.models import BLACK, endless, small, written
from benchmarks.attacks.raw import RawConnection, framed
from benchmarks.attacks.server import ServerProcess, alive, left_in
from benchmarks.attacks.wire import Stubs, attempt, settled, upload_messages
from inspector.v1.inspection_service_pb2 import AttributeRequest, PredictRequest
from inspector.v1.model_service_pb2 import ListModelsRequest
from tests.service.survivor import Survivor, surviving
from tests.support.patience import eventually

SERVICE = "/inspector.v1.InspectionService"


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survivor]:
    with surviving(tmp_path_factory.mktemp("survivor"), max_call_seconds=3) as started:
        yield started


def test_35_calls_that_are_reset_as_soon_as_they_begin(survivor: Survivor) -> None:
    body = framed(PredictRequest(model="models/good", images=[BLACK]).SerializeToString())
    for _ in range(10):
        with RawConnection(survivor.server.address) as connection:
            for _ in range(60):  # as many as fit into the window of a new connection
                stream = connection.start(f"{SERVICE}/Predict")
                connection.http.send_data(stream, body, end_stream=True)
                connection.http.reset_stream(stream)
            connection.flush()
            connection.pump(0.05)
    survivor.require_unharmed()


def test_35_streams_that_are_not_read(survivor: Survivor) -> None:
    request = AttributeRequest(model="models/good", images=[BLACK]).SerializeToString()
    with RawConnection(survivor.server.address, window=0) as connection:
        for _ in range(200):
            connection.call(f"{SERVICE}/Attribute", request)
            connection.pump(0.001)
        survivor.require_unharmed()
        time.sleep(4)
        survivor.require_unharmed()


def test_35_watchers_that_stay(survivor: Survivor) -> None:
    connections = [RawConnection(survivor.server.address) for _ in range(10)]
    for connection in connections:
        for _ in range(200):
            stream = connection.start("/grpc.health.v1.Health/Watch")
            connection.http.send_data(stream, struct.pack(">BI", 0, 0), end_stream=True)
        connection.flush()
        connection.pump(0.1)
    survivor.require_unharmed()
    for connection in connections:
        connection.close()
    survivor.require_unharmed()


def test_35_connections_that_say_nothing(survivor: Survivor) -> None:
    connections = [RawConnection(survivor.server.address) for _ in range(200)]
    survivor.require_unharmed()
    for connection in connections:
        connection.close()


def test_36_a_second_server_on_the_same_folder_or_port_does_not_start(
    survivor: Survivor, tmp_path: Path
) -> None:
    for settings in ({"repository": survivor.repository}, {"address": survivor.server.address}):
        with pytest.raises(RuntimeError, match=r"did not start"):
            ServerProcess(tmp_path, settings=settings, patience=30)
    survivor.require_unharmed()


@pytest.mark.slow
def test_36_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path)
    with Stubs(server.address) as stubs:
        for name in ("one", "two"):
            messages = upload_messages(written(small()), name)
            assert attempt(stubs.models.UploadModel, messages).code == "OK"
        running = stubs.models.UploadModel.future(upload_messages(written(endless()), "endless"))
        time.sleep(1.5)
        children = server.children()
        server.process.kill()
        server.process.wait()
        assert settled(running, within=10).code == "UNAVAILABLE"
    assert eventually(lambda: not alive(children))
    server.stop()
    again = ServerProcess(tmp_path)
    with Stubs(again.address) as stubs:
        listed = attempt(stubs.models.ListModels, ListModelsRequest()).response.models
        assert [model.name for model in listed] == ["models/one", "models/two"]
        assert not list((again.repository / ".incoming").iterdir())
    assert again.stop() == 0
    assert left_in(again.temporary) == []
