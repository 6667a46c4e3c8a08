"""Models changed, loaded and uploaded by others, while they are in use."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from benchmarks.attacks.bystander import MODEL
from benchmarks.attacks.models import BLACK, small
from benchmarks.attacks.probe import GIB, Scene, probe
from benchmarks.attacks.wire import Stubs, attempt, settled
from inspector.v1.inspection_service_pb2 import PredictRequest
from inspector.v1.model_pb2 import Preprocessing
from inspector.v1.model_service_pb2 import LoadModelRequest, UploadChunk, UploadHeader, UploadModelRequest

KIND = "shared state"


@probe(KIND, "200 LoadModels with another scale each, all cancelled after a second")
def cancelled_loads(scene: Scene) -> None:
    """They were carried out, one after the other, long after their callers had left."""
    scene.upload(small(side=224, channels=32), "loaded")
    calls = [
        scene.stubs.models.LoadModel.future(
            LoadModelRequest(name=f"models/{MODEL}", preprocessing=Preprocessing(scale=1 + number / 1000))
        )
        for number in range(200)
    ]
    time.sleep(1)
    for call in calls:
        call.cancel()
    began = time.monotonic()
    last = 0.0
    request = PredictRequest(model=f"models/{MODEL}", images=[BLACK])
    while time.monotonic() - began < max(4, last + 4) and time.monotonic() - began < 40:
        if attempt(scene.stubs.inspection.Predict, request, timeout=5).code != "OK":
            last = time.monotonic() - began
        time.sleep(0.05)
    scene.tell(f"the last failure of another caller was {last:.1f} s after the cancel")
    scene.require(that=last < 2, words=f"other callers fail until {last:.1f} s after the cancel")


def _drip(name: str, *, pause: float, until: threading.Event) -> Iterator[UploadModelRequest]:
    yield UploadModelRequest(header=UploadHeader(model_id=name, size=2**31 - 1))
    for offset in range(10**6):
        if until.wait(pause):
            return
        yield UploadModelRequest(chunk=UploadChunk(offset=offset, data=b"x"))


@probe(
    KIND,
    "six uploads of one byte every 1.5 s each, where four have room: another upload gets a place",
    settings={
        "upload_stall_seconds": 3,
        "max_call_seconds": 10,
        "upload_seconds": 10,
    },
)
def dripping_uploads(scene: Scene) -> None:
    """All places for uploads were held for as long as the callers liked."""
    over = threading.Event()
    callers = [Stubs(scene.server.address) for _ in range(6)]
    calls = [
        caller.models.UploadModel.future(_drip(f"slow{number}", pause=1.5, until=over))
        for number, caller in enumerate(callers)
    ]
    time.sleep(2)
    began = time.monotonic()
    answer = scene.upload(small(), "good", timeout=40)
    while answer.code == "RESOURCE_EXHAUSTED" and time.monotonic() - began < 30:
        time.sleep(1)
        answer = scene.upload(small(), "good", timeout=40)
    scene.tell(f"another upload got in after {time.monotonic() - began:.1f} s")
    scene.expect("another upload", answer, "OK")
    for call in calls:
        found = settled(call, within=max(0.1, 25 - (time.monotonic() - began)))
        scene.expect("a slow one", found, ("INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"))
    over.set()
    for call, caller in zip(calls, callers, strict=True):
        call.cancel()
        caller.close()
    time.sleep(0.5)
    incoming = scene.server.repository / ".incoming"
    left = list(incoming.iterdir()) if incoming.exists() else []
    scene.require(that=not left, words=f"left in .incoming: {left}")


@probe(KIND, "60 uploads of 1 kB, all kept", memory=3 * GIB, slow=5_000)
def many_uploads(scene: Scene) -> None:
    """Each upload may be given a process of its own."""
    began = time.monotonic()
    for number in range(60):
        answer = scene.upload(small(), f"m{number}")
        if (
            scene.expect("upload", answer, ("OK", "RESOURCE_EXHAUSTED")).code != "OK"
            or time.monotonic() - began > 50
        ):
            break
    stats = scene.server.stats()
    scene.tell(f"{number + 1} uploads: {stats.processes} processes, {stats.memory >> 20} MiB")
