"""Encoded images to arrays, and arrays to what a model wants."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from inspector.errors import InvalidInputError, LimitExceededError, in_brief
from inspector.model.checks.limits import Limits, require_at_most
from inspector.model.preprocessing.resizing import Box, require_bounded, resized
from inspector.types.dtypes import saturated
from inspector.types.layouts import channel_axis, of_one, space_of
from inspector.types.preprocessing import Preprocessing

FORMATS = ("JPEG", "PNG", "WEBP")
STILL_FORMATS = ("MPO",)
"""A JPEG of a camera with a preview or a depth map behind the photograph, which is its first picture."""
RgbImage = npt.NDArray[np.uint8]
"""(H, W, 3), RGB."""

_CORRUPT = (SyntaxError, ValueError, IndexError, TypeError, KeyError, struct.error)
"""What Pillow's readers raise on bytes that contradict themselves."""

_INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def decode_image(
    source: bytes | str | Path | Image.Image, *, limits: Limits, has_alpha: bool = False
) -> RgbImage:
    """Return an image as uint8 (H, W, 3) RGB, upright by its EXIF orientation, transparency over white.

    (H, W, 4) RGBA where the model takes transparency itself (`has_alpha`).

    JPEG, PNG and WebP with one frame; InvalidInputError for others, LimitExceededError for too many bytes
    or pixels.
    """
    if isinstance(source, Image.Image):
        try:
            return _to_rgb(source, limits, has_alpha=has_alpha)
        except (*_CORRUPT, OSError, EOFError, MemoryError, AssertionError, AttributeError) as error:
            raise InvalidInputError(
                f"The picture, of mode {source.mode}, cannot be read: {error}", field="image"
            ) from error
    data = _read(source, limits)
    if not data:
        raise InvalidInputError("The image is empty (0 bytes).", field="image")
    try:
        with _opened(data) as image:
            return _to_rgb(image, limits, has_alpha=has_alpha)
    except UnidentifiedImageError as error:
        raise InvalidInputError(
            f"The {len(data):,} bytes are not an image that can be read; allowed are {', '.join(FORMATS)}.",
            field="image",
        ) from error
    except Image.DecompressionBombError as error:  # WebP's reader has a limit of its own
        raise LimitExceededError(
            f"The image has more pixels than can be decoded; the limit is {limits.max_image_pixels:,}.",
            field="max_image_pixels",
        ) from error
    except (*_CORRUPT, OSError, EOFError, MemoryError) as error:
        raise InvalidInputError(f"The image is truncated or corrupt: {error}", field="image") from error


def _opened(data: bytes) -> Image.Image:
    """Open an image by its first bytes, as Image.open does.

    But that warns of large images before we can look at their size, and a warning can only be silenced for all threads
    at once. Here our own limit decides.
    """
    Image.preinit()
    Image.init()
    for name in FORMATS:
        factory, accept = Image.OPEN[name]
        if accept is not None and accept(data[:16]) is True:
            return factory(BytesIO(data), "")
    raise UnidentifiedImageError


def crop_box(height: int, width: int, spec: Preprocessing) -> Box:
    """Return which part (left, top, right, bottom) of an image of that size the model sees, in its pixels.

    The whole image for "exact", "letterbox" and "none" without a size; the center for the others.
    """
    if spec.resize == "short_side" and spec.height and spec.width:
        ratio = _cover_ratio(height, width, spec)
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
    layout = of_one(spec.layout or "NCHW")
    if space_of(layout) != "HW":
        raise InvalidInputError(
            f"This model's input is no image of rows and columns (its layout is {spec.layout}); give a float array of "
            "its shape.",
            field="input",
        )
    values = _pixels(image, spec)
    with np.errstate(all="ignore"):  # told of below
        values *= np.float32(spec.scale)  # in place: a large picture is there once
        values -= np.asarray(spec.mean, np.float32)
        values /= np.asarray(spec.std, np.float32)
    if not np.isfinite(values).all():
        raise InvalidInputError(
            f"With the scale {spec.scale:g}, the mean {in_brief(spec.mean)} and the std {in_brief(spec.std)} some "
            "pixels become NaN or infinite. Give numbers that float32 can hold.",
            reason="NOT_FINITE",
            field="preprocessing",
        )
    axis = channel_axis(layout)
    values = values[:, :, 0] if axis is None else np.moveaxis(values, 2, axis)
    return np.ascontiguousarray(saturated(values, spec.dtype))


def _pixels(image: RgbImage, spec: Preprocessing) -> npt.NDArray[np.float32]:
    """Return (H, W, C) in 0..255, fitted to the model, with its channels in the model's order."""
    if spec.color == "NONE":
        planes = [_fit(Image.fromarray(image[:, :, channel]), spec) for channel in range(image.shape[2])]
        return np.stack([np.asarray(plane, np.float32) for plane in planes], axis=2)
    picture = _fit(Image.fromarray(image), spec)
    if spec.color == "GRAY":
        return np.asarray(picture.convert("L"), np.float32)[:, :, None]
    if spec.color == "RGBA":
        return np.asarray(picture.convert("RGBA"), np.float32)
    pixels = np.asarray(picture, np.float32)
    return pixels[:, :, ::-1] if spec.color == "BGR" else pixels


