"""How each kind of result is drawn, against the drawings that it is made of."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.render.maps import projection_image, saliency_image, signed_image
from inspector.render.marks import MARK
from inspector.render.overlay import overlay
from inspector.render.photograph import photograph_of
from inspector.types.options import PICTURES as PICTURES_OF_MAPS
from inspector.types.preprocessing import Preprocessing
from inspector.types.results.activations import Activation, Activations
from inspector.types.results.base import PICTURES
from inspector.types.results.images import Example, ExampleRow, Examples, Images, Picture
from inspector.types.results.maps import Maps
from inspector.types.results.sweep import Sweep
from inspector.types.results.table import Series, Table
from inspector.types.results.vectors import Vectors
from inspector.types.targets import ResolvedTarget

SIZE = 12
SPEC = Preprocessing(scale=1 / 255, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))


def target(image: int = 0, kind: str = "class") -> ResolvedTarget:
    return ResolvedTarget(
        kind=kind, tensor="y", layer=None, channel=3, position=(), value=1.0, label="cat", image=image
    )


def photo(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3), np.uint8)


def as_input(picture: np.ndarray) -> np.ndarray:
    values = (picture * SPEC.scale - np.array(SPEC.mean)) / np.array(SPEC.std)
    return values.transpose(2, 0, 1).astype(np.float32)


def maps_of(
    picture: str, *, channels: int = 3, layout: str = "NCHW", color: str = "RGB", count: int = 1
) -> Maps:
    values = np.random.default_rng(5).normal(size=(count, channels, SIZE, SIZE)).astype(np.float32)
    inputs = np.stack([as_input(photo(seed)) for seed in range(2)])
    if layout == "NHWC":
        values, inputs = values.transpose(0, 2, 3, 1), inputs.transpose(0, 2, 3, 1)
    return Maps(
        method="m",
        maps=values,
        targets=tuple(target(index) for index in range(count)),
        inputs=inputs,
        layout=layout,
        picture=picture,
        preprocessing=Preprocessing(
            layout=layout, color=color, scale=SPEC.scale, mean=SPEC.mean, std=SPEC.std
        ),
    )


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_maps_are_drawn_as_their_method_declares(layout: str) -> None:
    values = maps_of("saliency", layout=layout).maps[0]
    planes = values if layout == "NCHW" else values.transpose(2, 0, 1)
    expected = {
        "saliency": saliency_image(values, layout=layout),
        "projection": projection_image(values, layout=layout),
        "signed": signed_image(planes.sum(axis=0)),
    }
    for name, picture in expected.items():
        (found,) = maps_of(name, layout=layout).pictures(plain=True)
        np.testing.assert_array_equal(pixels(found), pixels(picture))


def test_the_colors_of_a_projection_are_those_of_the_image() -> None:
    red_first, blue_first = maps_of("projection"), maps_of("projection", color="BGR")
    np.testing.assert_array_equal(
        pixels(red_first.to_pil(plain=True))[:, :, ::-1], pixels(blue_first.to_pil(plain=True))
    )
    many = maps_of("projection", channels=5)  # no colors: the sum
    np.testing.assert_array_equal(
        pixels(many.to_pil(plain=True)), pixels(signed_image(many.maps[0].sum(axis=0)))
    )


def test_heat_lies_over_the_photograph_of_its_image() -> None:
    found = maps_of("heat", channels=1, count=2)
    for index, picture in enumerate(found.pictures(plain=True)):
        plane = found.maps[index, 0].astype(np.float64)
        heat = (plane - plane.min()) / (plane.max() - plane.min())
        np.testing.assert_array_equal(pixels(picture), pixels(overlay(photo(index), heat)))


@pytest.mark.parametrize("name", ["saliency", "projection", "heat", "signed"])
def test_what_is_not_finite_is_marked(name: str) -> None:
    found = maps_of(name)
    found.maps[0, :, 3, 4] = np.nan
    found.maps[0, 0, 5, 6] = np.inf
    marked = np.all(pixels(found.to_pil(plain=True)) == MARK, axis=2)
    assert np.argwhere(marked).tolist() == [[3, 4], [5, 6]]


def test_the_photograph_is_that_of_the_input() -> None:
    np.testing.assert_array_equal(photograph_of(as_input(photo()), layout="NCHW", spec=SPEC), photo())
    broken = as_input(photo())
    broken[0, 0, 0] = np.nan
    shown = photograph_of(broken, layout="NCHW", spec=SPEC)
    np.testing.assert_array_equal(shown.reshape(-1, 3)[1:], photo().reshape(-1, 3)[1:])
    spectral = photograph_of(np.random.default_rng(1).normal(size=(7, 4, 6)), layout="NCHW", spec=SPEC)
    assert spectral.shape == (4, 6, 3)
    assert len(np.unique(spectral)) > 4


def sweep(**changes: Any) -> Sweep:
    grid = np.arange(9.0, dtype=np.float32).reshape(3, 3) / 10
    given: dict[str, Any] = {
        "target": target(),
        "probability": grid,
        "label": np.array([[3, 3, 3], [3, 5, 3], [3, 3, 7]]),
        "activation": grid[::-1],
        "done": np.ones((3, 3), bool),
        "layer": "conv2",
        "channel": 1,
        "baseline_probability": 0.9,
        "baseline_label": 3,
        "baseline_activation": 1.0,
        "tops": np.array([0, 4, 8]),
        "lefts": np.array([0, 4, 8]),
        "size": (4, 4),
        "stride": (4, 4),
        "fill": (0.0,),
        "inputs": as_input(photo())[None],
        "layout": "NCHW",
        "labels": {3: "cat", 5: "dog"},
        "preprocessing": SPEC,
    }
    return Sweep(**(given | changes))


def test_a_sweep_is_three_maps_side_by_side() -> None:
    found = sweep().to_pil()
    assert found.width > 3 * 320
    renamed = sweep(labels={3: "cat", 5: "a dog of another name"}).to_pil()
    assert not np.array_equal(pixels(found), pixels(renamed))


def test_positions_without_an_answer_stay_bare() -> None:
    holes = np.arange(9.0, dtype=np.float32).reshape(3, 3) / 10
    holes[1, 1] = np.nan
    found = pixels(sweep(probability=holes).to_pil())
    middle = found[160:190, 160:190]  # of the first map: the photograph in gray
    assert np.all(middle == middle[:, :, :1])
    assert not np.all(found[:60, :60] == found[:60, :60, :1])


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((2, 9), 1), ((2, 9, 4, 6), 1), ((2, 4, 6, 9), 3), ((2, 5, 9), 2), ((2, 9, 2, 3, 4), 1), ((2, 7), None)],
    ids=["dense", "NCHW", "NHWC", "tokens", "volumes", "unknown"],
)
def test_a_picture_per_layer_of_the_first_image(shape: tuple[int, ...], axis: int | None) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    layers = tuple(Activation(layer=name, values=values, channel_axis=axis) for name in "ab")
    drawn = Activations(activations=layers).pictures()
    assert len(drawn) == 2
    assert len(np.unique(pixels(drawn[0]))) > 4
    other = values.copy()
    other[1] += 1
    again = Activations(activations=(Activation(layer="a", values=other, channel_axis=axis),)).to_pil()
    np.testing.assert_array_equal(pixels(drawn[0]), pixels(again))


def test_channels_last_are_the_channels() -> None:
    values = np.zeros((1, 4, 4, 2), np.float32)
    values[0, :, :, 1] = 1
    found = pixels(Activations(activations=(Activation(layer="a", values=values, channel_axis=3),)).to_pil())
    half = found.shape[1] // 2
    found = found[24:]  # below the numbers
    assert found[:, : half - 8].max() == 0
    assert found[:, half + 8 :].min() == 255


def test_images_are_given_as_they_are() -> None:
    found = Images(images=(Picture(pixels=photo(0)), Picture(pixels=photo(1)))).pictures()
    for seed, picture in enumerate(found):
        np.testing.assert_array_equal(pixels(picture), photo(seed))


def test_examples_are_rows_of_tiles() -> None:
    def row(count: int) -> ExampleRow:
        some = [
            Example(image="a", value=index, window=(0, 0, 9, 9), pixels=photo(index))
            for index in range(count)
        ]
        return ExampleRow(title="conv1, channel 3", examples=tuple(some))

    one, two = Examples(rows=(row(9),)).to_pil(), Examples(rows=(row(9), row(3))).to_pil()
    assert one.width == two.width > 9 * 100
    assert two.height > 1.9 * one.height
    assert Examples(rows=(row(0),)).to_pil().width > 0
    assert Examples(rows=()).pictures() == []


def test_series_are_a_chart() -> None:
    x = np.linspace(-1, 1, 21)
    found = Series(x=x, curves={"a": x**2, "b": x}, x_label="x", y_label="y", title="t").to_pil()
    without = Series(x=x, curves={"a": x**2}, x_label="x", y_label="y", title="t").to_pil()
    assert not np.array_equal(pixels(found), pixels(without))
    assert Series(x=x).pictures() == []


def test_what_has_no_picture() -> None:
    flat = maps_of("saliency")
    of_vectors = Maps(
        method="m", maps=np.zeros((1, 5)), targets=flat.targets, inputs=np.zeros((1, 5)), layout="NC"
    )
    for result in (
        of_vectors,
        Vectors(vectors=np.ones((2, 3)), layer="a", pooling="mean"),
        Table(columns=(), rows=()),
    ):
        assert result.pictures() == []
        with pytest.raises(InvalidInputError, match="no picture"):
            result.to_pil()


def test_they_are_drawn_without_the_engine() -> None:
    program = (
        "import sys, inspector.face.model\n"
        "from inspector.types.results.base import PICTURES\n"
        "print(len(PICTURES), {'onnx', 'onnxruntime', 'sklearn', 'grpc'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.stdout.strip() == f"{len(PICTURES)} set()", found.stderr
    assert len(PICTURES) >= 7


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_an_empty_map_is_drawn_dark(layout: str, value: float) -> None:
    found = maps_of("heat", channels=1, layout=layout)
    empty = replace(found, maps=np.full_like(found.maps, value))
    drawn = np.asarray(empty.to_pil(plain=True), int)
    assert drawn.max() < 110
    assert (
        np.ptp(drawn.astype(int), axis=2).max() < 25
    )  # no color stands out: gray, as dark as no heat makes it


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_a_signed_map_without_colors_lies_over_the_photograph(layout: str) -> None:
    found = maps_of("signed", channels=1, layout=layout)
    values = np.zeros((1, 1, SIZE, SIZE), np.float32)
    values[0, 0, :4], values[0, 0, 8:] = -1, 1
    signed = replace(found, maps=values if layout == "NCHW" else values.transpose(0, 2, 3, 1))
    drawn = np.asarray(signed.to_pil(plain=True), int)
    blue, plain, orange = drawn[:4], drawn[4:8], drawn[8:]
    assert (blue[..., 2] > blue[..., 0] + 20).all()
    assert (orange[..., 0] > orange[..., 2] + 20).all()
    assert np.ptp(plain, axis=2).max() < 25
    assert np.ptp(plain) > 40  # the photograph shines through


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("picture", PICTURES_OF_MAPS)
@pytest.mark.parametrize("size", [0.0, 1e-12])
def test_what_rounding_left_is_drawn_dark(layout: str, picture: str, size: float) -> None:
    """Stretched to its own range, noise of 1e-12 would look like any map."""
    found = maps_of(picture, channels=3, layout=layout)
    noise = np.asarray(np.random.default_rng(0).normal(size=found.maps.shape), np.float32)
    drawn = np.asarray(replace(found, maps=noise * np.float32(size)).to_pil(plain=True).convert("RGB"), int)
    assert drawn.max() < 110
    shown = np.asarray(replace(found, maps=noise * np.float32(1e-6)).to_pil(plain=True).convert("RGB"), int)
    assert shown.max() > 150
