"""The photograph that a preprocessed image shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inspector.render.maps import channels_last


def photograph(
    values: npt.ArrayLike,
    *,
    layout: str,
    color: str,
    scale: float,
    mean: Sequence[float],
    std: Sequence[float],
) -> npt.NDArray[np.uint8]:
    """Return (H, W, 3) RGB of one preprocessed image: (value · std + mean) / scale, as 0..255."""
    pixels = (channels_last(values, layout=layout) * np.asarray(std) + np.asarray(mean)) / scale
    if color == "BGR":
        pixels = pixels[:, :, ::-1]
    picture = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
