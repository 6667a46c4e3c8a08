"""The strongest examples: against a brute force over all activations, and windows against changed pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import inspector
from inspector.errors import CancelledError, InvalidInputError, NotFoundError
from inspector.methods.figures.peaks import Peaks
from inspector.render.examples import OUTSIDE
from inspector.render.maps import projection_image
from inspector.types.results.images import Examples
from tests.support.fronts import random_front
from tests.support.graphs import model, node
from tests.support.small_cnn import small_cnn
from tests.support.toys import SIDE, toy_cnn, toy_image

SET = np.stack([toy_image(seed) for seed in range(45)])


@pytest.fixture(scope="module")
def toy() -> inspector.Model:
    return inspector.load(toy_cnn(), device="cpu")


def brute_force(maps: np.ndarray, *, count: int, per_image: int) -> list[tuple[float, int, tuple[int, ...]]]:
    """Return the strongest (value, image, position) of one channel's maps (N, H, W), by sorting all of them."""
    found = []
    for image, plane in enumerate(maps):
        order = np.argsort(-plane.reshape(-1), kind="stable")[:per_image]
        places = [np.unravel_index(int(place), plane.shape) for place in order]
        found += [(float(plane[place]), image, tuple(int(one) for one in place)) for place in places]
    found.sort(key=lambda one: -one[0])
    return found[:count]


@pytest.mark.parametrize(("layer", "count", "per_image"), [("relu2", 9, 1), ("pool1", 4, 1), ("conv2", 7, 3)])
def test_the_strongest_are_those_of_a_brute_force(
    toy: inspector.Model, layer: str, count: int, per_image: int
) -> None:
    maps = toy.activations(SET, layers=[layer])[layer]
    found = toy.top(
        SET, layer=layer, channels=range(maps.shape[1]), count=count, per_image=per_image, projections=False
    )
    field = toy.layer(layer).receptive_field
    assert field is not None
    assert [row.channel for row in found.rows] == list(range(maps.shape[1]))
    for channel, row in enumerate(found.rows):
        wanted = brute_force(maps[:, channel], count=count, per_image=per_image)
        wanted = [one for one in wanted if one[0] != 0]
        assert [one.image for one in row.examples] == [str(image) for _, image, _ in wanted]
        np.testing.assert_allclose(
            [one.value for one in row.examples], [value for value, *_ in wanted], rtol=1e-6
        )
        for one, (_, _, position) in zip(row.examples, wanted, strict=True):
            top, left, bottom, right = field.window(*position, height=SIDE, width=SIDE)
            height, width = field.rows.size, field.columns.size
            assert one.pixels.shape == (height, width, 3)  # as if there were no edge
            assert one.window[2] - one.window[0] == height
            assert max(one.window[0], 0) == top
            assert max(one.window[1], 0) == left
            assert min(one.window[2], SIDE) == bottom
            assert min(one.window[3], SIDE) == right


def test_what_lies_outside_of_a_window_changes_nothing_and_its_border_does(toy: inspector.Model) -> None:
    found = toy.top(SET[:20], layer="conv2", channels=[1, 4], projections=False, border="cut")
    maps = toy.activations(SET[:20], layers=["conv2"])["conv2"]
    rng = np.random.default_rng(0)
    for row in found.rows:
        for one in row.examples:
            image, (top, left, bottom, right) = int(one.image), one.window
            place = np.unravel_index(int(maps[image, row.channel].argmax()), maps.shape[2:])
            other = rng.standard_normal(SET[image].shape).astype(np.float32)
            other[:, top:bottom, left:right] = SET[image][:, top:bottom, left:right]
            changed = toy.activations(other, layers=["conv2"])["conv2"][0, row.channel][place]
            assert changed == pytest.approx(one.value, rel=1e-5)
            for edge in (np.s_[:, top, left:right], np.s_[:, top:bottom, right - 1]):
                inner = SET[image].copy()
                inner[edge] += 50
                moved = toy.activations(inner, layers=["conv2"])["conv2"][0, row.channel][place]
                assert moved != pytest.approx(one.value, rel=1e-3)


