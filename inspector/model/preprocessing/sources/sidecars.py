"""Preprocessing in files beside the model: our own, Hugging Face's, timm's and Triton's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inspector.errors import InvalidModelError, nearest
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.sidecars import read_json, read_text, require_readable
from inspector.model.preprocessing.sources.finding import PartFound
from inspector.types.presets import TO_UNIT

OWN_FILE = "inspector.json"
OWN_KEYS = ("preprocessing", "labels")
PIL_RESAMPLING = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
"""Hugging Face writes Pillow's numbers."""
_TRITON_FORMAT = re.compile(r"\bformat\s*:\s*FORMAT_(NHWC|NCHW)\b")


def own_file(folder: Path, *, limits: Limits) -> Mapping[str, Any]:
    """Return what inspector.json beside a model says; InvalidModelError for what it may not say."""
    require_readable(folder / OWN_FILE, limits=limits)
    found = read_json(folder / OWN_FILE, limits=limits)
    for key in found:
        if key not in OWN_KEYS:
            raise InvalidModelError(
                f"{OWN_FILE} has the key {key!r}; it may have {' and '.join(OWN_KEYS)}.{nearest(key, OWN_KEYS)} "
                "Mend it or remove it.",
            )
    return found


def from_own_file(folder: Path, *, limits: Limits) -> PartFound | None:
    """Return "preprocessing" of inspector.json: an object, or the name of a preset."""
    fields = own_file(folder, limits=limits).get("preprocessing")
    return None if fields is None else PartFound(source=OWN_FILE, fields=fields)


def from_hugging_face(folder: Path, *, limits: Limits) -> PartFound | None:
    """Return what preprocessor_config.json says, read as transformers' image processors do."""
    config = read_json(folder / "preprocessor_config.json", limits=limits)
    if not {"image_mean", "size", "do_normalize", "do_rescale", "crop_size"} & config.keys():
        return None
    scale = config.get("rescale_factor") or TO_UNIT if config.get("do_rescale", True) else 1.0
    mean, std = config.get("image_mean"), config.get("image_std")
    normalizes = config.get("do_normalize", True) and mean is not None and std is not None
    fields: dict[str, Any] = {
        "scale": scale,
        "mean": mean if normalizes else (0.0,),
        "std": std if normalizes else (1.0,),
    }
    if config.get("do_flip_channel_order"):  # as MobileViT's
        fields["color"] = "BGR"
    if config.get("do_resize", True):
        fields |= _hugging_face_resize(config)
    interpolation = (
        PIL_RESAMPLING.get(config.get("resample", -1)) if isinstance(config.get("resample"), int) else None
    )
    if interpolation:
        fields["interpolation"] = interpolation
    return PartFound(source="preprocessor_config.json", fields=fields)


def from_timm(folder: Path, *, limits: Limits) -> PartFound | None:
    """Return the "pretrained_cfg" of timm's config.json: input size, crop fraction, mean, deviation."""
    config = read_json(folder / "config.json", limits=limits, ours_by=("pretrained_cfg", "crop_pct"))
    values = config.get("pretrained_cfg", config if "crop_pct" in config else None)
    if not isinstance(values, dict) or "mean" not in values or "std" not in values:
        return None
    fields: dict[str, Any] = {"color": "RGB", "scale": TO_UNIT, "mean": values["mean"], "std": values["std"]}
    size = values.get("input_size")
    if isinstance(size, list) and len(size) == 3 and all(isinstance(item, int) and item > 0 for item in size):
        fields |= {"height": size[1], "width": size[2], "resize": "short_side"}
        fraction = _number(values.get("crop_pct"), 1.0)
        if 0 < fraction <= 1:
            fields["resize_size"] = int(min(size[1:]) / fraction)
    if values.get("interpolation") in ("bilinear", "bicubic", "nearest", "lanczos"):
        fields["interpolation"] = values["interpolation"]
    return PartFound(source="config.json of timm", fields=fields)


def triton_layout(folder: Path | None, *, limits: Limits) -> str | None:
    """Return the layout that Triton's config.pbtxt names, or None."""
    text = read_text(folder / "config.pbtxt", limits=limits) if folder is not None else None
    found = _TRITON_FORMAT.search(text) if text else None
    return found.group(1) if found else None


def _hugging_face_resize(config: Mapping[str, Any]) -> dict[str, Any]:
    size, crop = config.get("size"), config.get("crop_size")
    target = crop if config.get("do_center_crop") and crop else size
    fields: dict[str, Any] = {}
    if isinstance(target, dict) and {"height", "width"} <= target.keys():
        fields |= {"height": target["height"], "width": target["width"]}
    elif isinstance(target, int):
        fields |= {"height": target, "width": target}
    if config.get("do_center_crop"):
        fields["resize"] = "short_side"
        short = size.get("shortest_edge", size.get("height")) if isinstance(size, dict) else size
        if isinstance(short, int):
            fields["resize_size"] = short
    elif isinstance(size, dict) and "shortest_edge" in size:
        fields |= {"resize": "short_side", "resize_size": size["shortest_edge"]}
    else:
        fields["resize"] = "exact"
    return {key: value for key, value in fields.items() if isinstance(value, str) or _is_size(value)}


def _is_size(value: object) -> bool:
    return isinstance(value, int) and value > 0


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) and value else default
