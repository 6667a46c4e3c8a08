"""What a caller may give as an input, and what is refused."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.model.preprocessing.prepare import prepare
from inspector.model.read import read_model
from inspector.model.spec import OnnxModel
from tests.support.graphs import FLOAT, model, node

PICTURE = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)


def reader(shape=("n", 3, 8, 8), dtype: int = FLOAT) -> OnnxModel:
    return read_model(model([node("Identity", ["x"], "y")], shape=shape, dtype=dtype).SerializeToString())


def png() -> bytes:
    stream = BytesIO()
    Image.fromarray(PICTURE).save(stream, "PNG")
    return stream.getvalue()


def test_paths_bytes_pictures_and_pixels_give_the_same(tmp_path) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(png())
    expected = PICTURE.transpose(2, 0, 1)[None].astype(np.float32) / 255
    for x in (path, str(path), png(), bytearray(png()), Image.fromarray(PICTURE), PICTURE):
        np.testing.assert_allclose(prepare(reader(), x), expected, rtol=1e-6)


def test_gray_pixels_fill_three_channels() -> None:
    batch = prepare(reader(), PICTURE[:, :, 0])
    np.testing.assert_array_equal(batch[0, 0], batch[0, 2])


def test_arrays_of_the_inputs_shape_are_used_as_they_are() -> None:
    array = np.random.default_rng(1).normal(size=(2, 3, 8, 8))
    batch = prepare(reader(), array)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch, array, rtol=1e-6)
    assert prepare(reader(), array[0]).shape == (1, 3, 8, 8)
    assert prepare(reader(dtype=10), array).dtype == np.float16


def test_lists_become_a_batch() -> None:
    assert prepare(reader(), [png(), PICTURE, np.zeros((1, 3, 8, 8))]).shape == (3, 3, 8, 8)


def test_a_uint8_model_takes_its_own_arrays() -> None:
    own = reader(("n", 8, 8, 3), dtype=2)
    np.testing.assert_array_equal(prepare(own, PICTURE), PICTURE[None])
    np.testing.assert_array_equal(prepare(own, PICTURE[None].repeat(2, 0)).shape, (2, 8, 8, 3))


def test_a_free_size_takes_any() -> None:
    assert prepare(reader(("n", 3, "h", "w")), PICTURE).shape == (1, 3, 8, 8)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 3, 8, 9), np.float32), r"shape \(1, 3, 8, 9\); this model takes N×3×8×8"),
        (np.zeros((8, 8), np.float32), "this model takes N×3×8×8"),
        (np.zeros((0, 3, 8, 8), np.float32), "empty"),
        (np.full((3, 8, 8), np.nan, np.float32), "NaN or Inf"),
        (np.full((3, 8, 8), np.inf), "NaN or Inf"),
        (np.full((3, 8, 8), 1e300), "cannot hold"),
        (np.zeros((3, 8, 8), np.int32), "int32"),
        (np.zeros((8, 8, 5), np.uint8), "a picture is"),
        (np.zeros((0, 8, 3), np.uint8), "empty"),
        (np.array([["a"]]), "<U1"),
        ([], "empty"),
        (3, "type int"),
        ([np.zeros((3, 8, 8)), None], "type NoneType"),
    ],
)
def test_what_does_not_fit_is_named(x: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message), np.errstate(over="ignore"):
        prepare(reader(), x)


def test_a_batch_of_different_sizes_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="differ in size"):
        prepare(reader(("n", 3, "h", "w")), [PICTURE, PICTURE[:4]])


@pytest.mark.parametrize("shape", [("n", 4, 8, 8), ("n", 12)])
def test_pictures_for_a_model_that_takes_none_are_refused(shape: tuple) -> None:
    with pytest.raises(InvalidInputError, match="4 channels|no image"):
        prepare(reader(shape), png())
    size = tuple(dim for dim in shape if dim != "n")
    assert prepare(reader(shape), np.zeros(size)).shape == (1, *size)