def test_projections_are_those_of_the_deconvnet_of_each_unit(toy: inspector.Model) -> None:
    found = toy.top(SET[:12], layer="relu2", channels=[0, 3], count=3, border="cut")
    maps = toy.activations(SET[:12], layers=["relu2"])["relu2"]
    for row in found.rows:
        for one in row.examples:
            place = np.unravel_index(int(maps[int(one.image), row.channel].argmax()), maps.shape[2:])
            unit = inspector.Unit("relu2", row.channel, tuple(int(at) for at in place))
            whole = toy.attribute(SET[int(one.image)], method="deconvnet", target=unit)
            drawn = np.asarray(projection_image(whole.maps[0], layout="NCHW"))
            top, left, bottom, right = one.window
            np.testing.assert_array_equal(one.projection, drawn[top:bottom, left:right])
            assert np.abs(whole.maps[0]).sum() == pytest.approx(
                np.abs(whole.maps[0][:, top:bottom, left:right]).sum()
            )
    assert any(note.id == "caution" for note in found.notes)


def test_patches_at_the_edge_are_padded_so_that_places_correspond(toy: inspector.Model) -> None:
    corner = np.zeros((1, 3, SIDE, SIDE), np.float32)
    corner[0, :, 0, 0] = 30
    padded, cut = (
        toy.top(corner, layer="relu1", channels=[2], border=border).rows[0].examples[0]
        for border in ("pad", "cut")
    )
    assert padded.pixels.shape == (3, 3, 3)
    assert cut.pixels.shape != padded.pixels.shape
    assert padded.window[0] < 0 or padded.window[1] < 0
    outside = padded.pixels[: max(0, -padded.window[0])]
    assert (outside == OUTSIDE).all()
    np.testing.assert_array_equal(
        padded.pixels[max(0, -padded.window[0]) :, max(0, -padded.window[1]) :], cut.pixels
    )


def test_files_give_what_their_pictures_give(toy: inspector.Model, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    pictures = [rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8) for _ in range(40)]
    files = []
    for index, picture in enumerate(pictures):
        files.append(tmp_path / f"{index}.png")
        Image.fromarray(picture).save(files[-1])
    here, there = (toy.top(given, layer="relu2", rows=3, projections=False) for given in (pictures, files))
    assert values(here) == values(there)
    assert here.notes == there.notes


def values(found: Examples) -> list[tuple[Any, ...]]:
    return [(row.title, one.image, one.value, one.window) for row in found.rows for one in row.examples]


def test_images_of_several_sizes_are_one_set() -> None:
    rng = np.random.default_rng(4)
    sizes = [(16, 12), (16, 12), (20, 30), (16, 12), (9, 14)]
    images = [rng.standard_normal((3, *size)).astype(np.float32) for size in sizes]
    with inspector.load(small_cnn(height="h", width="w"), device="cpu") as loaded:
        found = loaded.top(images, layer="relu2", channels=[2])
        maps = [loaded.activations(one, layers=["relu2"])["relu2"][0, 2] for one in images]
    order = sorted(range(len(images)), key=lambda index: -maps[index].max())
    assert [int(one.image) for one in found.rows[0].examples] == order
    for one in found.rows[0].examples:
        assert one.value == pytest.approx(maps[int(one.image)].max(), rel=1e-5)
        assert one.projection is not None
        assert one.projection.shape == one.pixels.shape


def test_the_channels_that_stand_out_are_chosen_each_with_images_of_its_own() -> None:
    peaks = Peaks(count=2)
    maps = np.random.default_rng(5).uniform(0, 1, (40, 6, 3, 3)).astype(np.float32)
    maps[7, 3, 1, 1], maps[8, 3, 0, 0] = 50, 40
    maps[7, 4, 1, 1], maps[8, 4, 0, 0] = 49, 39  # the same images as channel 3
    maps[20, 1, 2, 2] = 30
    maps[:, 5] = 0
    peaks.add(maps, axis=1, images=range(40))
    chosen = peaks.outstanding(6)
    assert chosen[:2] == [3, 1]
    assert chosen.index(4) > chosen.index(0)
    assert chosen[-1] == 5
    assert len(set(chosen)) == 6


def test_places_that_are_not_finite_are_left_out() -> None:
    maps = np.ones((2, 1, 2, 2), np.float32)
    maps[0, 0, 0, 0], maps[0, 0, 1, 1] = np.nan, 3
    maps[1] = np.inf
    peaks = Peaks(count=3)
    peaks.add(maps, axis=1, images=range(2))
    (one,) = peaks.of(0)
    assert (one.value, one.image, one.position) == (3, 0, (1, 1))
    assert peaks.not_finite == 2


