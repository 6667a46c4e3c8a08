"""Preprocessings that have a name: the numbers of the libraries whose models are exported most."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from inspector.errors import InvalidInputError, in_brief, nearest

TO_UNIT = 1 / 255
"""Brings 0..255 to 0..1."""

PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "imagenet": {
            "color": "RGB",
            "scale": TO_UNIT,
            "mean": (0.485, 0.456, 0.406),
            "std": (0.229, 0.224, 0.225),
        },
        "caffe": {"color": "BGR", "scale": 1.0, "mean": (103.939, 116.779, 123.68), "std": (1.0,)},
        "tf": {"color": "RGB", "scale": 2 * TO_UNIT, "mean": (1.0,), "std": (1.0,)},
        "clip": {
            "color": "RGB",
            "scale": TO_UNIT,
            "mean": (0.48145466, 0.4578275, 0.40821073),
            "std": (0.26862954, 0.26130258, 0.27577711),
            "interpolation": "bicubic",
        },
        "0..1": {"scale": TO_UNIT, "mean": (0.0,), "std": (1.0,)},
        "0..255": {"scale": 1.0, "mean": (0.0,), "std": (1.0,)},
        "-1..1": {"scale": 2 * TO_UNIT, "mean": (1.0,), "std": (1.0,)},
    }
)
"""By name: the fields of Preprocessing that it sets; all others stay as they were found.

imagenet: torchvision's and timm's classifiers (torchvision, "Models and pre-trained weights"). caffe, tf: the modes of
Keras (`keras.applications.imagenet_utils.preprocess_input`). clip: OpenAI's CLIP (`clip.clip._transform`). A range
says nothing of the order of channels.
"""


def require_preset(name: object, *, field: str = "preprocessing.preset") -> Mapping[str, Any]:
    """Return the fields that a preset sets; InvalidInputError lists those that there are."""
    found = PRESETS.get(name) if isinstance(name, str) else None
    if found is None:
        raise InvalidInputError(
            f"There is no preset {in_brief(name, long='of type {}')} for preprocessing. Known: {', '.join(PRESETS)}."
            f"{nearest(name, PRESETS)}",
            field=field,
        )
    return found