def _read(source: bytes | str | Path, limits: Limits) -> bytes:
    if isinstance(source, bytes):
        require_at_most(len(source), limits, what="The image's size in bytes", name="max_image_bytes")
        return source
    path = Path(source)
    try:
        size = path.stat().st_size
        require_at_most(size, limits, what=f"The size of {path.name} in bytes", name="max_image_bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a name with a zero in it is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidInputError(
            f"The image {str(path)[:200]!r} cannot be read: {reason}.", field="image"
        ) from error


def _to_rgb(image: Image.Image, limits: Limits, *, has_alpha: bool) -> RgbImage:
    width, height = image.size
    if not width or not height:
        raise InvalidInputError(f"The image is empty: {height} × {width} pixels.", field="image")
    require_at_most(
        width * height,
        limits,
        what=f"The image ({width} × {height}) in pixels",
        name="max_image_pixels",
    )
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format not in STILL_FORMATS:
        raise InvalidInputError(
            f"The image is animated ({frames} frames). Give the frame that you mean as an image of its own.",
            field="image",
        )
    image.load()
    upright = _upright(image)
    if has_alpha:
        deep = upright.mode.startswith("I") or upright.mode == "F"
        return np.asarray((_eight_bit(upright) if deep else upright).convert("RGBA"), np.uint8).copy()
    return np.asarray(_opaque(upright).convert("RGB"), np.uint8).copy()


def _upright(image: Image.Image) -> Image.Image:
    """Turn an image by its EXIF orientation; EXIF that cannot be read is passed over, the pixels are fine."""
    try:
        return ImageOps.exif_transpose(image)
    except (
        *_CORRUPT,
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
    return Image.fromarray(np.clip(np.rint(values / full * 255.0), 0, 255).astype(np.uint8))


def _fit(picture: Image.Image, spec: Preprocessing) -> Image.Image:
    """Bring an image to the model's height and width by the spec's mode."""
    method = _INTERPOLATIONS[spec.interpolation]
    if spec.resize == "none":
        return _crop_only(picture, spec)
    if spec.height is None or spec.width is None:
        if spec.resize == "short_side" and spec.resize_size:
            ratio = spec.resize_size / min(picture.size)
            return resized(picture, (round(picture.width * ratio), round(picture.height * ratio)), method)
        return picture
    if spec.resize == "exact":
        return resized(picture, (spec.width, spec.height), method)
    if spec.resize == "letterbox":
        return _letterbox(picture, spec, method)
    ratio = _cover_ratio(picture.height, picture.width, spec)
    size = (max(spec.width, round(picture.width * ratio)), max(spec.height, round(picture.height * ratio)))
    return resized(picture, size, method, box=_center(size[1], size[0], spec.height, spec.width))


def _crop_only(picture: Image.Image, spec: Preprocessing) -> Image.Image:
    height, width = spec.height or picture.height, spec.width or picture.width
    if picture.height < height or picture.width < width:
        raise InvalidInputError(
            f"The image is {picture.height} × {picture.width}; this model takes {height} × {width} and its "
            "preprocessing "
            'does not resize. Give a larger image, or preprocessing={"resize": {"mode": "short_side"}}.',
            field="image",
        )
    return picture.crop(_center(picture.height, picture.width, height, width))


def _letterbox(picture: Image.Image, spec: Preprocessing, method: Image.Resampling) -> Image.Image:
    height, width = spec.height or picture.height, spec.width or picture.width
    ratio = min(height / picture.height, width / picture.width)
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    fill = spec.letterbox_fill
    opaque = (255,) if picture.mode == "RGBA" else ()
    require_bounded(picture, (width, height))
    canvas = Image.new(picture.mode, (width, height), fill if picture.mode == "L" else (fill,) * 3 + opaque)
    left, top = (
        (0, 0) if spec.letterbox_align == "top_left" else ((width - size[0]) // 2, (height - size[1]) // 2)
    )
    canvas.paste(picture.resize(size, method), (left, top))
    return canvas


def _cover_ratio(height: int, width: int, spec: Preprocessing) -> float:
    """Return the factor that brings the short side to `resize_size`, or more where the crop would not fit."""
    crop_height, crop_width = spec.height or 1, spec.width or 1
    short = spec.resize_size or min(crop_height, crop_width)
    return max(short / min(height, width), crop_height / height, crop_width / width)


def _center(height: int, width: int, crop_height: int, crop_width: int) -> Box:
    top, left = (height - crop_height) // 2, (width - crop_width) // 2
    return left, top, left + crop_width, top + crop_height
