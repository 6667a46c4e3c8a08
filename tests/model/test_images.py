"""Encoded images: what is decoded, what is refused, and what a model sees of it."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspector.errors import InvalidInputError, LimitExceededError
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.images import apply_preprocessing, crop_box, decode_image, visible
from inspector.types.dtypes import Dtype, saturated
from inspector.types.preprocessing import Preprocessing

LIMITS = Limits()
RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (6, 9, 3)).astype(np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def decode(data: bytes) -> np.ndarray:
    image = decode_image(data, limits=LIMITS)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    return image


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def test_png_and_lossless_webp_keep_every_pixel() -> None:
    picture = Image.fromarray(PIXELS)
    np.testing.assert_array_equal(decode(encoded(picture)), PIXELS)
    np.testing.assert_array_equal(decode(encoded(picture, "WEBP", lossless=True)), PIXELS)


def test_a_path_a_picture_and_bytes_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "picture.with.a.wrong.extension.gif"
    path.write_bytes(encoded(Image.fromarray(PIXELS)))
    for source in (path, str(path), Image.fromarray(PIXELS)):
        np.testing.assert_array_equal(decode_image(source, limits=LIMITS), PIXELS)


def test_cmyk_becomes_rgb() -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert decode(encoded(red, "JPEG", quality=100))[4, 4].tolist() == pytest.approx([255, 0, 0], abs=4)


def test_sixteen_bits_become_eight() -> None:
    values = np.array([[0, 257, 32768, 65535]], np.uint16)
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(values)))[0, :, 0], [0, 1, 128, 255])


def test_palettes_gray_and_one_bit_become_rgb() -> None:
    palette = Image.fromarray(PIXELS).quantize(4)
    np.testing.assert_array_equal(decode(encoded(palette)), np.asarray(palette.convert("RGB")))
    np.testing.assert_array_equal(decode(encoded(Image.new("L", (2, 2), 77)))[0, 0], [77, 77, 77])
    np.testing.assert_array_equal(decode(encoded(Image.new("1", (2, 2), 1)))[0, 0], [255, 255, 255])


def test_transparency_lies_over_white() -> None:
    assert decode(encoded(Image.new("RGBA", (2, 2), (200, 0, 0, 0))))[0, 0].tolist() == [255, 255, 255]
    half = decode(encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 128))))[0, 0]
    assert half.tolist() == pytest.approx([127] * 3, abs=1)
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([10, 20, 30])
    assert decode(encoded(palette, transparency=0))[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_every_orientation_upright(orientation: int) -> None:
    stored = {
        1: lambda x: x,
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.transpose(1, 0, 2),
        6: lambda x: np.rot90(x, 1),
        7: lambda x: x[::-1, ::-1].transpose(1, 0, 2),
        8: lambda x: np.rot90(x, -1),
    }[orientation](PIXELS)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
    np.testing.assert_array_equal(decode(data), PIXELS)


def test_broken_exif_is_passed_over() -> None:
    data = encoded(
        Image.fromarray(PIXELS), "WEBP", lossless=True, exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 20
    )
    np.testing.assert_array_equal(decode(data), PIXELS)


def test_a_single_pixel_is_an_image() -> None:
    assert decode(encoded(Image.new("RGB", (1, 1), (1, 2, 3)))).tolist() == [[[1, 2, 3]]]


def test_truncated_images_are_refused() -> None:
    data = encoded(Image.fromarray(RANDOM.integers(0, 256, (64, 64, 3)).astype(np.uint8)), "JPEG")
    for kept in (20, len(data) // 2, len(data) - 40):
        with pytest.raises(InvalidInputError, match="truncated or corrupt|not an image"):
            decode_image(data[:kept], limits=LIMITS)


@pytest.mark.parametrize(("width", "height"), [(65535, 65535), (15000, 10000), (2**31 - 1, 1)])
def test_a_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(LimitExceededError, match="pixels"):
        decode_image(png_header(width, height), limits=LIMITS)


@pytest.mark.parametrize("most", [300, 100])
def test_pillows_own_limit_neither_warns_nor_decides(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Image.open warns above its limit, which no thread can silence for itself, and raises above twice as much."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
    for kind in ("PNG", "JPEG"):
        image = Image.new("RGB", (20, 20), (10, 200, 30))
        assert decode_image(encoded(image, kind), limits=LIMITS).shape == (20, 20, 3)


def test_limits_are_those_of_the_caller() -> None:
    data = encoded(Image.fromarray(PIXELS))
    with pytest.raises(LimitExceededError) as caught:
        decode_image(data, limits=Limits(max_image_pixels=53))
    assert caught.value.field == "max_image_pixels"
    with pytest.raises(LimitExceededError) as caught:
        decode_image(data, limits=Limits(max_image_bytes=10))
    assert caught.value.field == "max_image_bytes"
    assert decode_image(data, limits=Limits(max_image_pixels=54)).shape == (6, 9, 3)


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_animations_are_refused(kind: str) -> None:
    frames = [Image.new("RGB", (4, 4), (value, 0, 0)) for value in (0, 100, 200)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    with pytest.raises(InvalidInputError, match="animated .3 frames"):
        decode_image(data, limits=LIMITS)


def test_a_photograph_with_a_preview_behind_it_is_the_photograph() -> None:
    photograph, preview = Image.new("RGB", (16, 8), (200, 10, 10)), Image.new("RGB", (4, 2), (0, 0, 0))
    data = encoded(photograph, "MPO", save_all=True, append_images=[preview])
    assert data.startswith(b"\xff\xd8\xff")
    image = decode(data)
    assert image.shape == (8, 16, 3)
    assert image[4, 8].tolist() == pytest.approx([200, 10, 10], abs=4)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "PPM", "ICO"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(InvalidInputError, match="allowed are JPEG, PNG, WEBP"):
        decode_image(encoded(Image.new("RGB", (16, 16)), kind), limits=LIMITS)


def test_empty_missing_and_random_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        decode_image(b"", limits=LIMITS)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        decode_image(tmp_path / "none.png", limits=LIMITS)
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\0\0\0\0WEBPVP8 "):
        with pytest.raises(InvalidInputError):
            decode_image(start + RANDOM.bytes(300), limits=LIMITS)


def test_values_are_scaled_shifted_and_ordered() -> None:
    spec = Preprocessing(color="BGR", scale=0.5, mean=(1.0, 2.0, 3.0), std=(2.0, 4.0, 8.0))
    values = apply_preprocessing(PIXELS, spec)
    assert values.shape == (3, 6, 9)
    assert values.dtype == np.float32
    for channel, (mean, std) in enumerate(((1, 2), (2, 4), (3, 8))):
        np.testing.assert_allclose(values[channel], (PIXELS[:, :, 2 - channel] * 0.5 - mean) / std, rtol=1e-6)


def test_layout_dtype_and_gray_are_kept() -> None:
    assert (
        apply_preprocessing(PIXELS, Preprocessing(layout="NHWC", dtype=Dtype("uint8"))).tolist()
        == PIXELS.tolist()
    )
    gray = apply_preprocessing(PIXELS, Preprocessing(color="GRAY", dtype=Dtype("float16")))
    assert gray.shape == (1, 6, 9)
    assert gray.dtype == np.float16
    np.testing.assert_allclose(gray[0], PIXELS @ np.array([0.299, 0.587, 0.114]), atol=1)
    with pytest.raises(InvalidInputError, match="no image"):
        apply_preprocessing(PIXELS, Preprocessing(layout="NC"))


def test_exact_short_side_and_letterbox_see_what_they_say() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[:, :50], image[:, 150:] = (255, 0, 0), (0, 0, 255)
    exact = visible(image, Preprocessing(height=50, width=50, resize="exact"))
    assert exact.shape == (50, 50, 3)
    assert exact[25, 5].tolist() == [255, 0, 0]
    short = Preprocessing(height=40, width=40, resize="short_side", resize_size=50)
    assert visible(image, short).max() == 0
    assert crop_box(100, 200, short) == (60, 10, 140, 90)
    box = visible(image, Preprocessing(height=50, width=50, resize="letterbox"))
    assert box[5, 25].tolist() == [114, 114, 114]
    assert box[25, 2].tolist() == [255, 0, 0]
    corner = visible(
        image, Preprocessing(height=50, width=50, resize="letterbox", letterbox_align="top_left")
    )
    assert corner[40, 25].tolist() == [114, 114, 114]
    assert corner[5, 2].tolist() == [255, 0, 0]


def test_a_crop_that_does_not_fit_makes_the_image_larger() -> None:
    spec = Preprocessing(height=64, width=64, resize="short_side", resize_size=32)
    assert visible(PIXELS, spec).shape == (64, 64, 3)


def test_without_resizing_the_center_is_taken_or_the_size_is_named() -> None:
    spec = Preprocessing(height=4, width=5, resize="none")
    np.testing.assert_array_equal(visible(PIXELS, spec), PIXELS[1:5, 2:7])
    assert crop_box(6, 9, spec) == (2, 1, 7, 5)
    with pytest.raises(InvalidInputError, match="6 × 9; this model takes 7 × 7"):
        visible(PIXELS, Preprocessing(height=7, width=7, resize="none"))


SPECS = [
    Preprocessing(scale=1 / 255, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    Preprocessing(color="BGR", layout="NHWC", mean=(103.939, 116.779, 123.68)),
    Preprocessing(color="GRAY", scale=1 / 127.5, mean=(1.0,), dtype=Dtype("float16")),
    Preprocessing(color="GRAY", layout="NHW", scale=1 / 255),
    Preprocessing(color="RGBA", scale=1 / 255, std=(0.3,)),
    Preprocessing(color="NONE", layout="NHWC", scale=0.1, mean=(7.0,)),
    Preprocessing(scale=1.7, mean=(10.0,), dtype=Dtype("uint8")),
]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_looked_up_values_are_those_that_are_computed(spec: Preprocessing) -> None:
    """To the bit, pixel by pixel: more pixels than are looked up at once, of every value."""
    channels = {"RGBA": 4}.get(spec.color, 3)
    image = np.random.default_rng(0).integers(0, 256, (300, 290, channels), np.uint8)
    pixels = image[:, :, ::-1] if spec.color == "BGR" else image
    if spec.color == "GRAY":
        pixels = np.asarray(Image.fromarray(image).convert("L"))[:, :, None]
    scaled = pixels.astype(np.float32) * np.float32(spec.scale)
    values = (scaled - np.asarray(spec.mean, np.float32)) / np.asarray(spec.std, np.float32)
    expected = saturated(values, spec.dtype)
    if spec.layout == "NHW":
        expected = expected[:, :, 0]
    elif spec.layout != "NHWC":
        expected = np.moveaxis(expected, 2, 0)

    found = apply_preprocessing(image, spec)

    assert found.dtype == expected.dtype
    assert found.flags.c_contiguous
    assert np.array_equal(found, expected)


def test_only_values_that_occur_must_be_finite() -> None:
    spec = Preprocessing(scale=1.5e36)
    image = np.zeros((2, 2, 3), np.uint8)
    image[0, 0, 1] = 200
    assert np.isfinite(apply_preprocessing(image, spec)).all()

    image[0, 0, 1] = 255
    with pytest.raises(InvalidInputError, match="become NaN or infinite"):
        apply_preprocessing(image, spec)


def test_a_callers_picture_stays_as_it_is() -> None:
    picture = Image.fromarray(PIXELS)
    before = picture.tobytes()
    decoded = decode_image(picture, limits=LIMITS)
    decoded[:] = 0

    assert picture.tobytes() == before
