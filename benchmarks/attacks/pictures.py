"""Encoded pictures, good and bad."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from inspector.v1 import image_pb2


def encoded(picture: Image.Image, how: str = "PNG", **options: Any) -> bytes:
    """Return a picture's file."""
    buffer = BytesIO()
    picture.save(buffer, format=how, **options)
    return buffer.getvalue()


def plain(width: int, height: int) -> image_pb2.Image:
    """Return a PNG of one color: few bytes, many pixels."""
    return image_pb2.Image(encoded=encoded(Image.new("RGB", (width, height), (200, 10, 10))))


def noise(side: int, *, seed: int = 0, quality: int = 30) -> image_pb2.Image:
    """Return a JPEG of noise."""
    rng = np.random.default_rng(seed)
    tile = rng.integers(0, 256, (min(side, 500), min(side, 500), 3), dtype=np.uint8)
    times = -(-side // tile.shape[0])
    pixels = np.tile(tile, (times, times, 1))[:side, :side]
    return image_pb2.Image(encoded=encoded(Image.fromarray(pixels), "JPEG", quality=quality))


def png_that_says(width: int, height: int, *, more: bytes = b"") -> bytes:
    """Return a PNG whose header says a size that its pixels do not have."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + more
        + _chunk(b"IDAT", zlib.compress(bytes(100)))
        + _chunk(b"IEND", b"")
    )


def animation_chunk(frames: int) -> bytes:
    """Return the chunk by which a PNG says how many frames it has."""
    return _chunk(b"acTL", struct.pack(">II", frames, 0))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
