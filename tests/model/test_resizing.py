"""Resized pictures, of which only what is seen is made: the same pixels as of the whole, and none beyond all bounds."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from inspector.errors import InvalidInputError, LimitExceededError
from inspector.model.preprocessing import resizing
from inspector.model.preprocessing.images import apply_preprocessing, visible
from inspector.model.preprocessing.resizing import resized
from inspector.types.preprocessing import MOST_PIXELS, Preprocessing

METHODS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)
SIZES = ((500, 375), (37, 91), (64, 64), (3, 40), (40, 3), (1, 60), (60, 1), (1, 1))
RANDOM = np.random.default_rng(0)


def picture(width: int, height: int) -> Image.Image:
    return Image.fromarray(RANDOM.integers(0, 256, (height, width, 3), np.uint8))


def center(size: tuple[int, int], side: int) -> tuple[int, int, int, int]:
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return left, top, left + side, top + side


def short_side(given: tuple[int, int], side: int) -> tuple[int, int]:
    ratio = side / min(given)
    return max(side, round(given[0] * ratio)), max(side, round(given[1] * ratio))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("side", "crop"), [(256, 224), (32, 11)])
def test_a_part_has_the_pixels_of_the_whole(
    size: tuple[int, int], side: int, crop: int, method: Image.Resampling
) -> None:
    given, made = picture(*size), short_side(size, side)
    box = center(made, crop)
    np.testing.assert_array_equal(resized(given, made, method, box=box), given.resize(made, method).crop(box))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", SIZES)
def test_a_part_that_is_made_alone_has_them_too(
    size: tuple[int, int], method: Image.Resampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resizing, "_WHOLE", 0)
    given = picture(*size)
    for side, crop, corner in itertools.product((128, 50), (33, 1), (False, True)):
        made = short_side(size, side)
        box = (made[0] - crop, made[1] - crop, *made) if corner else center(made, crop)
        whole = np.asarray(given.resize(made, method).crop(box), np.int16)
        part = np.asarray(resized(given, made, method, box=box), np.int16)
        off = np.abs(part - whole)
        # What lies between two pixels, or a sum that ends in half of one, may be rounded either way.
        assert method is Image.Resampling.NEAREST or off.max() <= 1, (side, crop)
        assert crop == 1 or np.mean(off > 0) < 0.1, (side, crop)


@pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000), (20_000, 3)])
def test_a_strip_costs_what_is_seen_of_it(size: tuple[int, int]) -> None:
    spec = Preprocessing(height=224, width=224, resize="short_side", resize_size=256)
    strip = np.repeat(RANDOM.integers(0, 256, (size[1], size[0], 1), np.uint8), 3, axis=2)
    tracemalloc.start()
    try:
        assert visible(strip, spec).shape == (224, 224, 3)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_what_has_no_bound_of_its_own_is_refused() -> None:
    strip = np.zeros((1, 60_000, 3), np.uint8)
    with pytest.raises(LimitExceededError, match=r"15,360,000.*the limit is") as caught:
        apply_preprocessing(strip, Preprocessing(resize="short_side", resize_size=256))
    assert caught.value.field == "image"
    with pytest.raises(LimitExceededError, match="would become"):
        resized(picture(2, 2), (MOST_PIXELS, 2), Image.Resampling.BILINEAR)


@pytest.mark.parametrize("given", [2**62, MOST_PIXELS + 1])
@pytest.mark.parametrize("key", ["height", "width", "resize_size"])
def test_sides_beyond_all_pictures_are_refused_where_they_are_given(key: str, given: int) -> None:
    with pytest.raises(InvalidInputError, match="at most") as caught:
        Preprocessing(**{key: given})  # type: ignore[arg-type]
    assert caught.value.field == f"preprocessing.{key}"


def test_so_are_two_sides_that_are_too_many_pixels_together() -> None:
    with pytest.raises(InvalidInputError, match=r"height × width are at most"):
        Preprocessing(height=60_000, width=60_000)
    with pytest.raises(InvalidInputError, match="from 0 to 255"):
        Preprocessing(letterbox_fill=2**62)
