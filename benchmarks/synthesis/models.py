"""The networks: where they are written, and how a picture becomes their input."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / ".models"
SUBJECT, RANDOM, JUDGE, SQUEEZENET, RESNET = (
    "mobilenet_v2",
    "mobilenet_v2_random",
    "efficientnet_lite0",
    "squeezenet1_0",
    "resnet50",
)
SIDE = 224

PREPROCESSING: Mapping[str, Any] = {
    SUBJECT: "imagenet",
    RANDOM: "imagenet",
    SQUEEZENET: "imagenet",
    RESNET: "imagenet",
    JUDGE: {"color": "RGB", "scale": 1.0, "mean": [127.0], "std": [128.0]},
}


def path_of(name: str) -> Path:
    """Return where a network is written, beside what says how pictures become its input."""
    return FOLDER / name / f"{name}.onnx"
