"""Encoded images to arrays, and arrays to what a model wants."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps

from inspector.errors import InvalidInputError, in_brief
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.fitting import cover_ratio, fitted
from inspector.model.preprocessing.opening import CORRUPT, Source, opened
from inspector.model.preprocessing.resizing import Box, resized
from inspector.types.dtypes import saturated
from inspector.types.layouts import channel_axis, of_one, space_of
from inspector.types.preprocessing import Preprocessing

RgbImage = npt.NDArray[np.uint8]
"""(H, W, 3), RGB."""

_LOOKED_UP = 1 << 16
"""Pixels whose values are looked up at once: NumPy makes indices of eight bytes of them."""

_INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def decode_image(source: Source, *, limits: Limits, has_alpha: bool = False) -> RgbImage:
    """Return an image as uint8 (H, W, 3) RGB, upright by its EXIF orientation, transparency over white.

    (H, W, 4) RGBA where the model takes transparency itself (`has_alpha`).

    JPEG, PNG and WebP with one frame; InvalidInputError for others, LimitExceededError for too many bytes
    or pixels.
    """
    with opened(source, limits=limits) as image:
        return _to_rgb(image, has_alpha=has_alpha)


def crop_box(height: int, width: int, spec: Preprocessing) -> Box:
    """Return which part (left, top, right, bottom) of an image of that size the model sees, in its pixels.

    The whole image for "exact", "letterbox" and "none" without a size; the center for the others.
    """
    if spec.resize == "short_side" and spec.height and spec.width:
        ratio = cover_ratio(height, width, spec)
        return _center(
            height, width, min(height, round(spec.height / ratio)), min(width, round(spec.width / ratio))
        )
    if spec.resize == "none" and spec.height and spec.width:
        return _center(height, width, min(height, spec.height), min(width, spec.width))
    return 0, 0, width, height


def visible(image: RgbImage, spec: Preprocessing) -> RgbImage:
    """Return what the model sees of an RGB image, as uint8 (H, W, 3) in the model's size and still RGB."""
    picture = Image.fromarray(image)
    return np.asarray(_fit(picture, spec), np.uint8)


def apply_preprocessing(image: RgbImage, spec: Preprocessing) -> npt.NDArray[np.generic]:
    """Return one image as the model wants it: (C, H, W), (H, W, C) or (H, W) by `spec.layout`, without a batch axis.

    Of channels that are no colors `image` has as many as the model; else it is RGB, or RGBA where the model takes that.
    """
    layout = picture_layout(spec)
    pixels = _pixels(image, spec)
    table = _table(pixels, spec)
    axis = channel_axis(layout)
    channels = range(pixels.shape[2]) if axis is not None else range(1)
    made = np.empty((len(channels), *pixels.shape[:2]), table.dtype)
    rows = max(_LOOKED_UP // max(pixels.shape[1], 1), 1)
    for start in range(0, len(pixels), rows):
        for channel in channels:
            part, out = pixels[start : start + rows, :, channel], made[channel, start : start + rows]
            np.take(table[channel], part, out=out, mode="clip")  # none is; it spares a buffer
    return made[0] if axis is None else np.ascontiguousarray(np.moveaxis(made, 0, axis))


def _table(pixels: RgbImage, spec: Preprocessing) -> npt.NDArray[np.generic]:
    """Return what each of the 256 values of a pixel becomes in each channel, (C, 256) in the model's type.

    InvalidInputError where one that occurs becomes NaN or infinite.
    """
    table, lost = _scaled(spec.scale, tuple(spec.mean), tuple(spec.std), pixels.shape[2], spec.dtype)
    if lost is not None and any(lost[one, np.unique(pixels[:, :, one])].any() for one in range(len(lost))):
        raise InvalidInputError(
            f"With the scale {spec.scale:g}, the mean {in_brief(spec.mean)} and the std {in_brief(spec.std)} some "
            "pixels become NaN or infinite. Give numbers that float32 can hold.",
            reason="NOT_FINITE",
            field="preprocessing",
        )
    return table


@functools.lru_cache(maxsize=64)
def _scaled(
    scale: float, mean: tuple[float, ...], std: tuple[float, ...], channels: int, dtype: str
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.bool_] | None]:
    """Return the values of `_table`, and which of them are not finite; None where all are."""
    with np.errstate(all="ignore"):  # of values that may not occur
        pixels = np.arange(256, dtype=np.float32)[:, None] * np.float32(scale)
        values = (pixels - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)
        table = np.ascontiguousarray(np.broadcast_to(values, (256, channels)).T)
        lost = ~np.isfinite(table)
        return saturated(table, dtype), lost if lost.any() else None


