"""Callers that do not read what they asked for."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.attacks.models import BLACK, WHITE, boxes, small
from benchmarks.attacks.pictures import plain
from benchmarks.attacks.probe import GIB, Scene, probe
from benchmarks.attacks.raw import RawConnection
from benchmarks.attacks.wire import Stubs, attempt, image
from inspector.v1.inspection_service_pb2 import (
    ActivationsRequest,
    AttributeRequest,
    LayersRequest,
    PredictRequest,
)

KIND = "callers that do not read"
SERVICE = "/inspector.v1.InspectionService"


@probe(
    KIND,
    "2,300 streams with a window of 0 on nine connections: others have room, and the places come back",
    settings={"max_call_seconds": 5},
)
def unread_streams(scene: Scene) -> None:
    """All places for calls were once held for ever."""
    scene.upload(small(), "good")
    request = AttributeRequest(model="models/good", images=[BLACK]).SerializeToString()
    connections = []
    for _ in range(9):
        connection = RawConnection(scene.server.address, window=0)
        for _ in range(255):
            connection.call(f"{SERVICE}/Attribute", request)
            connection.pump(0.001)
        connections.append(connection)
    scene.newcomer("while they hold")
    time.sleep(12)
    scene.newcomer("12 s later")
    scene.tell(f"12 s later the server holds {scene.server.stats()}")
    for connection in connections:
        connection.close()


@probe(
    KIND,
    "160 answers of about 58 MB asked for with a window of 0, none read",
    settings={"max_call_seconds": 10},
    memory=4 * GIB,
    slow=5_000,
)
def unread_answers(scene: Scene) -> None:
    """Answers wait in memory until they are read."""
    scene.upload(small(side="any"), "free")
    layers = attempt(scene.stubs.inspection.Layers, LayersRequest(model="models/free")).response.result
    request = ActivationsRequest(
        model="models/free", images=[plain(1_900, 1_900)], layers=[layers.layers[0].name]
    ).SerializeToString()
    connections = []
    for _ in range(40):
        connection = RawConnection(scene.server.address, window=0)
        for _ in range(4):
            connection.call(f"{SERVICE}/Activations", request)
        connections.append(connection)
        time.sleep(0.5)
        if not scene.server.alive:
            return
    time.sleep(5)
    scene.newcomer("while none is read")
    scene.tell(f"none read: {scene.server.stats().memory >> 20} MiB")
    for connection in connections:
        connection.close()
    time.sleep(3)
    scene.tell(f"after they left: {scene.server.stats().memory >> 20} MiB")


@probe(KIND, "30 calls of 57 MiB that wait for a model that is busy, and 30 more", memory=4 * GIB, slow=8_000)
def waiting_bytes(scene: Scene) -> None:
    """Requests wait in memory for their turn."""
    scene.upload(boxes(), "busy")
    held = [
        scene.stubs.inspection.Predict.future(PredictRequest(model="models/busy", images=[WHITE]), timeout=50)
        for _ in range(2)
    ]
    time.sleep(1)
    images = np.ones((100, 3, 224, 224), np.float32)
    body = PredictRequest(model="models/busy", images=[image(images)]).SerializeToString()
    callers = [Stubs(scene.server.address) for _ in range(60)]
    calls = [caller.raw("InspectionService/Predict").future(body, timeout=40) for caller in callers]
    time.sleep(15)
    refused = [call for call in calls if call.done()]
    scene.tell(f"{len(refused)} refused at once, {len(calls) - len(refused)} wait")
    for call in [*calls, *held]:
        call.cancel()
    for caller in callers:
        caller.close()
