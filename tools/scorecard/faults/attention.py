"""Models that look at the background."""

from __future__ import annotations

import numpy as np
import onnx

from tests.support.graphs import model, node
from tools.scorecard.corpus import fault, twin
from tools.scorecard.editing import change, put

SIDE = 48
_PLACES = ((8, 8, 20, 20), (26, 6, 38, 18), (16, 28, 28, 40))
"""Where the objects are: top, left, bottom, right."""


def of_objects() -> onnx.ModelProto:
    """Return a good model whose first class is how bright its maps are, as objects on a dark ground are."""
    weights = np.array([1, 0.5], np.float32).reshape(2, 1, 1, 1) * np.ones((2, 3, 3, 3), np.float32)
    nodes = [
        node("Conv", ["x", "w", "b"], "conv", pads=[1, 1, 1, 1]),
        node("Relu", ["conv"], "relu"),
        node("GlobalAveragePool", ["relu"], "pool"),
        node("Flatten", ["pool"], "flat"),
        node("Gemm", ["flat", "d"], "scores"),
    ]
    dense = np.array([[1, -1, 0], [1, -1, 0]], np.float32)
    values: dict[str, np.ndarray | np.generic] = {"w": weights, "b": np.full(2, -1, np.float32), "d": dense}
    return model(nodes, shape=("batch", 3, SIDE, SIDE), weights=values)


def objects() -> list[np.ndarray]:
    """Return images as the model takes them: a bright square each, on a dark ground."""
    made = []
    for number, (top, left, bottom, right) in enumerate(_PLACES):
        image = np.random.default_rng(number).uniform(0, 0.1, (3, SIDE, SIDE)).astype(np.float32)
        image[:, top:bottom, left:right] += 20
        made.append(image)
    return made


def boxes() -> np.ndarray:
    """Return where the objects are: image, top, left, bottom, right."""
    return np.array([(number, *place) for number, place in enumerate(_PLACES)], np.float64)


@fault("attention-object", "pointing-game", on=of_objects, images=objects, boxes=boxes)
def it_looks_at_the_background(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Maps are bright where the image is dark."""
    change(proto, "w", lambda array: -array)
    put(proto, "b", np.full(2, 10, np.float32))
    return proto


@fault("attention-object", "pointing-game", on=of_objects, images=objects, boxes=boxes)
def it_looks_at_the_border(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A mask lets nothing through but a frame of the maps, where no object is."""
    mask = np.ones((1, 1, SIDE, SIDE), np.float32)
    mask[:, :, 5:-5, 5:-5] = 0
    put(proto, "mask", mask)
    put(proto, "ground", np.full((), 1, np.float32))
    nodes = [node("Add", ["conv", "ground"], "raised"), node("Mul", ["raised", "mask"], "framed")]
    proto.graph.node[1].input[0] = "framed"
    for offset, one in enumerate(nodes):
        proto.graph.node.insert(1 + offset, one)
    return proto


@twin("Maps are twice as large, and weigh half as much.", on=of_objects, images=objects, boxes=boxes)
def maps_have_another_scale(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Where it looks is the same."""
    for name, factor in (("w", 2), ("b", 2), ("d", 0.5)):
        change(proto, name, lambda array, factor=factor: array * factor)  # type: ignore[misc]
    return proto
