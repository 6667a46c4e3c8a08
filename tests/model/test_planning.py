"""What a picture becomes is known from its header: what is too large or does not fit is refused undecoded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin

import inspector
from inspector.errors import InspectorError, InvalidInputError, LimitExceededError
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing import prepare as preparing
from inspector.model.preprocessing.fitting import fitted
from inspector.model.preprocessing.images import decode_image, visible
from inspector.model.preprocessing.opening import sizes_told
from inspector.model.preprocessing.prepare import prepare
from inspector.model.read import read_model
from inspector.model.spec import OnnxModel
from inspector.types.preprocessing import Preprocessing
from tests.support.graphs import FLOAT, model, node

FREE = ("n", 3, "h", "w")
ORIENTATION = 0x0112


def reader(shape: tuple[int | str, ...] = FREE, *, limits: Limits | None = None, **spec: Any) -> OnnxModel:
    data = model([node("Identity", ["x"], "y")], shape=shape, dtype=FLOAT).SerializeToString()
    return read_model(data, preprocessing=spec or None, limits=limits or Limits())


def encoded(size: tuple[int, int], how: str = "PNG", mode: str = "RGB", **options: Any) -> bytes:
    stream = BytesIO()
    Image.new(mode, size).save(stream, how, **options)
    return stream.getvalue()


def with_orientation(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


@pytest.fixture
def undecoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every attempt to decode the pixels of a picture fail the test."""

    def load(self: Image.Image) -> None:
        raise AssertionError("A picture was decoded.")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
    monkeypatch.setattr(preparing, "decode_image", load)


KINDS: tuple[tuple[str, str], ...] = (
    ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "L"), ("PNG", "P"), ("PNG", "1"), ("PNG", "I;16"),
    ("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("WEBP", "RGB"), ("WEBP", "RGBA"),
)  # fmt: skip


@pytest.mark.parametrize(("how", "mode"), KINDS)
@pytest.mark.usefixtures("undecoded")
def test_a_model_of_free_size_refuses_what_it_cannot_hold_by_the_header(how: str, mode: str) -> None:
    nodes = [node("GlobalAveragePool", ["x"], "p"), node("Flatten", ["p"], "y")]
    data = model(nodes, shape=FREE).SerializeToString()
    with inspector.load(data, device="cpu", limits=Limits(max_run_bytes=4 * 3 * 64 * 64)) as one:
        picture = encoded((65, 64), how, mode)
        for images in (picture, [picture]):
            with pytest.raises(LimitExceededError) as caught:
                one.predict(images)
            assert caught.value.reason == "IMAGE_TOO_LARGE"


def test_what_the_model_can_hold_is_decoded() -> None:
    nodes = [node("GlobalAveragePool", ["x"], "p"), node("Flatten", ["p"], "y")]
    data = model(nodes, shape=FREE).SerializeToString()
    with inspector.load(data, device="cpu", limits=Limits(max_run_bytes=2 * 4 * 3 * 64 * 64)) as one:
        one.predict(encoded((64, 64)))


