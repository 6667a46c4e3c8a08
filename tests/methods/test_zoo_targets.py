"""Detectors, segmenters, landmark, style and embedding networks: a part's saliency is the slope of its value.

The value is read off the outputs of ONNX Runtime by plain NumPy; its slope is a central difference in pixel space.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

import inspector
from inspector import Class, Direction, Element, Region
from inspector.types.targets import Target
from tests.support.graphs import Exposed
from tests.support.in_process import prepared
from tests.support.zoo import Zoo

Tensors = Mapping[str, np.ndarray]
VECTOR = np.cos(np.arange(1280.0))
IMAGENET = {"scale": 1 / 255, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
WHOLE = {"mode": "exact"}


@dataclass(frozen=True)
class Case:
    """What is explained on a photograph; `number` reads it off the tensors, `at` being those of the photograph."""

    model: str
    photo: str
    target: Callable[[Tensors], Target]
    number: Callable[[Tensors, Tensors], float]
    tensors: tuple[str, ...]
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    """Height and width, where the model takes any."""


def log_odds(raw: np.ndarray) -> np.ndarray:
    """Return how much likelier the second of two classes is; it grows with its probability."""
    return raw[..., 1] - raw[..., 0]


ULTRAFACE = {"scale": 1 / 128, "mean": [127 / 128], "std": [1.0], "resize": WHOLE}
BLAZEFACE = {"scale": 1 / 127.5, "mean": [1.0], "std": [1.0], "resize": WHOLE}
FASTESTDET = {"scale": 1 / 255, "color": "BGR", "resize": WHOLE}
YUNET = {"scale": 1.0, "color": "BGR"}
YOLOX = IMAGENET | {"resize": {"mode": "letterbox", "align": "top_left"}}

CASES = {
    "detection: a face at its surest box": Case(
        "ultraface_rfb320",
        "faces_linzaer_2.jpg",
        lambda at: Class(1),
        lambda at, t: t["459"][0][log_odds(at["459"][0]).argmax(), 1],
        ("459",),
        ULTRAFACE,
    ),
    "detection: a coordinate of that box": Case(
        "ultraface_rfb320",
        "faces_linzaer_2.jpg",
        lambda at: Element("boxes", (int(log_odds(at["459"][0]).argmax()), 2)),
        lambda at, t: t["boxes"][0, log_odds(at["459"][0]).argmax(), 2],
        ("459", "boxes"),
        ULTRAFACE,
    ),
    "detection: the surest object of a grid": Case(
        "fastestdet",
        "zebra_captum.jpg",
        lambda at: Region("758", 0, "max"),
        lambda at, t: t["758"][0, 0].flat[at["758"][0, 0].argmax()],
        ("758",),
        FASTESTDET,
    ),
    "detection: a class of a box": Case(
        "yolox_nano",
        "zebra_captum.jpg",
        lambda at: Element("outputs", (int(at["outputs"][0, :, 5 + 22].argmax()), 5 + 22)),
        lambda at, t: t["outputs"][0, at["outputs"][0, :, 5 + 22].argmax(), 5 + 22],
        ("outputs",),
        YOLOX,
    ),
    "detection: an output of many, any size": Case(
        "yunet_n_dynamic",
        "faces_linzaer_9.jpg",
        lambda at: Class(0, "obj_16"),
        lambda at, t: t["378"].flat[at["378"].argmax()],
        ("378",),
        YUNET,
        size=(192, 256),
    ),
    "landmarks: all of one face": Case(
        "yunet_n_dynamic",
        "faces_linzaer_9.jpg",
        lambda at: Region("kps_16", int(at["obj_16"].argmax())),
        lambda at, t: t["kps_16"][0, at["obj_16"].argmax()].mean(),
        ("kps_16", "obj_16"),
        YUNET,
        size=(192, 256),
    ),
    "landmarks: the height of one eye, NHWC": Case(
        "blazeface_front_128",
        "person_satya_ort.jpg",
        lambda at: Element("Identity_2:0", (int(at["Identity:0"].argmax()), 5)),
        lambda at, t: t["Identity_2:0"][0, at["Identity:0"].argmax(), 5],
        ("Identity:0", "Identity_2:0"),
        BLAZEFACE,
    ),
    "segmentation: a class where it wins": Case(
        "selfie_segmentation_landscape",
        "person_satya_ort.jpg",
        lambda at: Class(0),
        lambda at, t: t["conv2d_transpose_add:0"][at["conv2d_transpose_add:0"] > 0].mean(),
        ("conv2d_transpose_add:0",),
    ),
    "segmentation: probabilities in a box": Case(
        "selfie_segmentation_landscape",
        "person_satya_ort.jpg",
        lambda at: Region("segment_back", np.s_[40:100, 90:130]),
        lambda at, t: t["segment_back"][0, 40:100, 90:130].mean(),
        ("segment_back",),
    ),
    "image to image: a patch": Case(
        "super_resolution_10",
        "zebra_captum.jpg",
        lambda at: Region("output", np.s_[0, 300:330, 200:230]),
        lambda at, t: t["output"][0, 0, 300:330, 200:230].mean(),
        ("output",),
        {"color": "GRAY"},
    ),
    "image to image: a patch under a mask, styled": Case(
        "fns_candy_winml",
        "zebra_captum.jpg",
        lambda at: Region("outputImage", np.s_[0, 340:380, 340:380], mask=np.tri(40) > 0),
        lambda at, t: t["outputImage"][0, 0, 340:380, 340:380][np.tri(40) > 0].mean(),
        ("outputImage",),
        {"color": "BGR"},
    ),
    "embedding: its norm": Case(
        "derived_squeezenet1.0_fp32",
        "zebra_captum.jpg",
        lambda at: Direction("fire9/concat_2"),
        lambda at, t: float(np.linalg.norm(t["fire9/concat_2"])),
        ("fire9/concat_2",),
    ),
    "embedding: along another": Case(
        "derived_mobilenetv2_fp32_op15",
        "zebra_captum.jpg",
        lambda at: Direction("/Flatten", VECTOR),
        lambda at, t: t["/Flatten_output_0"][0] @ VECTOR / np.linalg.norm(VECTOR),
        ("/Flatten_output_0",),
        IMAGENET,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_saliency_of_a_part_is_the_slope_of_its_value(zoo: Zoo, case: Case) -> None:
    path = zoo.model(case.model)
    model = inspector.load(path, device="cpu", preprocessing=dict(case.preprocessing))
    x = prepared(model, photograph(zoo.image(case.photo), case.size))
    session = Exposed(onnx.load(path), list(case.tensors))
    at = widened(session.run(x))

    def number(image: np.ndarray) -> float:
        return float(case.number(at, widened(session.run(image.astype(np.float32)))))

    found = model.attribute(x, target=case.target(at))

    (target,) = found.targets
    assert target.value == pytest.approx(number(x), rel=1e-4)
    gradient = found.maps.astype(np.float64)
    length = np.linalg.norm(gradient)
    # A step that changes the value by a thousandth or so: far above its rounding, and few rectifiers switch.
    epsilon = 2e-3 * max(abs(target.value), 1e-2) / length
    noise = np.random.default_rng(1).standard_normal(x.shape)
    for direction in (gradient / length, gradient / length + noise / np.linalg.norm(noise)):
        above, below = (number(x + sign * epsilon * direction) for sign in (1, -1))
        slope = (above - below) / (2 * epsilon)
        assert np.sum(gradient * direction) == pytest.approx(slope, rel=0.05)


def widened(tensors: Tensors) -> Tensors:
    return {name: tensor.astype(np.float64) for name, tensor in tensors.items()}


def photograph(path: Path, size: tuple[int, int] | None) -> np.ndarray:
    with Image.open(path) as image:
        picture = image.convert("RGB")
        return np.asarray(picture if size is None else picture.resize(size[::-1]))
