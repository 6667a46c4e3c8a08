"""Trained detectors and a segmenter on photographs: boxes lie on the objects, and so do the maps that explain them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

import inspector
from tests.support.zoo import Zoo

WHOLE = {"mode": "exact"}
IMAGENET = {"scale": 1 / 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


@dataclass(frozen=True)
class Sight:
    """What a model finds on a photograph."""

    model: str
    photo: str
    index: int
    """The class that is named first."""
    box: tuple[int, int, int, int]
    """About where the first object is, in pixels of the input: left, top, right, bottom."""
    count: int
    """At least so many boxes."""
    preprocessing: Mapping[str, Any] = field(default_factory=dict)


SIGHTS = {
    "YOLOX": Sight(
        "yolox_nano", "elephant_captum.jpg", 20, (65, 67, 250, 254), 1,
        IMAGENET | {"resize": {"mode": "letterbox", "align": "top_left"}},
    ),
    "FastestDet": Sight(
        "fastestdet", "dog_torchserve.jpg", 16, (30, 53, 305, 352), 1,
        {"scale": 1 / 255, "color": "BGR", "resize": WHOLE},
    ),
    "UltraFace": Sight(
        "ultraface_rfb320", "faces_linzaer_2.jpg", 1, (41, 54, 70, 123), 4,
        {"scale": 1 / 128, "mean": [127 / 128], "std": [1.0], "resize": WHOLE},
    ),
    "BlazeFace": Sight(
        "blazeface_front_128", "person_satya_ort.jpg", 0, (40, 11, 57, 28), 1,
        {"scale": 1 / 127.5, "mean": [1.0], "std": [1.0], "resize": WHOLE},
    ),
    "YuNet": Sight(
        "yunet_n_dynamic", "faces_linzaer_2.jpg", 0, (189, 94, 253, 218), 4, {"scale": 1.0, "color": "BGR"}
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", SIGHTS)
def test_boxes_and_what_explains_them_lie_on_the_object(zoo: Zoo, name: str) -> None:
    sight = SIGHTS[name]
    with Image.open(zoo.image(sight.photo)) as opened:
        picture = np.asarray(
            opened.convert("RGB").resize((640, 448)) if name == "YuNet" else opened.convert("RGB")
        )
    with inspector.load(
        zoo.model(sight.model), device="cpu", preprocessing=dict(sight.preprocessing)
    ) as model:
        (prediction,) = model.predict(picture)
        coarse = model.attribute(picture, method="gradcam", target=prediction.boxes[0].target).maps[0]
        fine = model.attribute(picture, target=prediction.boxes[0].target).maps[0]
        sweep = model.occlude(picture, target=prediction.boxes[0].target)
        layout = model.info.input.layout

    assert (prediction.meaning, prediction.classes[0].index) == ("boxes", sight.index)
    assert len(prediction.boxes) >= sight.count
    box = prediction.boxes[0]
    np.testing.assert_allclose(np.clip(box.corners or (), 0, None), sight.box, atol=24)
    left, top, right, bottom = (max(round(corner), 0) for corner in box.corners or ())
    channels = 0 if layout == "NCHW" else -1
    for plane in (coarse.mean(axis=channels), np.abs(fine).mean(axis=channels)):
        inside = plane[top:bottom, left:right].mean()
        assert inside > 1.2 * plane.mean()  # the dog fills most of its photograph
    row, column = np.unravel_index(int(sweep.probability.argmin()), sweep.probability.shape)
    middle = sweep.tops[row] + sweep.size[0] / 2, sweep.lefts[column] + sweep.size[1] / 2
    assert top - sweep.size[0] / 2 <= middle[0] <= bottom + sweep.size[0] / 2
    assert left - sweep.size[1] / 2 <= middle[1] <= right + sweep.size[1] / 2


@pytest.mark.slow
def test_a_mask_lies_on_the_person_and_so_does_its_map(zoo: Zoo) -> None:
    with inspector.load(zoo.model("selfie_segmentation_landscape"), device="cpu") as model:
        (prediction,) = model.predict(zoo.image("person_satya_ort.jpg"))
        heat = model.attribute(zoo.image("person_satya_ort.jpg"), method="gradcam").maps[0].mean(axis=-1)

    assert prediction.meaning == "class_map"
    assert prediction.map is not None
    person = prediction.map == 0
    assert 0.1 < person.mean() < 0.3
    assert heat[person].mean() > 5 * heat[~person].mean()