BEFORE: dict[str, tuple[Callable[[], OnnxModel], list[bytes], type[InspectorError], str]] = {
    "together too large": (
        lambda: reader(limits=Limits(max_input_bytes=10 * 12 * 64 * 64)),
        [encoded((64, 64))] * 11,
        LimitExceededError,
        "max_input_bytes",
    ),
    "alone too large": (
        lambda: reader(limits=Limits(max_input_bytes=12 * 64 * 64)),
        [encoded((65, 64))],
        LimitExceededError,
        "max_input_bytes",
    ),
    "of other sizes": (reader, [encoded((8, 8)), encoded((8, 9))], InvalidInputError, "images"),
    "the short side made so long that the other is endless": (
        lambda: reader(resize="short_side", resize_size=256),
        [encoded((60_000, 1))],
        LimitExceededError,
        "images[0]",
    ),
    "too small for a crop": (
        lambda: reader(("n", 3, 64, 64), resize="none"),
        [encoded((64, 64)), encoded((64, 63))],
        InvalidInputError,
        "images[1]",
    ),
    "of a size that a model which does not resize does not take": (
        lambda: reader(("n", 3, 64, "w"), resize="exact", height=64),
        [encoded((63, 63))],
        InvalidInputError,
        "preprocessing",
    ),
    "for a flat input": (lambda: reader(("n", 12)), [encoded((2, 2))], InvalidInputError, "images[0]"),
    "of other channels": (
        lambda: reader(("n", 5, 8, 8)),
        [encoded((8, 8))],
        InvalidInputError,
        "images[0]",
    ),
    "the last one corrupt at its start": (
        reader,
        [encoded((8, 8)), encoded((8, 8))[:20]],
        InvalidInputError,
        "images[1]",
    ),
    "an animation behind others": (
        reader,
        [
            encoded((8, 8)),
            encoded((8, 8), "WEBP", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")]),
        ],
        InvalidInputError,
        "images[1]",
    ),
}


@pytest.mark.parametrize("case", BEFORE)
@pytest.mark.usefixtures("undecoded")
def test_what_is_refused_is_refused_before_any_picture_is_decoded(case: str) -> None:
    make, images, kind, field = BEFORE[case]
    with pytest.raises(kind) as caught:
        prepare(make(), images)
    assert caught.value.field == field


def test_batches_of_unlike_numbers_are_as_large_as_they_are(tmp_path: Path) -> None:
    three, one = (np.zeros((count, 3, 8, 8), np.float32) for count in (3, 1))
    path = tmp_path / "three.npy"
    np.save(path, three)
    four, small = (
        reader(limits=Limits(max_input_bytes=4 * one.nbytes)),
        reader(limits=Limits(max_input_bytes=4 * one.nbytes - 1)),
    )
    for images in ([three, one], [path, one], [one, path]):
        assert len(prepare(four, images)) == 4
        with pytest.raises(LimitExceededError) as caught:
            prepare(small, images)
        assert caught.value.field == "max_input_bytes"


SPECS = (
    {"resize": "none"},
    {"resize": "none", "height": 7},
    {"resize": "none", "height": 7, "width": 5},
    {"resize": "exact", "height": 9, "width": 4},
    {"resize": "exact", "height": 9},
    {"resize": "letterbox", "height": 9, "width": 4},
    {"resize": "letterbox", "width": 4},
    {"resize": "short_side", "resize_size": 11},
    {"resize": "short_side", "height": 9, "width": 4},
    {"resize": "short_side", "resize_size": 11, "height": 9, "width": 4},
)
SIZES = ((7, 5), (8, 13), (31, 17), (1, 40), (40, 1), (100, 3))


@pytest.mark.parametrize(("given", "size"), list(product(SPECS, SIZES)))
def test_the_size_that_is_told_is_the_one_that_is_made(given: dict[str, Any], size: tuple[int, int]) -> None:
    spec = Preprocessing(**given)
    picture = np.zeros((*size, 3), np.uint8)
    try:
        told = fitted(*size, spec)
    except InvalidInputError:
        with pytest.raises(InvalidInputError, match="does not resize"):
            visible(picture, spec)
        return
    assert visible(picture, spec).shape == (*told, 3)


@pytest.mark.parametrize("how", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(10))
def test_headers_tell_the_size_of_an_upright_picture(how: str, orientation: int) -> None:
    data = encoded((9, 5), how, exif=with_orientation(orientation))
    (told,) = sizes_told(data, limits=Limits())
    assert decode_image(data, limits=Limits()).shape[:2] == told


def late_exif(size: tuple[int, int]) -> bytes:
    """Return a PNG that says behind its pixels that it lies on its side."""
    plain = encoded(size)
    body = b"eXIf" + with_orientation(6).tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return plain[:-12] + chunk + plain[-12:]


def test_what_turns_a_picture_behind_its_pixels_leaves_both_ways_open(tmp_path: Path) -> None:
    data = late_exif((9, 5))
    assert set(sizes_told(data, limits=Limits())) == {(5, 9), (9, 5)}
    assert decode_image(data, limits=Limits()).shape[:2] == (9, 5)
    path = tmp_path / "late.png"
    path.write_bytes(data)
    for image in (data, path, Image.open(path)):
        assert prepare(reader(), image).values.shape == (1, 3, 9, 5)
        assert prepare(reader(("n", 3, 9, 5), resize="none"), image).values.shape == (1, 3, 9, 5)
    assert prepare(reader(), [data, encoded((5, 9))]).values.shape == (2, 3, 9, 5)
    with pytest.raises(InvalidInputError, match="differ in size"):
        prepare(reader(), [data, encoded((9, 5))])


@pytest.mark.usefixtures("undecoded")
def test_what_is_too_large_both_ways_is_refused_by_its_header() -> None:
    with pytest.raises(LimitExceededError):
        prepare(reader(resize="short_side", resize_size=256), late_exif((60_000, 1)))
    with pytest.raises(LimitExceededError):
        prepare(reader(limits=Limits(max_input_bytes=9 * 5 * 12 - 1)), late_exif((9, 5)))


def test_deep_gray_becomes_eight_bits() -> None:
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    stream = BytesIO()
    Image.fromarray(every).save(stream, "PNG")
    made = decode_image(stream.getvalue(), limits=Limits())
    np.testing.assert_array_equal(made[:, :, 0], np.rint(every / 65535.0 * 255.0).astype(np.uint8))
