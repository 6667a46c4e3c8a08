"""Good models: those that come with the project, and, where it is at hand, some of the zoo."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper
from PIL import Image

from inspector.model.preprocessing.prepare import prepare
from inspector.model.read import read_model
from inspector.registry import Registry
from tests.support import small_cnn
from tests.support.graphs import Exposed
from tests.support.sessions import plain_session
from tools.scorecard.editing import change, set_metadata
from tools.scorecard.quantizing import quantized
from tools.scorecard.unfolding import with_batch_normalization

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo" / "model" / "demo.onnx"
PHOTOS = ROOT / "demo" / "photos"
SHORT_SIDE = 160
"""Of photographs, so that none is decoded and made smaller again for every check."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """A good model, and images for it."""

    name: str
    make: Callable[[], onnx.ModelProto]
    images: Callable[[], Sequence[Any]]
    tells: Mapping[str, str] = field(default_factory=dict)
    """Rules that say something of it by right, with the reason."""


BASES: Registry[str, Base] = Registry("good model")


def copy_of(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy."""
    made = onnx.ModelProto()
    made.CopyFrom(proto)
    return made


@cache
def photographs() -> tuple[np.ndarray, ...]:
    """Return the demo's photographs and six drawn pictures, (H, W, 3) uint8."""
    found = []
    for path in sorted(PHOTOS.glob("*.jpg")):
        with Image.open(path) as opened:
            opened.draft("RGB", (2 * SHORT_SIDE, 2 * SHORT_SIDE))
            picture = opened.convert("RGB")
        ratio = SHORT_SIDE / min(picture.size)
        size = (max(SHORT_SIDE, round(picture.width * ratio)), max(SHORT_SIDE, round(picture.height * ratio)))
        found.append(np.asarray(picture.resize(size, Image.Resampling.BILINEAR)))
    return (*found, *drawn(6))


def drawn(count: int, *, side: int = SHORT_SIDE, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Return colored clouds, (side, side, 3) uint8: noise at several scales, as pictures have it."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        cloud = np.zeros((side, side, 3), np.float32)
        for size in (2, 4, 8, 16, 32):
            noise = random.integers(0, 256, (size, size, 3), dtype=np.uint8)
            grown = Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)
            cloud += np.asarray(grown, np.float32) / 5
        made.append(np.clip(2 * (cloud - 128) + 128, 0, 255).astype(np.uint8))
    return tuple(made)


def many_pictures() -> tuple[np.ndarray, ...]:
    """Return so many pictures that a channel which all of them leave silent may be dead."""
    return (*photographs(), *drawn(16, seed=1))


def prepared(proto: onnx.ModelProto, images: Sequence[Any]) -> np.ndarray:
    """Return pictures as a model takes them, (N, …)."""
    model = read_model(proto.SerializeToString())
    return np.concatenate([prepare(model, image).values for image in images])


def answers(proto: onnx.ModelProto, images: Sequence[Any]) -> dict[str, np.ndarray]:
    """Return a model's outputs for pictures, by name, each (N, …), as ONNX Runtime alone computes them."""
    session = plain_session(proto)
    names = [one.name for one in session.get_outputs()]
    entry = session.get_inputs()[0]
    x = prepared(proto, images)
    size = entry.shape[0] if isinstance(entry.shape[0], int) else len(x)
    parts = [session.run(names, {entry.name: x[start : start + size]}) for start in range(0, len(x), size)]
    return {name: np.concatenate([part[index] for part in parts]) for index, name in enumerate(names)}


def _demo() -> onnx.ModelProto:
    return onnx.load_model(DEMO)


def _demo_int8() -> onnx.ModelProto:
    proto = _demo()
    return quantized(proto, prepared(proto, photographs()))


def _small_cnn() -> onnx.ModelProto:
    proto = onnx.load_from_string(small_cnn.small_cnn(head="Softmax"))
    proto.graph.output[0].CopyFrom(
        helper.make_tensor_value_info("answer", onnx.TensorProto.FLOAT, ["n", small_cnn.CLASSES])
    )
    how = {"resize": {"mode": "exact"}, "color": "RGB", "scale": 1 / 64, "mean": [2, 2, 2], "std": [1, 1, 1]}
    set_metadata(proto, "inspector.preprocessing", json.dumps(how))
    scores = Exposed(proto, ["scores"]).run(prepared(proto, photographs()))["scores"]
    return change(proto, "b3", lambda bias: bias - scores.mean(axis=0))  # else one class is every picture's


def _add(name: str, make: Callable[[], onnx.ModelProto], **given: Any) -> None:
    BASES.add(name, Base(name=name, make=make, **{"images": photographs, **given}))


_add("demo", _demo)
_add(
    "demo-batchnorm",
    lambda: with_batch_normalization(_demo()),
    tells={"foldable-normalization": "it has some, for faults of them"},
)
_add("demo-int8", _demo_int8)
_add("small-cnn", _small_cnn)
