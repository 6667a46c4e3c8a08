"""Calls from anyone (classes 30 to 34): each is answered with the code, the reason and the field that mend it."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

from benchmarks.attacks.models import BLACK, WHITE, loop_of_nothing, small
from benchmarks.attacks.pictures import noise
from benchmarks.attacks.raw import RawConnection
from benchmarks.attacks.wire import attempt, image, settled
from inspector.v1.image_pb2 import Image
from inspector.v1.inspection_service_pb2 import OccludeRequest, PredictRequest
from inspector.v1.model_service_pb2 import GetModelRequest, UnloadModelRequest, UploadModelRequest
from tests.service.hostile_calls import CALLS, UPLOADS, Call, Upload, chunk, header
from tests.service.survivor import Survivor, require_refused, surviving
from tests.support.patience import PATIENCE, eventually

STALL = 1.0
LONGEST = 8.0
"""Seconds: the deadline of a call; work without end is ended by it."""
PREDICT = "/inspector.v1.InspectionService/Predict"
GZIP = [("grpc-encoding", "gzip")]


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survivor]:
    settings = {
        "upload_stall_seconds": STALL,
        "max_call_seconds": 20,
        "running_per_model": 1,
        "compressed_requests": True,
    }
    with surviving(tmp_path_factory.mktemp("survivor"), **settings) as started:
        assert started.upload(small(), "own").code == "OK"
        yield started


@pytest.mark.parametrize("case", CALLS, ids=str)
def test_a_call_is_refused(survivor: Survivor, case: Call) -> None:
    answer = attempt(attrgetter(case.method)(survivor.stubs), case.request, timeout=LONGEST)
    if answer.code == "OK":
        assert "OK" in case.codes
    elif answer.code != "DEADLINE_EXCEEDED" or answer.code not in case.codes:
        require_refused(answer, codes=tuple(case.codes))
        assert answer.field
    survivor.require_unharmed()


@pytest.mark.parametrize("case", UPLOADS, ids=str)
def test_33_an_upload_that_is_not_as_told_is_refused(survivor: Survivor, case: Upload) -> None:
    answer = attempt(survivor.stubs.models.UploadModel, iter(case.build()))
    require_refused(answer, codes=("INVALID_ARGUMENT",), reasons=tuple(case.reasons))
    request = GetModelRequest(name="models/upload")
    assert attempt(survivor.stubs.models.GetModel, request).code == "NOT_FOUND"
    survivor.require_unharmed()


@pytest.mark.parametrize("labels", [["x"] * 1_000_000, ["x" * 20_000_000]], ids=["a million", "one of 20 MB"])
def test_33_an_upload_with_too_many_labels_is_refused_at_once(survivor: Survivor, labels: list[str]) -> None:
    answer = attempt(survivor.stubs.models.UploadModel, iter([header(labels=labels), chunk(0)]))
    require_refused(answer, codes=("RESOURCE_EXHAUSTED",), reasons=("LIMIT_EXCEEDED",))
    assert answer.field.startswith("header.labels")
    survivor.require_unharmed()


def test_33_an_upload_that_stalls_is_ended(survivor: Survivor) -> None:
    def stalling() -> Iterator[UploadModelRequest]:
        yield header()
        time.sleep(3 * STALL)
        yield chunk(0)

    answer = attempt(survivor.stubs.models.UploadModel, stalling())
    require_refused(answer, codes=("INVALID_ARGUMENT", "DEADLINE_EXCEEDED"), reasons=("UPLOAD_STALLED",))
    survivor.require_unharmed()


def test_32_a_message_beyond_the_limit_is_refused(survivor: Survivor) -> None:
    request = PredictRequest(model="models/good", images=[Image(encoded=bytes(65 << 20))])
    answer = attempt(survivor.stubs.inspection.Predict, request)
    assert answer.code == "RESOURCE_EXHAUSTED"
    survivor.require_unharmed()


def test_32_a_compressed_message_is_measured_as_it_becomes(survivor: Survivor) -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(300)) + deflater.flush()
    before = survivor.server.stats().memory
    with RawConnection(survivor.server.address) as connection:
        assert connection.status(connection.call(PREDICT, body, flag=1, extra=GZIP), patience=PATIENCE) == "8"
    assert survivor.server.stats().memory - before < 300 << 20
    survivor.require_unharmed()


@pytest.mark.parametrize(
    "body", [b"\xff" * 20, b"\x0a\x02\xff\xfe", b"\x0b" * 100_000], ids=["bytes", "text", "groups"]
)
def test_32_what_is_no_message_is_refused(survivor: Survivor, body: bytes) -> None:
    answer = attempt(survivor.stubs.raw("InspectionService/Predict"), body)
    require_refused(answer, codes=("INVALID_ARGUMENT",), reasons=("MALFORMED_REQUEST",))
    assert "Error" not in answer.message
    survivor.require_unharmed()


# 34: a caller leaves, or is late, at every phase.


@pytest.fixture(scope="module")
def busy(survivor: Survivor) -> str:
    """A model that runs for centuries on a bright image, without looking up."""
    assert survivor.upload(loop_of_nothing(), "busy").code == "OK"
    return "models/busy"


def calls(name: str) -> dict[str, tuple[str, Any]]:
    large = [noise(1500)] * 20
    slow = OccludeRequest(model="models/good", images=[BLACK], size=[1, 1], stride=[1, 1], batch=1)
    return {
        "while a model runs that does not look up": ("Predict", PredictRequest(model=name, images=[WHITE])),
        "while pictures are decoded": ("Predict", PredictRequest(model="models/good", images=large)),
        "between the steps of a stream": ("Occlude", slow),
    }


@pytest.mark.parametrize("how", ["cancel", "deadline"])
@pytest.mark.parametrize("phase", calls("models/busy"))
def test_34_the_place_is_free_after_a_caller_left(
    survivor: Survivor, busy: str, phase: str, how: str
) -> None:
    name, request = calls(busy)[phase]
    method = getattr(survivor.stubs.inspection, name)
    if name == "Occlude":
        call = method(request, timeout=0.3 if how == "deadline" else PATIENCE)
        time.sleep(0.2)
    else:
        call = method.future(request, timeout=0.5 if how == "deadline" else PATIENCE)
        time.sleep(0.6)
    call.cancel()
    innocent = PredictRequest(model=request.model, images=[BLACK])
    predict = survivor.stubs.inspection.Predict
    assert eventually(lambda: attempt(predict, innocent, timeout=PATIENCE).code == "OK")
    survivor.require_unharmed()


def test_34_a_model_is_unloaded_while_it_runs(survivor: Survivor, busy: str) -> None:
    running = survivor.stubs.inspection.Predict.future(
        PredictRequest(model=busy, images=[WHITE]), timeout=PATIENCE
    )
    time.sleep(0.5)
    unload = survivor.stubs.models.UnloadModel.future(UnloadModelRequest(name=busy), timeout=PATIENCE)
    time.sleep(0.5)
    running.cancel()
    assert settled(unload, within=PATIENCE).code == "OK"
    answer = attempt(survivor.stubs.inspection.Predict, PredictRequest(model=busy, images=[BLACK]))
    require_refused(answer, codes=("FAILED_PRECONDITION",), reasons=("MODEL_NOT_LOADED",))
    survivor.require_unharmed()


def test_30_a_tensor_of_another_shape_costs_nothing(survivor: Survivor) -> None:
    before = survivor.server.stats().memory
    wrong = np.zeros((5, 3, 1000, 1000), np.uint8)
    request = PredictRequest(model="models/good", images=[image(wrong)])
    require_refused(attempt(survivor.stubs.inspection.Predict, request), codes=("INVALID_ARGUMENT",))
    assert survivor.server.stats().memory - before < 500 << 20
