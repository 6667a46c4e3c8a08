"""Preprocessing in metadata_props: our own key, ONNX's image denotations, Ultralytics' properties."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from inspector.errors import InvalidModelError
from inspector.model.preprocessing.literals import numbers_in
from inspector.model.preprocessing.sources.finding import PartFound
from inspector.types.presets import PRESETS, TO_UNIT

OWN_KEY = "inspector.preprocessing"

PIXEL_FORMATS = {"Gray": "GRAY", "Rgb": "RGB", "Bgr": "BGR"}
"""The start of Image.BitmapPixelFormat; the bits follow (ONNX, MetadataProps.md)."""

PIXEL_RANGES: dict[str, tuple[float, float]] = {
    "NominalRange_0_255": (1.0, 0.0),
    "Normalized_0_1": (TO_UNIT, 0.0),
    "Normalized_1_1": (2 * TO_UNIT, 1.0),
    "NominalRange_16_235": (219 * TO_UNIT, -16.0),
}
"""Image.NominalPixelRange as (scale, mean): value = x · scale − mean."""


def from_own_metadata(metadata: Mapping[str, str]) -> PartFound | None:
    """Return what `inspector.preprocessing` says: a JSON object, or a preset; InvalidModelError where it is no JSON."""
    text = metadata.get(OWN_KEY)
    if text is None:
        return None
    source = f"metadata_props {OWN_KEY}"
    if text in PRESETS:
        return PartFound(source=source, fields=text)
    try:
        return PartFound(source=source, fields=json.loads(text))
    except (ValueError, RecursionError) as error:
        raise InvalidModelError(f"{source} is not JSON: {error}. Mend it or remove it.") from error


def from_image_metadata(metadata: Mapping[str, str]) -> PartFound | None:
    """Return what ONNX's Image.BitmapPixelFormat and Image.NominalPixelRange say."""
    fields: dict[str, Any] = {}
    keys = []
    pixel_format = metadata.get("Image.BitmapPixelFormat", "")
    for start, color in PIXEL_FORMATS.items():
        if pixel_format.startswith(start):
            fields["color"] = color
            keys.append("Image.BitmapPixelFormat")
    pixel_range = PIXEL_RANGES.get(metadata.get("Image.NominalPixelRange", ""))
    if pixel_range is not None:
        scale, mean = pixel_range
        fields |= {"scale": scale, "mean": (mean,), "std": (1.0,)}
        keys.append("Image.NominalPixelRange")
    if metadata.get("Image.ColorSpaceGamma") == "Linear":
        keys.append("Image.ColorSpaceGamma Linear is not applied")
    return PartFound(source=f"metadata_props {', '.join(keys)}", fields=fields) if keys else None


def from_ultralytics(metadata: Mapping[str, str]) -> PartFound | None:
    """Return the preprocessing of Ultralytics exports: RGB / 255, letterboxed with 114 (classifiers: cropped)."""
    if metadata.get("author") != "Ultralytics" and not {"imgsz", "names", "task"} <= metadata.keys():
        return None
    fields: dict[str, Any] = {"color": "RGB", "scale": TO_UNIT, "mean": (0.0,), "std": (1.0,)}
    if metadata.get("task") == "classify":
        fields["resize"] = "short_side"
    else:
        fields |= {"resize": "letterbox", "letterbox_fill": 114, "letterbox_align": "center"}
    size = _image_size(metadata.get("imgsz", ""))
    if size is not None:
        fields |= {"height": size[0], "width": size[1]}
    return PartFound(source="metadata_props of Ultralytics", fields=fields)


def _image_size(text: str) -> tuple[int, int] | None:
    match numbers_in(text):
        case (height, width) if height > 0 and width > 0:
            return height, width
    return None
