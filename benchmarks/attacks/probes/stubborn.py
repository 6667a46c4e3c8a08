"""Models that run for minutes, and do not look up when they are told to stop."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.attacks.bystander import MODEL
from benchmarks.attacks.models import BLACK, STUBBORN, WHITE, boxes, endless
from benchmarks.attacks.probe import GIB, Scene, probe
from benchmarks.attacks.wire import Stubs, attempt, settled, upload_messages
from inspector.v1.inspection_service_pb2 import PredictRequest
from inspector.v1.model_service_pb2 import UnloadModelRequest

KIND = "runs that ignore a cancel"
FREE_WITHIN = 3.0
"""Seconds from the cancel to another call's answer: one to be sure that it does not listen, the rest to start anew."""


@probe(
    KIND,
    "one NonMaxSuppression over 300,000 boxes, a MatMul of 20,000³, a Loop of nothing; cancelled, or late",
    settings={"running_per_model": 1},
    memory=6 * GIB,
    slow=4_000,
)
def stubborn_nodes(scene: Scene) -> None:
    """The slot must be free soon after the caller left."""
    for name, build in STUBBORN.items():
        if scene.clean(f"upload of {name}", scene.upload(build(), name)).code != "OK":
            continue
        for how in ("cancel", "deadline"):
            _cut(scene, name, how=how)


def _cut(scene: Scene, name: str, *, how: str) -> None:
    request = PredictRequest(model=f"models/{name}", images=[WHITE])
    call = scene.stubs.inspection.Predict.future(request, timeout=1.5 if how == "deadline" else 60)
    time.sleep(1.5)
    if how == "cancel":
        call.cancel()
    else:
        settled(call, within=5)
    innocent = PredictRequest(model=f"models/{name}", images=[BLACK])
    answer = _retried(scene, innocent)
    scene.tell(f"{name}, {how}: the slot was free {answer.seconds:.2f} s later ({answer})")
    scene.expect(f"{name} after its {how}", answer, "OK", within=FREE_WITHIN)


def _retried(scene: Scene, request: PredictRequest) -> Any:
    """Return the answer of a caller who comes again where it is told to; its seconds are all that it waited."""
    began = time.perf_counter()
    while True:
        answer = attempt(scene.stubs.inspection.Predict, request, timeout=15)
        waited = time.perf_counter() - began
        if answer.code == "OK" or waited > 15 or answer.code not in ("UNAVAILABLE", "RESOURCE_EXHAUSTED"):
            return type(answer)(**{**vars(answer), "seconds": waited})
        time.sleep(min(answer.retry or 0.1, 0.1))


@probe(
    KIND,
    "four calls of two such models, all cancelled: every other model answers, SIGTERM ends the server",
    slow=4_000,
    ends=True,
)
def starved_threads(scene: Scene) -> None:
    """Once all threads were gone."""
    for name in ("a", "b"):
        scene.expect("upload", scene.upload(boxes(), name), "OK")
    requests = [PredictRequest(model=f"models/{name}", images=[WHITE]) for name in "abab"]
    calls = [scene.stubs.inspection.Predict.future(request) for request in requests]
    time.sleep(2)
    for call in calls:
        call.cancel()
    with Stubs(scene.server.address) as other:
        request = PredictRequest(model=f"models/{MODEL}", images=[BLACK])
        scene.expect("another model", attempt(other.inspection.Predict, request, timeout=20), "OK", within=4)
    calls = [scene.stubs.inspection.Predict.future(request) for request in requests[:2]]
    time.sleep(1)
    scene.leave_alone()
    began = time.monotonic()
    code = scene.server.stop(patience=40)
    scene.tell(
        f"SIGTERM while two run: exit code {code} after {time.monotonic() - began:.1f} s (drain_seconds 20)"
    )
    scene.require(that=code == 0, words=f"SIGTERM with two calls running: exit code {code}")
    for call in calls:
        scene.finding.answer(settled(call, within=1))


@probe(KIND, "UnloadModel while such a call runs", memory=4 * GIB, slow=4_000)
def unload_while_running(scene: Scene) -> None:
    """Unloading waits for running calls, and no longer than they may take."""
    scene.expect("upload", scene.upload(boxes(), "evil"), "OK")
    call = scene.stubs.inspection.Predict.future(
        PredictRequest(model="models/evil", images=[WHITE]), timeout=50
    )
    time.sleep(1)
    request = UnloadModelRequest(name="models/evil")
    unload = scene.stubs.models.UnloadModel.future(request, timeout=20)
    time.sleep(1)
    call.cancel()
    scene.expect(
        "UnloadModel after the call was cancelled", settled(unload, within=20), "OK", within=FREE_WITHIN
    )


@probe(
    KIND,
    "an upload of a model that never ends its first run; the time for it is over; the caller leaves",
    settings={"sandbox_seconds": 4},
    slow=4_000,
)
def endless_upload(scene: Scene) -> None:
    """The first look has an end, and ends with its caller."""
    scene.expect("upload", scene.upload(endless(), "evil"), "RESOURCE_EXHAUSTED", within=15)
    children = set(scene.server.children())
    call = scene.stubs.models.UploadModel.future(upload_messages(endless().SerializeToString(), "gone"))
    time.sleep(2)
    call.cancel()
    began = time.monotonic()
    while time.monotonic() - began < 10 and set(scene.server.children()) - children:
        time.sleep(0.02)
    scene.tell(f"upload cancelled: its process is gone after {time.monotonic() - began:.2f} s")
    incoming = scene.server.repository / ".incoming"
    scene.require(
        that=not incoming.exists() or not list(incoming.iterdir()),
        words="the cancelled upload is still there",
    )
