"""Preprocessing found behind random fronts: a model gets what its graph is made for, or it is said to be a guess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import pytest

from inspector.model.preprocessing.prepare import prepare
from inspector.model.read import read_model
from inspector.model.spec import OnnxModel
from tests.support.graphs import Exposed, model, node

Array = np.ndarray[Any, Any]
HEIGHT, WIDTH = 20, 24
RANGES = {"0..255": (1.0, 0.0), "0..1": (1 / 255, 0.0), "-1..1": (2 / 255, -1.0)}
"""By name: what a pixel in 0..255 is in that range, as (factor, shift)."""
PIXELS = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@dataclass
class Front:
    """A graph that is written from the image on; the newest tensor is (N, 3, H, W), or (N, H, W, 3)."""

    rng: np.random.Generator
    low: float
    high: float
    """Between which its values lie now, at the most."""
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: dict[str, Array] = field(default_factory=dict)
    last: str = "x"
    order: tuple[int, ...] = (0, 1, 2)
    is_last_axis: bool = False
    said: list[str] = field(default_factory=list)

    def constant(self, value: Any) -> str:
        name = f"c{len(self.weights)}"
        self.weights[name] = np.asarray(value)
        return name

    def add(self, op_type: str, *more: Any, first: bool = True, **attributes: Any) -> str:
        """Add a node that reads the newest tensor and constants, in the other order where it is not `first`."""
        others = ["" if value is None else self.constant(value) for value in more]
        inputs = [self.last, *others] if first else [*others, self.last]
        self.last = f"t{len(self.nodes)}"
        self.nodes.append(node(op_type, inputs, self.last, **attributes))
        self.said.append(op_type)
        return self.last

    @property
    def axis(self) -> int:
        return 3 if self.is_last_axis else 1

    def per_channel(self, values: Array) -> Array:
        """Return one value per channel of the input in one of the shapes that broadcast."""
        array = np.asarray(values, np.float32)[list(self.order)]
        if np.ptp(array) == 0 and self.rng.random() < 0.5:
            return array[:1].reshape([(), (1,), (1, 1, 1, 1)][self.rng.integers(3)])
        shapes = [(1, 1, 1, 3), (3,)] if self.is_last_axis else [(1, 3, 1, 1), (3, 1, 1)]
        return array.reshape(shapes[self.rng.integers(2)])

    def scale(self, by: Array) -> None:
        """Multiply each channel of the input."""
        if self.rng.random() < 0.5:
            self.add("Mul", self.per_channel(by), first=bool(self.rng.random() < 0.5))
        else:
            self.add("Div", self.per_channel(1 / np.asarray(by)))

    def shift(self, by: Array) -> None:
        """Add to each channel of the input."""
        if self.rng.random() < 0.5:
            self.add("Add", self.per_channel(by), first=bool(self.rng.random() < 0.5))
        else:
            self.add("Sub", self.per_channel(-np.asarray(by)))


# --- what keeps values


def flip_by_gather(front: Front) -> None:
    front.add("Gather", np.array([2, 1, 0]), axis=front.axis - 4 * int(front.rng.integers(2)))
    front.order = front.order[::-1]


def flip_by_slice(front: Front) -> None:
    front.add("Slice", np.array([-1]), np.array([-(2**31)]), np.array([front.axis]), np.array([-1]))
    front.order = front.order[::-1]


def flip_by_split(front: Front) -> None:
    parts = [f"s{len(front.nodes)}_{index}" for index in range(3)]
    front.nodes.append(
        node("Split", [front.last, front.constant(np.array([1, 1, 1]))], parts, axis=front.axis)
    )
    front.last = f"t{len(front.nodes)}"
    front.nodes.append(node("Concat", parts[::-1], front.last, axis=front.axis))
    front.order = front.order[::-1]


def flip_by_convolution(front: Front) -> None:
    if front.is_last_axis:
        return
    front.add("Conv", np.eye(3, dtype=np.float32)[::-1].reshape(3, 3, 1, 1).copy())
    front.order = front.order[::-1]


def channels_one_by_one(front: Front) -> None:
    """x[:, 0], x[:, 1], x[:, 2], stacked again, as PyTorch exports torchvision's `transform_input`."""
    parts = []
    for index in range(3):
        picked, back = f"g{len(front.nodes)}", f"u{len(front.nodes)}"
        front.nodes.append(
            node("Gather", [front.last, front.constant(np.array(index))], picked, axis=front.axis)
        )
        front.nodes.append(node("Unsqueeze", [picked, front.constant(np.array([front.axis]))], back))
        parts.append(back)
    front.last = f"t{len(front.nodes)}"
    front.nodes.append(node("Concat", parts, front.last, axis=front.axis))


