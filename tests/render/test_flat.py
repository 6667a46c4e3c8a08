"""Signals as strips, volumes as mosaics of slices, channels of any number in gray."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import inspector
from inspector.errors import InvalidInputError
from inspector.render.flat import MOST_SLICES, flat
from inspector.render.occlusion import occlusion_figure
from inspector.render.photograph import photograph_of
from inspector.render.signals import with_curve
from inspector.types.preprocessing import Preprocessing
from tests.support.graphs import model, node

RANDOM = np.random.default_rng(0)


def test_every_layout_becomes_rows_columns_and_channels() -> None:
    image = RANDOM.random((5, 7, 3))
    np.testing.assert_array_equal(flat(image, layout="NHWC"), image)
    np.testing.assert_array_equal(flat(image.transpose(2, 0, 1), layout="NCHW"), image)
    np.testing.assert_array_equal(flat(image.transpose(2, 0, 1), layout="CHW"), image)
    np.testing.assert_array_equal(flat(image[:, :, 0], layout="NHW"), image[:, :, :1])
    np.testing.assert_array_equal(flat(image[0].T, layout="NCL"), image[:1])
    np.testing.assert_array_equal(flat(image[0], layout="NLC"), image[:1])
    with pytest.raises(InvalidInputError, match="3 axes, those of CHW"):
        flat(image[0], layout="NCHW")
    with pytest.raises(InvalidInputError, match="only maps over an image"):
        flat(image[0], layout="NC")


@pytest.mark.parametrize("depth", [1, 4, 5, 40])
def test_slices_of_a_volume_lie_side_by_side(depth: int) -> None:
    volume = RANDOM.random((1, depth, 6, 6))
    found = flat(volume, layout="NCDHW")
    rows, columns = found.shape[0] // 6, found.shape[1] // 6
    count = min(depth, MOST_SLICES)
    assert rows * columns >= count > rows * (columns - 1) - columns
    shown = [
        found[row * 6 : row * 6 + 6, column * 6 : column * 6 + 6, 0]
        for row in range(rows)
        for column in range(columns)
    ]
    np.testing.assert_array_equal(shown[0], volume[0, 0])
    np.testing.assert_array_equal(shown[count - 1], volume[0, -1])
    assert not np.any(shown[count:])


def test_a_signal_is_a_curve_over_a_strip() -> None:
    signal = np.zeros(40)
    signal[10] = 1.0
    strip = Image.fromarray(np.repeat((signal * 255).astype(np.uint8)[None, :, None], 3, axis=2))
    drawn = np.asarray(with_curve(strip, signal))
    factor = drawn.shape[1] // 40
    assert drawn.shape[1] >= 480
    assert (drawn[-1, 10 * factor : 11 * factor] == 255).all()
    assert not drawn[-1, : 10 * factor].any()
    highest = [int(np.flatnonzero(drawn[:96, column, 0] < 128)[0]) for column in range(factor, 39 * factor)]
    assert abs(int(np.argmin(highest)) + factor - 10.5 * factor) <= 1


def test_channels_that_are_no_colors_are_their_mean_in_gray() -> None:
    image = RANDOM.random((6, 4, 5))
    spec = Preprocessing(color="NONE", mean=(1.0,) * 6, std=(2.0,) * 6)
    shown = photograph_of(image, layout="NCHW", spec=spec)
    mean = image.mean(axis=0)
    assert np.unravel_index(shown[:, :, 0].argmax(), mean.shape) == np.unravel_index(
        mean.argmax(), mean.shape
    )
    assert (shown[:, :, 0] == shown[:, :, 2]).all()


def test_transparency_is_left_out_of_a_photograph() -> None:
    pixels = RANDOM.integers(0, 256, (4, 5, 4)).astype(np.float64)
    spec = Preprocessing(color="RGBA", mean=(1.0, 2.0, 3.0, 4.0), std=(2.0,), scale=1.0)
    values = (pixels - np.array([1, 2, 3, 4])) / 2
    np.testing.assert_array_equal(photograph_of(values, layout="NHWC", spec=spec), pixels[:, :, :3])


def test_positions_in_a_volume_are_over_their_slices() -> None:
    probability = np.ones((2, 1, 1))
    probability[1] = 0
    figure = occlusion_figure(
        np.full((4, 20, 20, 3), 128, np.uint8),
        probability,
        np.zeros((2, 1, 1), np.int64),
        None,
        fronts=[0, 2],
        tops=[0],
        lefts=[0],
        size=(2, 20, 20),
    )
    assert figure.activation is None
    pixels = np.asarray(figure.probability.convert("L"), np.int64)
    side = figure.probability.width // 2
    first, last = pixels[side // 2, side // 2], pixels[side + side // 2, side // 2]
    assert first > last + 60


def test_activations_lie_as_the_image_does() -> None:
    """The graph swaps rows and columns: the picture of a layer's maps does not."""
    proto = model(
        [
            node("Transpose", ["x"], "t", perm=[0, 1, 3, 2]),
            node("Relu", ["t"], "relu"),
            node("Conv", ["relu", "w"], "y"),
        ],
        shape=("n", 1, 6, 24),
        weights={"w": np.ones((1, 1, 3, 3), np.float32)},
    )
    image = np.zeros((1, 1, 6, 24), np.float32)
    image[0, 0, 1, 20] = 1
    with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
        found = loaded.activations(image, layers=["relu"])
        assert found.activations[0].spatial_axes == (3, 2)
        drawn = np.asarray(found.pictures()[0].convert("L"))
    drawn = drawn[21:]  # below the number
    assert drawn.shape[1] > 3 * drawn.shape[0]
    bright = np.argwhere(drawn > 200).mean(axis=0) / drawn.shape
    np.testing.assert_allclose(bright, [1.5 / 6, 20.5 / 24], atol=0.02)


@pytest.mark.parametrize("size", [(300, 1), (200, 3), (1, 60), (2, 2), (1, 1)])
def test_narrow_photographs_have_room_for_words(size: tuple[int, int]) -> None:
    ones = np.ones((1, 1))
    figure = occlusion_figure(
        np.zeros((*size, 3), np.uint8), ones, ones.astype(np.int64), ones, tops=[0], lefts=[0], size=size
    )
    assert 320 <= figure.probability.width < 700
    assert figure.probability.height < 1100