def picture_layout(spec: Preprocessing) -> str:
    """Return the layout of one image; InvalidInputError where it is no image of rows and columns."""
    layout = of_one(spec.layout or "NCHW")
    if space_of(layout) != "HW":
        raise InvalidInputError(
            f"This model's input is no image of rows and columns (its layout is {spec.layout}); give a float array of "
            "its shape.",
            field="input",
        )
    return layout


def _pixels(image: RgbImage, spec: Preprocessing) -> RgbImage:
    """Return uint8 (H, W, C), fitted to the model, with its channels in the model's order."""
    if spec.color == "NONE":
        planes = [_fit(Image.fromarray(image[:, :, channel]), spec) for channel in range(image.shape[2])]
        return np.stack([np.asarray(plane, np.uint8) for plane in planes], axis=2)
    picture = _fit(Image.fromarray(image), spec)
    if spec.color == "GRAY":
        return np.asarray(picture.convert("L"), np.uint8)[:, :, None]
    if spec.color == "RGBA":
        return np.asarray(picture.convert("RGBA"), np.uint8)
    pixels = np.asarray(picture, np.uint8)
    return pixels[:, :, ::-1] if spec.color == "BGR" else pixels


def _to_rgb(image: Image.Image, *, has_alpha: bool) -> RgbImage:
    image.load()
    upright = _upright(image)
    if has_alpha:
        deep = upright.mode.startswith("I") or upright.mode == "F"
        return np.asarray((_eight_bit(upright) if deep else upright).convert("RGBA"), np.uint8).copy()
    opaque = _opaque(upright)
    return np.asarray(opaque if opaque.mode == "RGB" else opaque.convert("RGB"), np.uint8).copy()


def _upright(image: Image.Image) -> Image.Image:
    """Turn an image by its EXIF orientation; EXIF that cannot be read is passed over, the pixels are fine."""
    try:
        if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:
            return image  # it would be copied
        return ImageOps.exif_transpose(image)
    except (
        *CORRUPT,
        OSError,
        ZeroDivisionError,
        AttributeError,
        UserWarning,
    ):  # a warning, where those are errors
        return image


def _opaque(image: Image.Image) -> Image.Image:
    """Lay transparent pixels over white, and bring 16-bit and floating gray to 8 bits."""
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bit(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layer)
    return image


def _eight_bit(image: Image.Image) -> Image.Image:
    values = np.asarray(image, np.float64)
    full = 65535.0 if image.mode.startswith("I") else 1.0 if values.max(initial=0.0) <= 1.0 else 255.0
    values = values / full
    values *= 255.0  # in place: a large picture is there once
    np.clip(np.rint(values, out=values), 0, 255, out=values)
    return Image.fromarray(values.astype(np.uint8))


def _fit(picture: Image.Image, spec: Preprocessing) -> Image.Image:
    """Bring an image to the model's height and width by the spec's mode."""
    method = _INTERPOLATIONS[spec.interpolation]
    height, width = fitted(picture.height, picture.width, spec)
    if spec.resize == "none":
        return picture.crop(_center(picture.height, picture.width, height, width))
    if spec.resize == "letterbox" and spec.height and spec.width:
        return _letterbox(picture, height, width, spec, method)
    if spec.resize == "short_side" and spec.height and spec.width:
        ratio = cover_ratio(picture.height, picture.width, spec)
        size = (max(width, round(picture.width * ratio)), max(height, round(picture.height * ratio)))
        return resized(picture, size, method, box=_center(size[1], size[0], height, width))
    return picture if (width, height) == picture.size else resized(picture, (width, height), method)


def _letterbox(
    picture: Image.Image, height: int, width: int, spec: Preprocessing, method: Image.Resampling
) -> Image.Image:
    ratio = min(height / picture.height, width / picture.width)
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    fill = spec.letterbox_fill
    opaque = (255,) if picture.mode == "RGBA" else ()
    canvas = Image.new(picture.mode, (width, height), fill if picture.mode == "L" else (fill,) * 3 + opaque)
    left, top = (
        (0, 0) if spec.letterbox_align == "top_left" else ((width - size[0]) // 2, (height - size[1]) // 2)
    )
    canvas.paste(picture.resize(size, method), (left, top))
    return canvas


def _center(height: int, width: int, crop_height: int, crop_width: int) -> Box:
    top, left = (height - crop_height) // 2, (width - crop_width) // 2
    return left, top, left + crop_width, top + crop_height
