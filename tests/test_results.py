"""Results as plain data: what they say of themselves whatever they hold, how they compare, and how they are saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import inspector.render.pictures  # noqa: F401 — registers how results are drawn
from inspector.errors import InvalidInputError
from inspector.types.results.activations import Activation, Activations
from inspector.types.results.base import KINDS, Result
from inspector.types.results.images import Example, Images, Picture
from inspector.types.results.maps import Maps
from inspector.types.results.predictions import Prediction, Predictions
from inspector.types.results.sweep import Sweep
from inspector.types.results.table import Table
from inspector.types.targets import ResolvedTarget
from tests.wire.random_data import Maker

TARGET = ResolvedTarget(
    kind="class", tensor="y", layer=None, channel=3, position=(), value=1.0, label="cat", image=0
)


def sweep(**changes: Any) -> Sweep:
    """Return a sweep of two by two positions, all done."""
    given: dict[str, Any] = {
        "target": TARGET,
        "probability": np.array([[0.5, 0.2], [0.4, 0.3]], np.float32),
        "label": np.array([[3, 5], [3, 5]]),
        "activation": np.ones((2, 2), np.float32),
        "done": np.ones((2, 2), bool),
        "layer": "conv2",
        "channel": 1,
        "baseline_probability": 0.9,
        "baseline_label": 3,
        "baseline_activation": 1.0,
        "tops": np.array([0, 4]),
        "lefts": np.array([0, 5]),
        "size": (4, 4),
        "stride": (4, 5),
        "fill": (0.0,),
        "inputs": np.zeros((1, 3, 8, 9), np.float32),
        "layout": "NCHW",
    }
    return Sweep(**(given | changes))


def test_a_sweep_says_where_the_target_suffers_most() -> None:
    assert sweep().summary() == [
        "cat: probability 0.900 unoccluded, least 0.200 with the 4×4 square at row 0, column 5; another class wins at "
        "2 of 4 positions."
    ]


def test_a_sweep_in_part_speaks_of_what_is_done() -> None:
    done = np.array([[True, False], [False, False]])
    label = np.array([[5, -1], [-1, -1]])
    probability = np.array([[0.5, np.nan], [0, 0]], np.float32)
    assert sweep(done=done, label=label, probability=probability).summary() == [
        "cat: probability 0.900 unoccluded, least 0.500 with the 4×4 square at row 0, column 0; another class wins at "
        "1; 1 of 4 positions done."
    ]


def test_a_sweep_that_is_not_finite_has_no_least() -> None:
    nothing = np.full((2, 2), np.nan, np.float32)
    text = "cat: probability 0.900 unoccluded; another class wins at"
    assert sweep(probability=nothing, label=np.full((2, 2), -1)).summary() == [f"{text} 0 of 4 positions."]
    assert sweep(done=np.zeros((2, 2), bool)).summary() == [f"{text} 0; 0 of 4 positions done."]
    one = np.array([[np.nan, 0.5], [0.25, np.inf]], np.float32)
    assert "least 0.250 with the 4×4 square at row 4, column 0" in sweep(probability=one).summary()[0]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_results_of_all_kinds_compare_and_hash(name: str) -> None:
    kind: Any = KINDS.get(name)
    one, other = Maker(1).made(kind), Maker(2).made(kind)
    assert isinstance(one == other, bool)
    assert one in [other, one]
    assert isinstance(hash(one), int)


def test_activations_are_compared_by_identity() -> None:
    values = np.ones((1, 3))
    one, other = (Activations(activations=(Activation(layer="a", values=values),)) for _ in range(2))
    assert one != other
    assert len({one, other}) == 2


def test_predictions_are_a_sequence() -> None:
    several = tuple(Prediction(classes=()) for _ in range(3))
    found = Predictions(predictions=several)
    assert isinstance(found, Sequence)
    assert found[1:] == several[1:]
    assert list(reversed(found)) == list(reversed(several))
    assert found.index(several[0]) == 0


def test_an_empty_activation_has_no_range() -> None:
    empty = Activation(layer="a", values=np.zeros((1, 0), np.float32))
    full = Activation(layer="b", values=np.array([[1.0, 3.0]], np.float32))
    _, rows = Activations(activations=(empty, full)).table()
    assert rows == [("a", "1×0", None, None, None), ("b", "1×2", 1.0, 2.0, 3.0)]
    assert "1×0" in Activations(activations=(empty,))._repr_html_()


MAKERS: dict[str, Callable[[Any], object]] = {
    "picture": lambda pixels: Picture(pixels=pixels),
    "example": lambda pixels: Example(image="a", value=1.0, window=(0, 0, 4, 4), pixels=pixels),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
        "pixels",
    ],
    ids=["one channel", "no channels", "floats", "nothing", "text"],
)
def test_pixels_that_are_no_picture_are_refused(make: Callable[[Any], object], pixels: Any) -> None:
    with pytest.raises(InvalidInputError, match="a picture is uint8") as caught:
        make(pixels)
    assert caught.value.field == "pixels"


def test_a_way_of_drawing_that_there_is_none_of_is_refused() -> None:
    images = np.zeros((1, 3, 4, 4), np.float32)
    with pytest.raises(InvalidInputError, match=r"picture is 'salency'.*saliency") as caught:
        Maps(method="m", maps=images, targets=(TARGET,), inputs=images, layout="NCHW", picture="salency")
    assert caught.value.field == "picture"


PICTURES = Images(images=tuple(Picture(pixels=np.full((4, 4, 3), shade, np.uint8)) for shade in (0, 200)))


def test_several_pictures_are_saved_by_number(tmp_path: Path) -> None:
    found = PICTURES.save(tmp_path / "a.png")
    assert found == [tmp_path / "a-1.png", tmp_path / "a-2.png"]
    for path, shade in zip(found, (0, 200), strict=True):
        with Image.open(path) as picture:
            assert np.unique(np.asarray(picture)).tolist() == [shade]


def test_one_picture_is_saved_under_its_name(tmp_path: Path) -> None:
    one = replace(PICTURES, images=PICTURES.images[:1])
    for found in (one.save(tmp_path / "b"), PICTURES.save(str(tmp_path / "c.png"), index=1)):
        (path,) = found
        with Image.open(path) as picture:
            assert picture.format == "PNG"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c.png"]


NOT_SAVED: dict[str, tuple[Result, str, str]] = {
    "no folder": (PICTURES, "no folder/a.png", "No such file"),
    "no format": (PICTURES, "a.xyz", r"writes no \.xyz files\. Give a file that ends in \.png"),
    "no picture": (Table(columns=("a",), rows=()), "a.png", "this Table gives no picture"),
}


@pytest.mark.parametrize(("result", "name", "words"), NOT_SAVED.values(), ids=NOT_SAVED)
def test_what_cannot_be_saved(tmp_path: Path, result: Result, name: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        result.save(tmp_path / name)
    assert caught.value.field == "path"


def test_python_shows_a_result_in_one_line_however_much_it_holds() -> None:
    shown = repr(sweep(rendered=(b"12345",), labels={3: "cat"}))
    assert shown.startswith("Sweep(target=ResolvedTarget(kind='class'")
    assert "probability=<float32 (2, 2)>, label=<int64 (2, 2)>" in shown
    assert "inputs=<float32 (1, 3, 8, 9)>" in shown
    assert "rendered=(<5 bytes>,)" in shown
    assert "labels={3: 'cat'}" in shown
    assert "notes" not in shown
    assert "\n" not in shown


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_every_kind_is_shown_in_one_line(name: str, kind: type[Result]) -> None:
    shown = repr(Maker(0).made(kind))
    assert shown.startswith(f"{kind.__name__}(")
    assert "array(" not in shown