def crop(front: Front) -> None:
    rows, columns = (1, 2) if front.is_last_axis else (2, 3)
    front.add("Slice", np.array([1, 2]), np.array([-1, 1000]), np.array([rows, columns]))


def mirror(front: Front) -> None:
    front.add("Slice", np.array([-1]), np.array([-1000]), np.array([front.axis % 2 + 1]), np.array([-1]))


def clip(front: Front) -> None:
    """Bounds that bind no value, exact or wide."""
    room = float(front.rng.choice([0.0, 0.5])) * (front.high - front.low)
    if front.rng.random() < 0.7:
        front.add("Clip", np.float32(front.low - room), np.float32(front.high + room))
    else:
        front.add("Max", np.float32(front.low - room))


def pad(front: Front) -> None:
    pads = [0, 0, 1, 1, 0, 0, 2, 1] if not front.is_last_axis else [0, 1, 1, 0, 0, 1, 2, 0]
    mode = ["constant", "reflect", "edge"][front.rng.integers(3)]
    front.add("Pad", np.array(pads), mode=mode)


def pool(front: Front) -> None:
    if not front.is_last_axis:
        kind = ["AveragePool", "MaxPool"][front.rng.integers(2)]
        front.add(kind, kernel_shape=[2, 2], strides=[int(front.rng.integers(1, 3))] * 2)


def resize(front: Front) -> None:
    if not front.is_last_axis:
        sizes = np.array([1, 1, 1.5, 0.75], np.float32)
        front.add("Resize", None, sizes, mode=["nearest", "linear"][front.rng.integers(2)])


def reshape(front: Front) -> None:
    """To one axis of pixels, or five axes; the batch stays free."""
    if front.is_last_axis:
        front.add("Unsqueeze", np.array([1]))
        front.add("Squeeze", np.array([1]))
    else:
        front.add("Unsqueeze", np.array([4]))
        front.add("Squeeze", np.array([-1]))


def transpose(front: Front) -> None:
    front.add("Transpose", perm=[0, 3, 1, 2] if front.is_last_axis else [0, 2, 3, 1])
    front.is_last_axis = not front.is_last_axis


def codes(front: Front) -> None:
    scale = np.float32((front.high - front.low) / 255)
    zero = np.uint8(round(-front.low / float(scale)))
    if not 0 <= -front.low / float(scale) <= 255:
        return
    front.add("QuantizeLinear", scale, zero)
    front.add("DequantizeLinear", scale, zero)


def nothing(front: Front) -> None:
    if front.rng.random() < 0.5:
        front.add("Identity")
    else:
        front.add("Cast", to=onnx.TensorProto.FLOAT)


MOVES: list[Callable[[Front], None]] = [
    channels_one_by_one, clip, codes, crop, flip_by_convolution, flip_by_gather, flip_by_slice, flip_by_split, mirror,
    nothing, pad, pool, reshape, resize, transpose,
]  # fmt: skip


# --- what changes values, from the range of the input to what networks are trained on