def test_what_does_not_fire_is_no_example(toy: inspector.Model) -> None:
    maps = toy.activations(SET, layers=["relu2"])["relu2"]
    firing = [int((maps[:, channel].max(axis=(1, 2)) > 0).sum()) for channel in range(8)]
    assert min(firing) < 45
    found = toy.top(SET, layer="relu2", channels=range(8), count=45, projections=False)
    assert [len(row.examples) for row in found.rows] == firing
    assert "fires_rarely" in {note.id for note in found.notes}
    assert found.to_pil().height > 100


def test_dense_units_and_few_images(toy: inspector.Model) -> None:
    found = toy.top(SET[:4], layer="scores", count=9)
    scores = toy.activations(SET[:4], layers=["scores"])["scores"]
    for row in found.rows:
        assert [int(one.image) for one in row.examples] == np.argsort(-scores[:, row.channel]).tolist()
        assert row.examples[0].window == (0, 0, SIDE, SIDE)
    assert {"fewer_examples", "whole_image"} <= {note.id for note in found.notes}


def test_the_progress_ends_and_a_caller_may_leave(toy: inspector.Model) -> None:
    steps: list[tuple[int, int]] = []
    toy.top(SET, layer="relu2", rows=2, progress=lambda done, total: steps.append((done, total)))
    assert steps == sorted(set(steps))
    assert steps[-1][0] == steps[-1][1]
    token = inspector.Cancellation()
    with pytest.raises(CancelledError):
        toy.top(list(SET), layer="relu2", progress=lambda *_: token.cancel(), cancellation=token)


@pytest.mark.parametrize(
    ("given", "error", "field"),
    [
        ({"layer": "relu9"}, NotFoundError, "layer"),
        ({"layer": "relu2", "channels": [0, 8]}, NotFoundError, "channels[1]"),
        ({"channels": -1}, InvalidInputError, "channels"),
        ({"count": 0}, InvalidInputError, "count"),
        ({"rows": 0}, InvalidInputError, "rows"),
        ({"per_image": 0}, InvalidInputError, "per_image"),
        ({"border": "mirror"}, InvalidInputError, "border"),
        ({"method": "magic"}, NotFoundError, "method"),
    ],
)
def test_what_is_not_there_is_named(
    toy: inspector.Model, given: dict[str, Any], error: type[Exception], field: str
) -> None:
    with pytest.raises(error) as caught:
        toy.top(SET[:2], **given)
    assert getattr(caught.value, "field", None) == field


def test_units_that_another_size_has_more_of_do_not_compare() -> None:
    rows = model([node("Relu", ["x"], "r"), node("Flatten", ["r"], "y")], shape=("n", 1, "h", "w"))
    images = [np.ones((1, 4, 4), np.float32), np.ones((1, 5, 4), np.float32)]
    with inspector.load(rows.SerializeToString(), device="cpu") as loaded:
        with pytest.raises(InvalidInputError, match="16 channels for one image and 20") as caught:
            loaded.top(images, layer="y")
        assert loaded.top(images, layer="r").rows
    assert caught.value.field == "images"


def test_an_image_that_cannot_be_read_is_named_by_its_place(toy: inspector.Model) -> None:
    with pytest.raises(InvalidInputError) as caught:
        toy.top([*SET[:20], b"no picture", *SET[:5]])
    assert caught.value.field == "images[20]"
    with pytest.raises(InvalidInputError):
        toy.top([])


def test_a_flat_vector_is_no_image() -> None:
    dense = model([node("Gemm", ["x", "w"], "y")], shape=("n", 4), weights={"w": np.eye(4, dtype=np.float32)})
    with inspector.load(dense.SerializeToString(), device="cpu") as loaded, pytest.raises(InvalidInputError):
        loaded.top(np.eye(4, dtype=np.float32), layer="y")


@pytest.mark.parametrize("seed", range(10))
def test_any_input_has_examples(seed: int) -> None:
    front = random_front(seed)
    shape = [1 if letter == "N" else front.sizes[letter] for letter in front.layout]
    images = [front.rng.uniform(0, 2, shape).astype(np.float32) for _ in range(3)]
    with inspector.load(front.finish(), device="cpu") as loaded:
        layers = [layer for layer in loaded.layers() if layer.channel_axis is not None]
        found = loaded.top(images, layer=layers[0].name, rows=2)
    assert found.rows
    for row in found.rows:
        for one in row.examples:
            assert one.pixels.ndim == 3
            assert one.projection is not None
    assert found.to_pil().width > 50
