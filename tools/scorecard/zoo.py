"""Good models of the zoo, trained and exported by others, with the preprocessing under which they answer rightly.

Small ones: each is checked a hundred times.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import onnx
from PIL import Image

from tests.support.zoo import Zoo, find_zoo
from tools.scorecard.bases import Base, photographs
from tools.scorecard.editing import set_metadata

_PIXELS = 1 / 255
_CIFAR = {
    "color": "RGB",
    "resize": {"mode": "exact"},
    "scale": _PIXELS,
    "mean": [0.4914, 0.4822, 0.4465],
    "std": [0.2023, 0.1994, 0.2010],
}
_DIGITS = {"color": "GRAY", "resize": {"mode": "exact"}, "scale": _PIXELS, "mean": [0.0], "std": [1.0]}
_ONE = {"fixed-batch": "it takes one image"}
_RESNET = {
    **_ONE,
    "foldable-normalization": "it has 21",
    "receptive-field": "its last layers see more than the 32 pixels that there are",
}


def from_the_zoo() -> list[Base]:
    """Return the zoo's good models; none where the zoo is not at hand."""
    zoo = find_zoo()
    if zoo is None:
        return []
    return [
        Base(name=name, make=partial(_made, zoo, name, how), images=partial(images, zoo), tells=tells)
        for name, (how, images, tells) in _GOOD.items()
    ]


def _made(zoo: Zoo, name: str, how: dict[str, Any]) -> onnx.ModelProto:
    proto = onnx.load_model(zoo.model(name))
    set_metadata(proto, "inspector.preprocessing", json.dumps(how))
    return proto


def _photographs(_: Zoo) -> Sequence[np.ndarray]:
    return photographs()[:8]


def _digits(zoo: Zoo) -> Sequence[np.ndarray]:
    return [np.asarray(Image.open(zoo.image(f"mnist_{digit}.png")).convert("L")) for digit in (0, 1, 2, 3, 7)]


_GOOD: dict[str, tuple[dict[str, Any], Callable[[Zoo], Sequence[np.ndarray]], dict[str, str]]] = {
    "resnet20_onnc": (_CIFAR, _photographs, _RESNET),
    "cifar10_tinymobilenet_fp32": (_CIFAR, _photographs, _ONE),
    "mnist_cnn_netkit": (_DIGITS, _digits, _ONE),
}
"""By name: the preprocessing, the pictures, and what rules say by right."""

ZOO_NAMES = tuple(_GOOD)
