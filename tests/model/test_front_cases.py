"""What is found of fronts that the random ones lack: several ways, statistics, bounds, other numbers of channels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import pytest

from inspector.model.read import read_model
from tests.support.graphs import model, node

HEIGHT, WIDTH = 20, 24


@dataclass(frozen=True)
class Case:
    """A front, and what must be found of it."""

    nodes: list[onnx.NodeProto]
    wanted: str | None
    """The range; None where it cannot be known, so that it is assumed."""
    weights: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int | str, ...] = ("n", 3, HEIGHT, WIDTH)
    color: str = "RGB"
    assumes_color: bool = True
    channels: int = 3


def free_size() -> list[onnx.NodeProto]:
    """Resize to half of a size that is computed, and keep the batch free."""
    return [
        node("Shape", ["x"], "shape"),
        node("Slice", ["shape", "zero1", "two1"], "kept"),
        node("Slice", ["shape", "two1", "four1"], "size"),
        node("Div", ["size", "two1"], "half"),
        node("Concat", ["kept", "half"], "sizes", axis=0),
        node("Resize", ["x", "", "", "sizes"], "r", mode="linear"),
    ]


K = {"k": np.float32(255), "two": np.float32(2), "one": np.float32(1)}
INTS = {"zero1": np.array([0]), "two1": np.array([2]), "four1": np.array([4])}
TRIPLE = {"m": np.array([0.485, 0.456, 0.406], np.float32).reshape(3, 1, 1)}
RNG = np.random.default_rng(5)
CASES = {
    "a size that is computed": Case(
        [*free_size(), node("Div", ["r", "k"], "n")], "0..255", K | INTS, ("n", 3, "h", "w")
    ),
    "channels last": Case(
        [node("Div", ["x", "k"], "d"), node("Transpose", ["d"], "n", perm=[0, 3, 1, 2])],
        "0..255",
        K,
        ("n", 20, 24, 3),
    ),
    "a learned batch normalization": Case(
        [node("BatchNormalization", ["x", "g", "b", "mean", "var"], "n")],
        "0..255",
        {
            "g": RNG.uniform(-3, 3, 3),
            "b": RNG.uniform(-3, 3, 3),
            "mean": np.array([99, 110, 130]),
            "var": np.array([3e3, 5e3, 4e3]),
        },
    ),
    "a learned batch normalization of dark gray pictures": Case(
        [node("BatchNormalization", ["x", "g", "b", "mean", "var"], "n")],
        "0..1",
        {"g": np.ones(1), "b": np.ones(1), "mean": np.array([0.1307]), "var": np.array([0.0949])},
        ("n", 1, 20, 24),
        "GRAY",
        False,
        1,
    ),
    "a batch normalization that nobody trained": Case(
        [node("BatchNormalization", ["x", "g", "b", "mean", "var"], "n")],
        None,
        {"g": np.ones(3), "b": np.zeros(3), "mean": np.zeros(3), "var": np.ones(3)},
    ),
    "statistics of values that were standardized before": Case(
        [node("BatchNormalization", ["x", "g", "b", "mean", "var"], "n")],
        None,
        {
            "g": np.ones(3),
            "b": np.zeros(3),
            "mean": np.array([0.02, -0.1, 0.05]),
            "var": np.array([1.1, 0.9, 1.0]),
        },
    ),
    "an instance normalization": Case(
        [node("InstanceNormalization", ["x", "g", "b"], "n")],
        "0..1",
        {"g": RNG.uniform(1, 2, 3), "b": np.ones(3)},
    ),
    "an instance normalization with a large epsilon": Case(
        [node("InstanceNormalization", ["x", "g", "b"], "n", epsilon=0.1)],
        None,
        {"g": np.ones(3), "b": np.ones(3)},
    ),
    "an instance normalization behind a division": Case(
        [node("Div", ["x", "k"], "d"), node("InstanceNormalization", ["d", "g", "b"], "n")],
        "0..255",
        K | {"g": np.ones(3), "b": np.ones(3)},
    ),
    "blocks of pixels as channels": Case(
        [node("SpaceToDepth", ["x"], "s", blocksize=2), node("Mul", ["s", "k"], "n")],
        "0..255",
        {"k": np.full((1, 12, 1, 1), 1 / 255)},
        channels=12,
    ),
    "every other pixel, side by side": Case(
        [
            node("Slice", ["x", "zero1", "big", "two1", "two1"], "a"),
            node("Slice", ["x", "one1", "big", "two1", "two1"], "b"),
            node("Concat", ["a", "b"], "c", axis=1),
            node("Div", ["c", "k"], "n"),
        ],
        "0..255",
        K | INTS | {"big": np.array([1000]), "one1": np.array([1])},
        channels=6,
    ),
    "one row of pixels, and back": Case(
        [
            node("Reshape", ["x", "flat"], "f"),
            node("Sub", ["f", "mean"], "s"),
            node("Reshape", ["s", "maps"], "n"),
        ],
        "0..255",
        {
            "flat": np.array([0, 3, -1]),
            "mean": np.array([[123.675], [116.28], [103.53]]),
            "maps": np.array([0, 3, 20, 24]),
        },
        assumes_color=False,
    ),
    "the mean of every pixel": Case(
        [node("Sub", ["x", "mean"], "n")], "0..255", {"mean": RNG.uniform(90, 140, (1, 3, 20, 24))}
    ),
    "one mean for everything of a flat image": Case(
        [node("Flatten", ["x"], "f"), node("Sub", ["f", "mean"], "s"), node("Reshape", ["s", "maps"], "n")],
        "0..255",
        {"mean": RNG.uniform(90, 140, (1, 1440)), "maps": np.array([-1, 3, 20, 24])},
    ),
    "gray as three channels": Case(
        [node("Div", ["x", "k"], "d"), node("Expand", ["d", "to"], "e"), node("Sub", ["e", "m"], "n")],
        "0..255",
        K | TRIPLE | {"to": np.array([1, 3, 1, 1])},
        ("n", 1, 20, 24),
        "GRAY",
        False,
    ),
    "bounds of pixels alone": Case(
        [node("Clip", ["x", "zero", "one"], "n")], "0..1", {"zero": np.float32(0), **K}
    ),
    "two ways that agree": Case(
        [node("Div", ["x", "k"], "a"), node("Mul", ["x", "t"], "b"), node("Concat", ["a", "b"], "n", axis=1)],
        "0..255",
        K | {"t": np.full((1, 3, 1, 1), 1 / 127.5)},
        channels=6,
    ),
    "two ways that contradict each other": Case(
        [
            node("Div", ["x", "k"], "a"),
            node("Conv", ["a", "v"], "p"),
            node("Mul", ["x", "two"], "b"),
            node("Sub", ["b", "one"], "c"),
            node("Conv", ["c", "v"], "q"),
            node("Add", ["p", "q"], "n"),
        ],
        None,
        K | {"v": RNG.standard_normal((3, 3, 1, 1))},
    ),
    "a way that reads the pixels as they are": Case(
        [
            node("Div", ["x", "k"], "a"),
            node("Conv", ["a", "v"], "p"),
            node("Conv", ["x", "v"], "q"),
            node("Add", ["p", "q"], "n"),
        ],
        None,
        K | {"v": RNG.standard_normal((3, 3, 1, 1))},
    ),
    "the first convolution says nothing": Case(
        [node("Conv", ["x", "v"], "n")], None, {"v": RNG.standard_normal((3, 3, 1, 1))}
    ),
    "a factor that says nothing": Case([node("Mul", ["x", "two"], "n")], None, K),
    "the means of ImageNet, red first": Case(
        [node("Sub", ["x", "m"], "n")], "0..1", TRIPLE, assumes_color=False
    ),
    "the means of ImageNet, blue first": Case(
        [node("Sub", ["x", "m"], "n")], "0..1", {"m": TRIPLE["m"][::-1].copy()}, color="BGR"
    ),
    "the means of ImageNet, blue first behind a flip": Case(
        [node("Gather", ["x", "flip"], "g", axis=1), node("Sub", ["g", "m"], "n")],
        "0..1",
        {"m": TRIPLE["m"][::-1].copy(), "flip": np.array([2, 1, 0])},
        assumes_color=False,
    ),
    "a deviation that is computed of a variance": Case(
        [
            node("Sqrt", ["var"], "root"),
            node("Max", ["root", "one"], "std"),
            node("Sub", ["x", "mean"], "s"),
            node("Div", ["s", "std"], "n"),
        ],
        "0..255",
        K | {"mean": np.full((1, 3, 1, 1), 117.0), "var": np.full((1, 3, 1, 1), 3600.0)},
    ),
    "a blur": Case(
        [node("Conv", ["x", "blur"], "b", group=3), node("Div", ["b", "k"], "n")],
        "0..255",
        K | {"blur": np.full((3, 1, 3, 3), 1 / 9)},
    ),
    "a gray of three colors": Case(
        [node("Conv", ["x", "luma"], "g"), node("Div", ["g", "k"], "n")],
        "0..255",
        K | {"luma": np.array([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)},
        channels=1,
    ),
    "a gray that is the mean": Case(
        [node("ReduceMean", ["x"], "g", axes=[1], keepdims=1), node("Div", ["g", "k"], "n")],
        "0..255",
        K,
        channels=1,
    ),
    "a depthwise convolution that was trained": Case(
        [node("Conv", ["x", "v"], "c", group=3), node("Div", ["c", "k"], "n")],
        None,
        K | {"v": RNG.standard_normal((3, 1, 3, 3))},
    ),
    "a negative": Case([node("Div", ["x", "k"], "d"), node("Sub", ["one", "d"], "n")], "0..255", K),
}
VALUES: dict[str, tuple[float, tuple[float, ...]]] = {"0..255": (1.0, (0.0,)), "0..1": (1 / 255, (0.0,))}
"""Scale and mean."""


@pytest.mark.parametrize("name", CASES)
def test_what_is_found_of_a_front(name: str) -> None:
    case = CASES[name]
    whole = {"flat", "maps", "to", "flip", "big", "one1", *INTS}
    weights = {
        key: np.asarray(one, np.int64 if key in whole else np.float32) for key, one in case.weights.items()
    }
    weights["w"] = RNG.standard_normal((4, case.channels, 3, 3)).astype(np.float32)
    proto = model([*case.nodes, node("Conv", ["n", "w"], "y")], shape=case.shape, weights=weights)

    found = read_model(proto.SerializeToString()).preprocessing

    assert any(text.startswith("scale") for text in found.assumed) == (case.wanted is None), found.source
    if case.wanted is not None:
        assert (found.scale, found.mean, found.std) == (*VALUES[case.wanted], (1.0,))
    assert found.color == case.color
    assert any(text.startswith("color") for text in found.assumed) == case.assumes_color
