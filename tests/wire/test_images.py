"""Whatever a caller has as an image reaches the model as the same pixels as in-process."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.images import decode_image
from inspector.v1 import image_pb2
from inspector.wire.images import image_to_message, written_image, written_images
from inspector.wire.tensors import tensor_to_message
from tests.support.toys import toy_photo

PHOTO = Image.fromarray(toy_photo())
MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "I", "I;16", "HSV"]


def in_mode(mode: str) -> Image.Image:
    if mode in ("I", "I;16"):
        return PHOTO.convert("L").convert("I").point(lambda value: value * 256).convert(mode)
    if mode in ("LA", "RGBA", "RGBa", "PA"):
        seen = PHOTO.convert("RGBA")
        seen.putalpha(Image.fromarray(toy_photo(5)[:, :, 0]))
        return (
            seen
            if mode == "RGBA"
            else seen.convert(mode)
            if mode != "PA"
            else seen.convert("LA").convert("PA")
        )
    return PHOTO.convert(mode)


@pytest.mark.parametrize("mode", MODES)
def test_a_pil_image_of_any_mode_keeps_its_pixels(mode: str) -> None:
    image = in_mode(mode)
    assert image.mode == mode
    assert np.array_equal(received(image), decode_image(image, limits=Limits()))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_a_pil_image_is_kept(orientation: int) -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    PHOTO.save(buffer, format="PNG", exif=exif)
    image = Image.open(io.BytesIO(buffer.getvalue()))
    assert np.array_equal(received(image), decode_image(buffer.getvalue(), limits=Limits()))


def test_a_palette_with_transparency_keeps_it() -> None:
    image = PHOTO.convert("P")
    image.info["transparency"] = 3
    assert np.array_equal(received(image), decode_image(image, limits=Limits()))


def test_a_file_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    PHOTO.save(path, quality=80)
    for given in (path, str(path), path.read_bytes()):
        assert image_to_message(given).encoded == path.read_bytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_an_array_is_sent_as_a_tensor(dtype: type[np.float32] | type[np.float64] | type[np.uint8]) -> None:
    array = toy_photo().astype(dtype)
    assert image_to_message(array).tensor == tensor_to_message(array)


def test_a_list_is_several_images_and_an_array_is_one() -> None:
    assert len(written_images([toy_photo(), PHOTO])) == 2
    assert len(written_images((toy_photo(),))) == 1
    assert len(written_images(np.zeros((4, 3, 8, 8), np.float32))) == 1


@pytest.mark.parametrize(
    "given",
    [
        np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4),
        np.arange(24, dtype=">f8").reshape(2, 3, 4),
        np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::-1].transpose(1, 0, 2),
        np.arange(6, dtype=np.float16).reshape(2, 3) > 2,
        np.zeros((0, 3), np.float32),
        np.full((), 3.0),
        np.zeros((1, 3, 224, 224), np.float32),
        b"a file",
        b"",
        PHOTO,
    ],
    ids=[
        "array",
        "big-endian",
        "in pieces",
        "flags",
        "nothing",
        "scalar",
        "long",
        "file",
        "no bytes",
        "picture",
    ],
)
def test_what_is_written_by_hand_is_the_message(given: Any) -> None:
    head, values = written_image(given)
    assert image_pb2.Image.FromString(head + bytes(values)) == image_to_message(given)


def animation() -> Image.Image:
    buffer = io.BytesIO()
    PHOTO.save(buffer, format="WEBP", save_all=True, append_images=[Image.fromarray(toy_photo(9))])
    return Image.open(buffer)


@pytest.mark.parametrize(
    "given",
    [None, 3, [], "no/such/file.png", animation(), PHOTO.convert("F"), np.zeros(3, complex), np.array(["x"])],
    ids=["nothing", "number", "empty list", "no file", "animation", "floats", "complex", "text"],
)
def test_what_is_no_image_is_refused_before_it_is_sent(given: Any) -> None:
    with pytest.raises(InvalidInputError):
        written_images(given)


def received(image: Image.Image) -> np.ndarray:
    return decode_image(image_to_message(image).encoded, limits=Limits())
