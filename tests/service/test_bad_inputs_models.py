"""Models from anyone, over the wire: each is refused with a reason or served, and nobody else notices."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.attacks.models import BLACK, small, written
from benchmarks.attacks.wire import attempt
from inspector.v1.inspection_service_pb2 import ActivationsRequest, PredictRequest
from inspector.v1.model_service_pb2 import RegisterModelRequest, UploadHeader, UploadModelRequest
from tests.service.hostile_folders import CODES, FOLDERS, Folder
from tests.service.hostile_models import UPLOADS, Upload, elsewhere
from tests.service.survivor import CANARY, Survivor, require_refused, surviving


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survivor]:
    folder = tmp_path_factory.mktemp("survivor")
    with surviving(folder, sandbox_seconds=20, max_models=1000) as started:
        yield started


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survivor]:
    """One that looks at a model for less long: work without end is ended by nothing else."""
    with surviving(tmp_path_factory.mktemp("impatient"), sandbox_seconds=5) as started:
        yield started


ENDLESS = [case for case in UPLOADS if case.reasons == ("MODEL_TOO_SLOW",)]


@pytest.mark.parametrize("case", ENDLESS, ids=str)
def test_an_upload_without_end_is_refused(impatient: Survivor, case: Upload) -> None:
    answer = impatient.upload(case.build())
    require_refused(answer, codes=case.codes, reasons=case.reasons)
    impatient.require_unharmed()


@pytest.mark.parametrize("case", [case for case in UPLOADS if case not in ENDLESS], ids=str)
def test_an_upload_is_refused_or_served(survivor: Survivor, case: Upload) -> None:
    answer = survivor.upload(case.build())
    if answer.code == "OK":
        assert "OK" in case.codes
    else:
        require_refused(answer, codes=case.codes, reasons=case.reasons)
    survivor.require_unharmed()


@pytest.mark.parametrize("case", FOLDERS, ids=str)
def test_a_folder_is_refused(survivor: Survivor, case: Folder) -> None:
    answer = survivor.register(case.fill)
    require_refused(answer, codes=CODES)
    assert "root:" not in answer.message
    survivor.require_unharmed()


def test_a_folder_that_is_a_link_is_refused(survivor: Survivor) -> None:
    (survivor.repository / "linked").symlink_to(survivor.outside)
    (survivor.outside / "model.onnx").write_bytes(written(small()))
    request = RegisterModelRequest(model_id="linked")
    require_refused(attempt(survivor.stubs.models.RegisterModel, request), codes=CODES)
    survivor.require_unharmed()


def test_a_model_of_more_than_two_gigabytes_is_refused_by_its_header(survivor: Survivor) -> None:
    messages = iter([UploadModelRequest(header=UploadHeader(model_id="large", size=2**31))])
    answer = attempt(survivor.stubs.models.UploadModel, messages)
    require_refused(answer, codes=("RESOURCE_EXHAUSTED",), reasons=("LIMIT_EXCEEDED",))


@pytest.mark.parametrize("seed", range(20))
def test_a_model_with_flipped_bits_is_refused_or_served(survivor: Survivor, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    data = bytearray(written(small()))
    for _ in range(rng.choice([1, 2, 8])):
        data[rng.randrange(min(len(data), 400))] ^= 1 << rng.randrange(8)
    name = survivor.name()
    answer = survivor.upload(bytes(data), name)
    if answer.code == "OK":
        request = PredictRequest(model=f"models/{name}", images=[BLACK])
        answer = attempt(survivor.stubs.inspection.Predict, request)
    if answer.code != "OK":
        require_refused(answer, codes=(*CODES, "UNIMPLEMENTED"))
    survivor.require_unharmed()


def test_nothing_outside_of_the_repository_is_ever_read(survivor: Survivor) -> None:
    """The planted secret: a model that could read it would have it among its weights, and answer with it."""
    name = survivor.name()
    assert survivor.upload(elsewhere("../outside/secret.bin", length=432), name).code != "OK"
    request = ActivationsRequest(model=f"models/{name}", images=[BLACK], layers=["c"])
    assert attempt(survivor.stubs.inspection.Activations, request).code == "NOT_FOUND"
    kept = [path for path in survivor.repository.rglob("*") if path.is_file() and not path.is_symlink()]
    linked = [path for path in kept if path.stat().st_nlink > 1]  # those that the test itself put there
    assert not [
        path for path in kept if path not in linked and path.stat().st_size < 2**30 and _holds_canary(path)
    ]


def _holds_canary(path: Path) -> bool:
    return CANARY[:14] in path.read_bytes()
