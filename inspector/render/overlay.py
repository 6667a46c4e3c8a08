"""A heat map over the photograph that it explains."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.render.colormaps import Colormap, colorize
from inspector.render.normalize import finite

_MID_GRAY = (128, 128, 128)
_FADE = 0.3

PhotoArray = npt.NDArray[np.uint8]


def photograph(image: npt.ArrayLike, *, field: str = "image") -> PhotoArray:
    """Return the image if it is uint8 (H, W, 3) or (H, W), the latter as three equal channels."""
    array = np.asarray(image)
    if array.ndim == 2:
        array = np.repeat(array[:, :, None], 3, axis=2)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise InvalidInputError(
            f"{field} has dtype {array.dtype} and shape {array.shape}; give uint8 of shape (H, W, 3) or "
            "(H, W), 0 to 255.",
            field=field,
        )
    return array


def overlay(
    image: npt.ArrayLike, heat: npt.ArrayLike, *, alpha: float = 0.6, colormap: Colormap = Colormap.HEAT
) -> Image.Image:
    """Lay heat (h, w), in [0, 1], over image (H, W, 3) uint8, stretched to its size.

    The photograph loses its colors, so that every color in the picture means heat.
    """
    plane = finite(heat, field="heat", ndim=2)
    if plane.min() < 0.0 or plane.max() > 1.0:
        raise InvalidInputError(
            f"heat goes from {plane.min():.4g} to {plane.max():.4g}; scale it to [0, 1] first.", field="heat"
        )
    photo = photograph(image)
    stretched = Image.fromarray(plane.astype(np.float32)).resize(
        (photo.shape[1], photo.shape[0]), Image.Resampling.BILINEAR
    )
    return blend(photo, colorize(np.asarray(stretched, dtype=np.float64), colormap), alpha=alpha)


def blend(photo: PhotoArray, colors: PhotoArray, *, alpha: float) -> Image.Image:
    """Mix colors (H, W, 3) into a faded gray version of the photograph; alpha 1 hides it.

    It is faded so that light and dark in the picture are those of the colors, not of the photograph.
    """
    if not 0.0 <= alpha <= 1.0:
        raise InvalidInputError(f"alpha is {alpha}; it must be between 0 and 1.", field="alpha")
    gray = in_gray(photo)
    faded = Image.blend(gray, Image.new("RGB", gray.size, _MID_GRAY), _FADE)
    return Image.blend(faded, Image.fromarray(colors), alpha)


def in_gray(photo: PhotoArray) -> Image.Image:
    """Return the photograph without its colors, as RGB."""
    return Image.fromarray(photo).convert("L").convert("RGB")
