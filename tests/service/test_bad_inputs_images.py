"""Pictures from anyone, over the wire: each is served, or refused with a reason and its field; nobody else notices."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from PIL import Image as Pillow

from benchmarks.attacks.models import small
from benchmarks.attacks.pictures import encoded
from benchmarks.attacks.wire import Answer, attempt
from inspector.v1.image_pb2 import Image
from inspector.v1.inspection_service_pb2 import PredictRequest
from inspector.v1.model_pb2 import Preprocessing
from tests.service.hostile_images import EITHER, PICTURES, Picture, jpeg
from tests.service.survivor import Survivor, require_refused, surviving

MODEL = "pictures"
MOST_GROWTH = 1 << 30
"""Bytes by which the server's processes may grow over all pictures here; one of them alone once took 7 GB."""


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survivor]:
    with surviving(tmp_path_factory.mktemp("survivor")) as started:
        resized = Preprocessing(resize="short_side", resize_size=256)
        assert started.upload(small(side=224), MODEL, preprocessing=resized).code == "OK"
        yield started


def predict(survivor: Survivor, *pictures: bytes) -> Answer:
    images = [Image(encoded=one) for one in pictures]
    request = PredictRequest(model=f"models/{MODEL}", images=images)
    return attempt(survivor.stubs.inspection.Predict, request)


@pytest.mark.parametrize("case", PICTURES, ids=str)
def test_a_picture_is_served_or_refused(survivor: Survivor, case: Picture) -> None:
    answer = predict(survivor, case.build())
    if answer.code == "OK":
        assert "OK" in case.codes
    else:
        require_refused(answer, codes=case.codes, reasons=("INVALID_INPUT", "LIMIT_EXCEEDED"))
        assert answer.field.startswith("images")
    survivor.require_unharmed()


def test_the_field_tells_which_picture_it_is(survivor: Survivor) -> None:
    good = encoded(Pillow.new("RGB", (9, 9)))
    answer = predict(survivor, good, good, b"no picture")
    require_refused(answer, codes=("INVALID_ARGUMENT",))
    assert answer.field == "images[2]"


@pytest.mark.parametrize("seed", range(40))
def test_a_picture_with_flipped_bits_is_served_or_refused(survivor: Survivor, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    data = bytearray(rng.choice([jpeg(), jpeg(progressive=True), encoded(Pillow.new("RGB", (30, 20)))]))
    for _ in range(rng.choice([1, 2, 8])):
        data[rng.randrange(min(len(data), 200))] ^= 1 << rng.randrange(8)
    answer = predict(survivor, bytes(data))
    if answer.code != "OK":
        require_refused(answer, codes=EITHER, reasons=("INVALID_INPUT", "LIMIT_EXCEEDED"))
    survivor.require_unharmed()


def test_a_thin_picture_takes_no_memory(survivor: Survivor) -> None:
    before = survivor.server.stats().memory
    for size in ((60_000, 1), (1, 60_000), (30_000, 100)):
        answer = predict(survivor, encoded(Pillow.new("RGB", size)))
        assert answer.code in EITHER
    assert survivor.server.peak - before < MOST_GROWTH
    survivor.require_unharmed()
