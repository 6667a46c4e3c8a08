"""What a caller may give as an input, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspector.errors import CancelledError, InvalidInputError
from inspector.model.preprocessing.prepare import prepare
from inspector.model.read import read_model
from inspector.model.spec import OnnxModel
from inspector.types.control import Cancellation
from inspector.types.images import Prepared
from tests.support.graphs import FLOAT, model, node

PICTURE = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)


def reader(shape: tuple[int | str, ...] = ("n", 3, 8, 8), dtype: int = FLOAT) -> OnnxModel:
    return read_model(model([node("Identity", ["x"], "y")], shape=shape, dtype=dtype).SerializeToString())


def png() -> bytes:
    stream = BytesIO()
    Image.fromarray(PICTURE).save(stream, "PNG")
    return stream.getvalue()


def test_paths_bytes_pictures_and_pixels_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(png())
    expected = PICTURE.transpose(2, 0, 1)[None].astype(np.float32) / 255
    for x in (path, str(path), png(), bytearray(png()), Image.fromarray(PICTURE), PICTURE):
        np.testing.assert_allclose(prepare(reader(), x).values, expected, rtol=1e-6)


def test_gray_pixels_fill_three_channels() -> None:
    batch = prepare(reader(), PICTURE[:, :, 0]).values
    np.testing.assert_array_equal(batch[0, 0], batch[0, 2])


def test_arrays_of_the_inputs_shape_are_used_as_they_are() -> None:
    array = np.random.default_rng(1).normal(size=(2, 3, 8, 8))
    batch = prepare(reader(), array).values
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch, array, rtol=1e-6)
    assert prepare(reader(), array[0]).values.shape == (1, 3, 8, 8)
    assert prepare(reader(dtype=10), array).values.dtype == np.float16


def test_lists_become_a_batch() -> None:
    assert prepare(reader(), [png(), PICTURE, np.zeros((1, 3, 8, 8))]).values.shape == (3, 3, 8, 8)


def test_a_uint8_model_takes_its_own_arrays() -> None:
    own = reader(("n", 8, 8, 3), dtype=2)
    np.testing.assert_array_equal(prepare(own, PICTURE).values, PICTURE[None])
    np.testing.assert_array_equal(prepare(own, PICTURE[None].repeat(2, 0)).values.shape, (2, 8, 8, 3))


def test_a_free_size_takes_any() -> None:
    assert prepare(reader(("n", 3, "h", "w")), PICTURE).values.shape == (1, 3, 8, 8)


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


@pytest.mark.parametrize("shape", [("n", 5, 8, 8), ("n", 12)])
def test_pictures_for_a_model_that_takes_none_are_refused(shape: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidInputError, match="5 channels|no image"):
        prepare(reader(shape), png())
    size = tuple(dim for dim in shape if dim != "n")
    assert prepare(reader(shape), np.zeros(size)).values.shape == (1, *size)


def test_a_prepared_batch_is_taken_as_it_is() -> None:
    model = reader()
    batch = prepare(model, [PICTURE, PICTURE])

    assert prepare(model, batch) is batch
    np.testing.assert_array_equal(prepare(model, [batch, PICTURE]).values, batch.values[[0, 1, 0]])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((1, 3, 8, 9), np.float32), "this model takes N×3×8×8"),
        (np.zeros((3, 8, 8), np.float32), "this model takes N×3×8×8"),
        (np.zeros((0, 3, 8, 8), np.float32), "empty"),
        (np.zeros((1, 3, 8, 8)), "float64; this model takes float32"),
        (np.full((1, 3, 8, 8), np.nan, np.float32), "NaN or Inf"),
    ],
)
def test_a_prepared_batch_of_another_model_is_refused(values: np.ndarray, message: str) -> None:
    for images, field in ((Prepared(values), "images"), ([PICTURE, Prepared(values)], "images[1]")):
        with pytest.raises(InvalidInputError, match=message) as caught:
            prepare(reader(), images)
        assert caught.value.field == field


@pytest.mark.parametrize(
    "bad",
    [b"", b"no picture", 3, np.zeros((8, 8, 5), np.uint8), np.full((3, 8, 8), np.nan), np.zeros((2, 2))],
    ids=["empty", "noise", "number", "channels", "NaN", "rank"],
)
def test_an_error_names_which_image_it_is_about(bad: object) -> None:
    fields = []
    for images in (bad, [bad], [PICTURE, bad], [PICTURE, [PICTURE, bad]]):
        with pytest.raises(InvalidInputError) as error:
            prepare(reader(), images)
        fields.append(error.value.field)

    assert fields == ["images", "images[0]", "images[1]", "images[1][1]"]


def test_between_two_images_a_cancelled_token_ends_it() -> None:
    token = Cancellation()
    seen = []

    class Telling(list[object]):
        def __iter__(self) -> Iterator[object]:
            for item in super().__iter__():
                seen.append(item)
                yield item
                token.cancel("enough")

    with pytest.raises(CancelledError, match="enough"):
        prepare(reader(), Telling([PICTURE, PICTURE, PICTURE]), cancellation=token)
    assert len(seen) == 2
