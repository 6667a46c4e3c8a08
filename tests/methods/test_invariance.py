"""Invariance curves against pictures that are moved by NumPy and Pillow, and the paper's figures on a trained model."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from PIL import Image

import inspector
from inspector.errors import InspectorError, InvalidInputError, NotFoundError
from inspector.types.results.figure import Figure
from inspector.types.results.table import Series, Table
from tests.support.graphs import model, node
from tests.support.toys import SIDE, toy_cnn, toy_photo
from tests.support.zoo import Zoo

PHOTOS = [toy_photo(seed, height=SIDE, width=SIDE) for seed in (1, 2, 3)]
LAYERS = ("relu1", "flat")


@pytest.fixture(scope="module")
def ours() -> inspector.Model:
    return inspector.load(toy_cnn(), device="cpu", preprocessing="0..1")


def numbers(found: Figure, *, kind: str, layer: str, column: str) -> dict[Any, Any]:
    """Return a column of the table of numbers by amount."""
    table = found["numbers"]
    assert isinstance(table, Table)
    at = table.columns.index(column)
    return {
        row.cells[1]: row.cells[at] for row in table.rows if row.cells[0] == kind and row.cells[2] == layer
    }


def shifted(photo: np.ndarray, rows: int, border: str) -> np.ndarray:
    mode = {"reflect": "symmetric", "edge": "edge"}.get(border, "constant")
    more = {"constant_values": {"black": 0, "white": 255}[border]} if mode == "constant" else {}
    wide = np.pad(photo, ((abs(rows), abs(rows)), (0, 0), (0, 0)), mode=mode, **more)  # type: ignore[call-overload]
    start = abs(rows) - rows
    return wide[start : start + len(photo)]


def apart(ours: inspector.Model, one: list[np.ndarray], other: list[np.ndarray], layer: str) -> float:
    """Return the mean distance between the features of pictures, by NumPy."""
    a, b = (ours.activations(images, layers=[layer])[layer] for images in (one, other))
    return float(np.mean([np.linalg.norm((x - y).astype(np.float64)) for x, y in zip(a, b, strict=True)]))


@pytest.mark.parametrize("border", ["reflect", "edge", "black", "white"])
def test_pictures_are_shifted_before_preprocessing(ours: inspector.Model, border: Any) -> None:
    found = ours.invariance(
        PHOTOS, layers=LAYERS, transformations=["translate"], shifts=[-5, 0, 3], border=border
    )

    for layer in LAYERS:
        distances = numbers(found, kind="translate", layer=layer, column="distance")
        assert distances[0] == 0
        for rows in (-5, 3):
            expected = apart(ours, PHOTOS, [shifted(one, rows, border) for one in PHOTOS], layer)
            assert distances[rows] == pytest.approx(expected, rel=1e-5)


def test_a_quarter_turn_is_exact_and_counterclockwise(ours: inspector.Model) -> None:
    found = ours.invariance(PHOTOS, layers=LAYERS, transformations=["rotate"], angles=[0, 90, 180])

    for layer in LAYERS:
        distances = numbers(found, kind="rotate", layer=layer, column="distance")
        for turns, angle in enumerate((0, 90, 180)):
            turned = [np.ascontiguousarray(np.rot90(one, turns)) for one in PHOTOS]
            assert distances[angle] == pytest.approx(apart(ours, PHOTOS, turned, layer), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "option", "amount"), [("rotate", "angles", 30.0), ("scale", "scales", 1.37)]
)
def test_other_places_are_between_pixels_as_in_pillow(
    ours: inspector.Model, kind: str, option: str, amount: float
) -> None:
    """Of a picture whose edge is black, as what Pillow takes for what lies beyond."""
    photo = np.pad(PHOTOS[0][5:-5, 5:-5], ((5, 5), (5, 5), (0, 0)))
    middle = SIDE / 2
    turn = np.deg2rad(amount) if kind == "rotate" else 0.0
    factor = 1.0 if kind == "rotate" else amount
    cosine, sine = np.cos(turn) / factor, np.sin(turn) / factor
    matrix = (
        cosine, -sine, middle - cosine * middle + sine * middle,
        sine, cosine, middle - sine * middle - cosine * middle,
    )  # fmt: skip
    by_pillow = Image.fromarray(photo).transform(
        (SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    options: Any = {option: [amount]}
    found = ours.invariance(
        photo, layers=["conv1"], transformations=[kind], border="black", target=0, **options
    )

    distance = numbers(found, kind=kind, layer="conv1", column="distance")[amount]
    assert distance == pytest.approx(apart(ours, [photo], [np.asarray(by_pillow)], "conv1"), rel=0.01)


def test_distances_are_in_those_between_photographs(ours: inspector.Model) -> None:
    found = ours.invariance(PHOTOS, layers=LAYERS, transformations=["translate"], shifts=[2])

    for layer in LAYERS:
        features = ours.activations(PHOTOS, layers=[layer])[layer].reshape(3, -1).astype(np.float64)
        pairs = [np.linalg.norm(a - b) ** 2 for a, b in itertools.combinations(features, 2)]
        raw, normalized = (
            numbers(found, kind="translate", layer=layer, column=one)[2] for one in ("distance", "normalized")
        )
        assert raw / normalized == pytest.approx(np.sqrt(np.mean(pairs)), rel=1e-5)


def test_the_class_is_that_of_the_image_as_it_is(ours: inspector.Model) -> None:
    found = ours.invariance(
        PHOTOS, layers=["flat"], transformations=["translate"], shifts=[0, 4], target=[4, 0, 1]
    )

    moved = [shifted(one, 4, "reflect") for one in PHOTOS]
    for amount, images in ((0.0, PHOTOS), (4.0, moved)):
        answers: Any = [
            next(one.probability for one in prediction.classes if one.index == index)
            for prediction, index in zip(ours.predict(images, top=5), (4, 0, 1), strict=True)
        ]
        said = numbers(found, kind="translate", layer="flat", column="probability")[amount]
        assert said == pytest.approx(np.mean(answers), rel=1e-4)


def test_the_figure_has_a_row_per_transformation_and_is_one_picture(ours: inspector.Model) -> None:
    found = ours.invariance(PHOTOS)

    kinds = ("translate", "scale", "rotate")
    titles = [panel.title for panel in found.panels]
    assert titles[:4] == [
        "translate: images",
        "translate: relu1",
        "translate: flat",
        "translate: probability",
    ]
    assert titles[12:] == [*(f"{kind}: layers compared" for kind in kinds), "numbers"]
    series = found["rotate: relu1"]
    assert isinstance(series, Series)
    assert list(series.curves) == ["image 0", "image 1", "image 2", "mean"]
    assert len(found.pictures()) == 1
    assert {"border_filled", "assumed_preprocessing"} >= {note.id for note in found.notes}


def test_of_one_image_the_norm_stands_for_the_distance_between_photographs(ours: inspector.Model) -> None:
    found = ours.invariance(PHOTOS[0], transformations=["translate"], shifts=[1], layers=["flat"])

    raw, normalized = (
        numbers(found, kind="translate", layer="flat", column=one)[1] for one in ("distance", "normalized")
    )
    features = ours.activations(PHOTOS[0], layers=["flat"])["flat"]
    assert raw / normalized == pytest.approx(float(np.linalg.norm(features)), rel=1e-5)
    assert "one_image" in {note.id for note in found.notes}


def test_progress_tells_moved_images_and_a_set_streams(ours: inspector.Model) -> None:
    steps: list[tuple[int, int]] = []

    ours.invariance(PHOTOS, progress=lambda done, total: steps.append((done, total)))

    assert steps == [(done, 9) for done in range(1, 10)]


@pytest.mark.parametrize(
    ("given", "error", "says", "field"),
    [
        (
            {"transformations": ["shear"]},
            InvalidInputError,
            "allowed: translate, scale, rotate",
            "transformations[0]",
        ),
        ({"transformations": []}, InvalidInputError, "is empty", "transformations"),
        ({"scales": [0, 1]}, InvalidInputError, "factors above 0", "scales"),
        ({"layers": ["conv1", "cnv2"]}, NotFoundError, "no layer 'cnv2'", "layers[1]"),
        ({"target": [0, 1]}, InvalidInputError, "one per image", "targets"),
        ({"border": "wrap"}, InvalidInputError, "reflect, edge, gray", "border"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    ours: inspector.Model, given: dict[str, Any], error: type[InspectorError], says: str, field: str
) -> None:
    with pytest.raises(error, match=says) as caught:
        ours.invariance(PHOTOS, **given)
    assert caught.value.field == field


def test_signals_are_shifted_and_stretched_and_not_turned() -> None:
    w = np.random.default_rng(0).standard_normal((4, 2, 5)).astype(np.float32)
    nodes = [
        node("Conv", ["x", "w"], "conv", kernel_shape=[5], pads=[2, 2]),
        node("Relu", ["conv"], "relu"),
        node("GlobalAveragePool", ["relu"], "mean"),
        node("Flatten", ["mean"], "flat"),
    ]
    data = model(nodes, shape=(1, 2, 40), weights={"w": w}).SerializeToString()
    x = np.random.default_rng(1).standard_normal((3, 2, 40)).astype(np.float32)

    with inspector.load(data, device="cpu") as ours:
        found = ours.invariance(x, layers=["conv"], shifts=[3], target=0)
        with pytest.raises(InvalidInputError, match="cannot be turned"):
            ours.invariance(x, layers=["conv"], transformations=["rotate"], target=0)
        moved = np.concatenate([x[:, :, 2::-1], x[:, :, :-3]], axis=2)
        expected = np.mean(
            [
                np.linalg.norm(a - b)
                for a, b in zip(
                    *(ours.activations(one, layers=["conv"])["conv"] for one in (x, moved)), strict=True
                )
            ]
        )

    assert {row.cells[0] for row in found["numbers"].rows} == {"translate", "scale"}  # type: ignore[attr-defined]
    assert numbers(found, kind="translate", layer="conv", column="distance")[3] == pytest.approx(
        expected, rel=1e-5
    )


def test_channels_may_come_last_and_values_be_whole() -> None:
    """A model of uint8 in (N, H, W, C): moved values are rounded, and it is noted."""
    nodes = [
        node("Cast", ["x"], "float", to=1),
        node("Transpose", ["float"], "turned", perm=[0, 3, 1, 2]),
        node("Conv", ["turned", "w"], "conv", kernel_shape=[3, 3]),
        node("GlobalAveragePool", ["conv"], "mean"),
        node("Flatten", ["mean"], "flat"),
    ]
    w = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    proto = model(nodes, shape=(1, SIDE, SIDE, 3), weights={"w": w})
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    data = proto.SerializeToString()

    with inspector.load(data, device="cpu") as ours:
        found = ours.invariance(PHOTOS, layers=["conv"], target=0, angles=[30, 90])
        turned = [np.ascontiguousarray(np.rot90(one)) for one in PHOTOS]
        expected = apart(ours, PHOTOS, turned, "conv")

    assert numbers(found, kind="rotate", layer="conv", column="distance")[90] == pytest.approx(
        expected, rel=1e-5
    )
    assert "rounded_inputs" in {note.id for note in found.notes}


PHOTOGRAPHS = (
    "dog_samoyed_pytorchhub.jpg", "dog_winml.jpg", "elephant_captum.jpg", "fish_winml.png", "horse_cart_ort.jpg",
    "hummingbird_winml.jpg", "kitten_224_winml.png", "orange_nnstreamer.png", "swan_captum.jpg", "wolves_ort.jpg",
    "zebra_captum.jpg", "dog_torchserve.jpg",
)  # fmt: skip
"""On which MobileNetV2 names the right class."""


@pytest.mark.slow
def test_the_papers_figure_on_a_trained_model(zoo: Zoo) -> None:
    """The first layer moves about three times as far as the last; the class is lost most under turns."""
    images: list[Path] = [zoo.image(name) for name in PHOTOGRAPHS]
    spec = {"preset": "imagenet", "resize": {"mode": "short_side", "size": 256}}
    with inspector.load(zoo.model("derived_mobilenetv2_fp32_op15"), device="cpu", preprocessing=spec) as ours:
        found = ours.invariance(images, shifts=[1, 2, 4, 8, 16, 32], scales=[1.8], angles=[90])
    table = found["numbers"]
    assert isinstance(table, Table)
    first, last = dict.fromkeys(row.cells[2] for row in table.rows)
    low, high = (
        numbers(found, kind="translate", layer=str(one), column="normalized") for one in (first, last)
    )
    ratios = [low[shift] / high[shift] for shift in (1, 2, 4, 8, 16)]
    assert min(ratios) > 2.8
    assert np.mean(ratios) >= 3
    p = {
        kind: numbers(found, kind=kind, layer=str(first), column="probability")
        for kind in ("translate", "scale", "rotate")
    }
    assert p["rotate"][90] < p["scale"][1.8] < p["translate"][32]
