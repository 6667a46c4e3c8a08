"""Mutated images: decoded and prepared for models of several kinds, as the service does with what callers send."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from inspector.model.preprocessing.prepare import prepare
from inspector.model.read import read_model
from inspector.model.spec import OnnxModel
from tests.support.graphs import model, node
from tests.support.toys import toy_cnn
from tools.fuzz.damage import damaged
from tools.fuzz.draw import Draw
from tools.fuzz.target import Stage

_FIELDS: dict[str, tuple[Any, ...]] = {
    "resize": ("short_side", "exact", "letterbox", "none"),
    "height": (1, 7, 16, 300),
    "width": (1, 7, 16, 300),
    "resize_size": (1, 16, 17, 400),
    "interpolation": ("nearest", "bilinear", "bicubic", "lanczos"),
    "letterbox_fill": (0, 114, 255),
    "letterbox_align": ("center", "top_left"),
    "scale": (1.0, 1 / 255),
    "mean": (0.0, (0.4, 0.5, 0.6)),
    "std": (1.0, (0.2, 0.3, 0.4)),
    "color": ("RGB", "BGR"),
}


class Images:
    """Pictures of every format, mode and orientation that is allowed, and some that are not."""

    name = "images"
    foreign: frozenset[str] = frozenset()

    @cached_property
    def seeds(self) -> tuple[bytes, ...]:
        """The pictures that are mutated."""
        rng = np.random.default_rng(0)
        photo = Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8))
        deep = Image.fromarray(rng.integers(0, 60_000, (9, 9)).astype(np.uint16))
        narrow, dot = photo.resize((200, 1)), photo.resize((1, 1))
        turned = photo.getexif()
        turned[0x112] = 6
        frames: dict[str, Any] = {"save_all": True, "append_images": [photo.rotate(90), photo]}
        return (
            *(_saved(one, "PNG") for one in (photo, deep, narrow, dot)),
            *(_saved(photo.convert(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGBA")),
            *(_saved(photo.convert(mode), "JPEG") for mode in ("L", "RGB", "CMYK")),
            _saved(photo, "JPEG", progressive=True, exif=turned),
            _saved(photo, "PNG", exif=turned, dpi=(72, 72)),
            _saved(photo, "WEBP"), _saved(photo, "WEBP", lossless=True, exif=turned),
            _saved(photo.convert("RGBA"), "WEBP"),
            _saved(photo, "PNG", **frames), _saved(photo, "WEBP", **frames),
            _saved(photo, "GIF"), _saved(photo, "BMP"), _saved(photo, "TIFF"), _saved(photo, "MPO", **frames),
        )  # fmt: skip

    @cached_property
    def models(self) -> tuple[OnnxModel, ...]:
        """Models that want images of a size, of any size, gray, with transparency, and in bytes."""
        free = model([node("GlobalAveragePool", ["x"], "y")], shape=("n", 3, "h", "w"))
        gray = model([node("GlobalAveragePool", ["x"], "y")], shape=(1, 1, 12, 20))
        clear = model([node("GlobalAveragePool", ["x"], "y")], shape=(1, 4, 12, 20))
        codes = model(
            [node("Cast", ["x"], "f", to=1), node("GlobalAveragePool", ["f"], "y")],
            shape=(1, 3, 12, 20),
            dtype=2,
            gives=1,
        )
        protos = (free, gray, clear, codes)
        return (read_model(toy_cnn()), *(read_model(proto.SerializeToString()) for proto in protos))

    def make(self, draw: Draw) -> bytes:
        """Return damaged bytes of a picture."""
        return damaged(draw, draw.pick(self.seeds), others=self.seeds)

    def attempt(self, case: bytes, draw: Draw, stage: Stage) -> None:
        """Prepare the picture for a model, whose preprocessing may be another one."""
        wanted = draw.pick(self.models)
        stage("override")
        if draw.chance(0.5):
            names = draw.random.sample(sorted(_FIELDS), draw.pick((1, 2, 4)))
            fields = {name: draw.pick(_FIELDS[name]) for name in names}
            wanted = replace(wanted, preprocessing=wanted.preprocessing.override(fields, source="a caller"))
        stage("prepare")
        prepare(wanted, case)


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()
