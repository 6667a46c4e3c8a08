"""Pictures of the classes 25 to 29, for a model that resizes any picture: what is refused, and what is served."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

from benchmarks.attacks.pictures import animation_chunk, encoded, png_that_says

INVALID = ("INVALID_ARGUMENT",)
LIMIT = ("RESOURCE_EXHAUSTED",)
EITHER = ("OK", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED")
SERVED = ("OK",)


@dataclass(frozen=True)
class Picture:
    """One odd picture."""

    number: int
    what: str
    build: Callable[[], bytes]
    codes: tuple[str, ...] = INVALID

    def __str__(self) -> str:
        return f"{self.number} {self.what}"


def jpeg(**options: object) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    return encoded(Image.fromarray(pixels), "JPEG", **options)


def animated(how: str, frames: int) -> bytes:
    pictures = [Image.new("RGB", (8, 8), (number % 255, 0, 0)) for number in range(frames)]
    return encoded(pictures[0], how, save_all=True, append_images=pictures[1:])


def oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x112] = orientation
    return encoded(Image.new("RGB", (9, 5)), "JPEG", exif=exif)


def in_mode(mode: str, *, how: str = "PNG", size: tuple[int, int] = (9, 9)) -> Callable[[], bytes]:
    return lambda: encoded(Image.new(mode, size), how)


def broken_exif() -> bytes:
    whole = jpeg()
    return whole[:2] + b"\xff\xe1\x00\x10Exif\0\0II*\0\xff\xff\xff\x7f" + whole[2:]


PICTURES = (
    Picture(25, "a header of 65535²", lambda: png_that_says(65_535, 65_535), LIMIT),
    Picture(25, "a header of (2^31 - 1)²", lambda: png_that_says(2**31 - 1, 2**31 - 1), (*LIMIT, *INVALID)),
    Picture(25, "a header of 0²", lambda: png_that_says(0, 0)),
    Picture(26, "15000 × 10000", lambda: encoded(Image.new("L", (15_000, 10_000))), LIMIT),
    Picture(26, "60000 × 1", lambda: encoded(Image.new("RGB", (60_000, 1))), EITHER),
    Picture(26, "1 × 60000", lambda: encoded(Image.new("RGB", (1, 60_000))), EITHER),
    Picture(27, "half a JPEG", lambda: jpeg()[: len(jpeg()) // 2]),
    Picture(27, "20 bytes of a JPEG", lambda: jpeg()[:20]),
    Picture(27, "a PNG with a wrong checksum", lambda: png_that_says(8, 8)[:-20] + b"aaaa" + bytes(16)),
    Picture(27, "a PNG of too few pixels", lambda: png_that_says(80, 80)),
    *(Picture(28, f"a {how} of 300 frames", partial(animated, how, 300)) for how in ("GIF", "WEBP", "PNG")),
    Picture(28, "a WEBP of 10,000 frames", lambda: animated("WEBP", 10_000)),
    Picture(28, "a PNG that says 10^9 frames", lambda: png_that_says(8, 8, more=animation_chunk(10**9))),
    *(
        Picture(28, f"a {how}", in_mode("RGB", how=how, size=(16, 16)))
        for how in ("BMP", "TIFF", "PPM", "ICO", "GIF", "TGA")
    ),
    Picture(28, "an SVG", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    Picture(28, "an EPS", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"),
    Picture(28, "a PNG whose name says JPEG", lambda: encoded(Image.new("RGB", (9, 9))), SERVED),
    Picture(29, "CMYK", in_mode("CMYK", how="JPEG"), SERVED),
    Picture(29, "16 bits", lambda: encoded(Image.fromarray(np.zeros((9, 9), np.uint16))), SERVED),
    Picture(29, "a palette", in_mode("P"), SERVED),
    Picture(29, "opacity", in_mode("RGBA"), SERVED),
    Picture(29, "gray and opacity", in_mode("LA"), SERVED),
    Picture(29, "one bit", in_mode("1"), SERVED),
    Picture(29, "1 × 1", in_mode("RGB", size=(1, 1)), SERVED),
    *(Picture(29, f"orientation {number}", partial(oriented, number), SERVED) for number in range(1, 9)),
    *(Picture(29, f"orientation {number}", partial(oriented, number), EITHER) for number in (0, 9, 65_535)),
    Picture(29, "broken EXIF", broken_exif, SERVED),
    Picture(
        29,
        "EXIF of 60 kB",
        lambda: jpeg(exif=b"Exif\0\0" + struct.pack("<2sHL", b"II", 42, 8) + bytes(60_000)),
        EITHER,
    ),
)