def normalize(front: Front, means: Array, deviations: Array) -> None:
    """Write (x − mean) / deviation in one of its spellings, with moves between."""
    spelling = int(front.rng.integers(5))
    if spelling == 0:
        front.shift(-means)
        move(front, 1)
        front.scale(1 / deviations)
    elif spelling == 1:
        front.scale(1 / deviations)
        move(front, 1, but=(codes, clip))
        front.shift(-means / deviations)
    elif spelling == 2 and not front.is_last_axis:
        order = list(front.order)
        front.add(
            "BatchNormalization",
            np.ones(3, np.float32),
            np.zeros(3, np.float32),
            means[order].astype(np.float32),
            (deviations[order] ** 2).astype(np.float32),
        )
    elif spelling == 3 and not front.is_last_axis:
        order = list(front.order)
        factors = (1 / deviations)[order].astype(np.float32)
        front.add(
            "Conv", factors.reshape(3, 1, 1, 1), (-means / deviations)[order].astype(np.float32), group=3
        )
    else:
        front.add("Sub", front.per_channel(means), first=False)
        front.scale(-1 / deviations)


def move(front: Front, count: int, but: tuple[Callable[[Front], None], ...] = ()) -> None:
    known = [one for one in MOVES if one not in but]
    for index in front.rng.integers(0, len(known), count):
        known[index](front)


def written(seed: int) -> tuple[onnx.ModelProto, str]:
    """Return a small CNN behind a front, and the range that it is made for."""
    rng = np.random.default_rng(seed)
    name = list(RANGES)[seed % 3]
    factor, shift = RANGES[name]
    low, high = shift, 255 * factor + shift
    front = Front(rng, low=low, high=high)
    means, deviations = rng.uniform(90, 140, 3), rng.uniform(50, 75, 3)
    if name != "-1..1" and rng.random() < 0.3:  # one number for all, to −1..1
        means, deviations = np.full(3, 127.5), np.full(3, 127.5)
    if name == "0..255" and rng.random() < 0.2:  # as Caffe's
        deviations = np.ones(3)
    is_scaled = name != "0..1" and rng.random() < 0.4
    move(front, int(rng.integers(0, 4)))
    if is_scaled:  # first to 0..1
        if name == "-1..1":
            front.shift(np.ones(3))
        front.scale(np.full(3, 0.5 if name == "-1..1" else 1 / 255))
        front.low, front.high, factor, shift = 0.0, 1.0, 1 / 255, 0.0
        move(front, int(rng.integers(0, 3)))
    if not (is_scaled and rng.random() < 0.3 and deviations[0] != 1):
        normalize(front, means * factor + shift, deviations * factor)
    if front.is_last_axis:
        transpose(front)
    weights = {"w": rng.standard_normal((4, 3, 3, 3)).astype(np.float32), **front.weights}
    tail = [
        node("Conv", [front.last, "w"], "conv"),
        node("Relu", ["conv"], "relu"),
        node("GlobalAveragePool", ["relu"], "mean"),
        node("Flatten", ["mean"], "y"),
    ]
    proto = model([*front.nodes, *tail], shape=("n", 3, HEIGHT, WIDTH), weights=weights)
    return proto, name


def scores(proto: onnx.ModelProto, x: Array) -> Array:
    return Exposed(proto, ["y"]).run(x)["y"][0]


def is_guessed(found: OnnxModel) -> bool:
    return any(text.startswith("scale") for text in found.preprocessing.assumed)


SEEDS = range(240)


@pytest.mark.parametrize("seed", SEEDS)
def test_pictures_are_in_the_range_that_the_front_takes(seed: int) -> None:
    proto, name = written(seed)
    found = read_model(proto.SerializeToString())
    if is_guessed(found):
        return
    factor, shift = RANGES[name]
    right = (PIXELS.transpose(2, 0, 1)[None] * np.float32(factor) + np.float32(shift)).astype(np.float32)

    x = prepare(found, PIXELS).values

    assert found.preprocessing.color == "RGB"
    np.testing.assert_allclose(scores(proto, x), scores(proto, right), rtol=2e-3, atol=2e-3)


def test_few_of_them_are_guesses() -> None:
    guesses = [seed for seed in SEEDS if is_guessed(read_model(written(seed)[0].SerializeToString()))]
    assert len(guesses) <= 0.05 * len(SEEDS), guesses
