"""Encoded images opened: their headers are read and judged, their pixels are left as they are."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from inspector.errors import InvalidInputError, LimitExceededError
from inspector.model.checks.limits import Limits, require_at_most

FORMATS = ("JPEG", "PNG", "WEBP")
STILL_FORMATS = ("MPO",)
"""A JPEG of a camera with a preview or a depth map behind the photograph, which is its first picture."""

CORRUPT = (SyntaxError, ValueError, IndexError, TypeError, KeyError, struct.error)
"""What Pillow's readers raise on bytes that contradict themselves."""

Size = tuple[int, int]
"""Height and width."""

Source = bytes | str | Path | Image.Image

_TURNED = (5, 6, 7, 8)
"""EXIF orientations by which height and width change places."""
_LATE = (b"eXIf", b"XML:com.adobe.xmp", b"Raw profile type exif")
"""What tells of an orientation in a PNG, where it may come behind the pixels."""


@contextmanager
def opened(source: Source, *, limits: Limits) -> Iterator[Image.Image]:
    """Give an image that is not decoded yet; what it is, and how large, its header says.

    JPEG, PNG and WebP with one frame; InvalidInputError for others, and for what is found to be corrupt within the
    block; LimitExceededError for too many bytes or pixels.
    """
    if isinstance(source, Image.Image):
        try:
            _require_still(source, limits)
            yield source
        except (*CORRUPT, OSError, EOFError, MemoryError, AssertionError, AttributeError) as error:
            raise InvalidInputError(
                f"The picture, of mode {source.mode}, cannot be read: {error}", field="image"
            ) from error
        return
    data = _read(source, limits)
    if not data:
        raise InvalidInputError("The image is empty (0 bytes).", field="image")
    try:
        with _open(data) as image:
            _require_still(image, limits)
            yield image
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
    except (*CORRUPT, OSError, EOFError, MemoryError) as error:
        raise InvalidInputError(f"The image is truncated or corrupt: {error}", field="image") from error


def sizes_told(source: Source, *, limits: Limits) -> tuple[Size, ...]:
    """Return the height and width that an image has once it is upright, as its header says; nothing is decoded.

    Two of them where what turns it comes behind the pixels. Raises what `opened` raises.
    """
    with opened(source, limits=limits) as image:
        size = image.height, image.width
        sizes = (size, size[::-1])
        if isinstance(source, Image.Image) or _may_turn_late(image):
            return tuple(dict.fromkeys(sizes))
        return (sizes[_is_turned(image)],)


def _is_turned(image: Image.Image) -> bool:
    """Return whether height and width change places, by the EXIF before the pixels."""
    try:
        # Not the method of PNG's own class, which decodes to find what comes later.
        return Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1) in _TURNED
    except (
        *CORRUPT,
        OSError,
        ZeroDivisionError,
        AttributeError,
        UserWarning,
    ):  # passed over when it is decoded, too
        return False


def _may_turn_late(image: Image.Image) -> bool:
    stream = getattr(image, "fp", None)
    if image.format != "PNG" or not isinstance(stream, BytesIO):
        return False
    data, start = stream.getvalue(), stream.tell()
    return any(data.find(name, start) >= 0 for name in _LATE)


def _require_still(image: Image.Image, limits: Limits) -> None:
    """Raise InvalidInputError for no pixels or several frames, LimitExceededError for too many pixels."""
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


def _open(data: bytes) -> Image.Image:
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
