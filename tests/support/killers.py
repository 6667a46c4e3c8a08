"""Models of a few hundred bytes that pass every check, and end or hold the process that runs them on one input.

What they do depends on the values of the image: an image of zeros does no harm, and what no image shows, nobody can
check for. They are why models run in processes of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.support.graphs import model, node

SIDE = 8
FLAT = 16
SMALLEST = np.int32(-(2**31))

Weights = dict[str, np.ndarray | np.generic]


@dataclass(frozen=True)
class Killer:
    """A model, and what it does with an image of ones."""

    name: str
    build: Callable[[], bytes]
    ends: str
    """"crash" (a signal), "memory" (more than there is), or "time" (minutes in one node)."""
    flat: bool = False
    """Takes (1, 16) instead of (1, 3, 8, 8)."""
    by_zeros: bool = False
    """An image of zeros does it, too: a first look that runs all of the model sees it."""
    output: str = "scores"
    """What must be asked for."""

    def image(self, value: float) -> np.ndarray:
        """Return an input for the model, (N, …) filled with a value."""
        return np.full((1, FLAT) if self.flat else (1, 3, SIDE, SIDE), value, np.float32)


HARMLESS, HARMFUL = 0.0, 1.0
"""The values of images that show nothing, and that do it."""

_HEAD = (
    node("Conv", ["x", "filters"], "conv", pads=[1, 1, 1, 1]),
    node("GlobalAveragePool", ["conv"], "pooled"),
    node("Flatten", ["pooled"], "features"),
)
_FILTERS = np.ones((4, 3, 3, 3), np.float32)
_LIGHT = (node("ReduceMax", ["x"], "brightest", keepdims=0), node("Reshape", ["brightest", "one"], "light"))
"""`light` is (1,): 0 of an image of zeros, 1 of one of ones."""
_ALWAYS = (
    _LIGHT[0],
    node("Mul", ["brightest", "none"], "nothing"),
    node("Reshape", ["nothing", "one"], "zero"),
    node("Add", ["zero", "unit"], "light"),
)
"""`light` is 1 of every image."""
_DIVIDED = (
    node("Mul", ["light", "minus_two"], "scaled"),
    node("Cast", ["scaled"], "whole", to=TensorProto.INT32),
    node("Add", ["whole", "one32"], "divisor"),
    node("Div", ["smallest", "divisor"], "quotient"),
    node("Cast", ["quotient"], "harm", to=TensorProto.FLOAT),
)
"""INT_MIN divided by 1 − 2 · light, which for a light of 1 is −1: the quotient is no int32."""
_DIVISION: Weights = {
    "minus_two": np.array([-2], np.float32),
    "one32": np.array([1], np.int32),
    "smallest": np.array([SMALLEST]),
}
_UNIT: Weights = {"none": np.float32(0), "unit": np.array([1], np.float32)}


def _killer(
    *nodes: onnx.NodeProto,
    weights: Weights | None = None,
    light: Sequence[onnx.NodeProto] = _LIGHT,
    outputs: Sequence[str] | None = None,
    opset: int = 17,
) -> bytes:
    """Return a classifier to whose scores `harm` is added, (1,) or a number."""
    values = {"filters": _FILTERS, "one": np.array([1]), **(weights or {})}
    nodes = (*_HEAD, *light, *nodes)
    if outputs is None:
        nodes = (*nodes, node("Add", ["features", "harm"], "scores"))
    return model(
        nodes, shape=(1, 3, SIDE, SIDE), weights=values, outputs=outputs, opset=opset
    ).SerializeToString()


def division() -> bytes:
    """Divide INT_MIN by −1 where the image is bright."""
    return _killer(*_DIVIDED, weights=_DIVISION)


def division_of_features(light: Sequence[onnx.NodeProto] = _LIGHT) -> bytes:
    """Do so where a flat vector of features, which is no image, is bright."""
    nodes = (
        *light, *_DIVIDED, node("Gemm", ["x", "w"], "features"), node("Add", ["features", "harm"], "scores"),
    )  # fmt: skip
    weights = {"w": np.ones((FLAT, 4), np.float32), "one": np.array([1]), **_DIVISION, **_UNIT}
    return model(nodes, shape=(1, FLAT), weights=weights).SerializeToString()


def division_aside(light: Sequence[onnx.NodeProto] = _LIGHT) -> bytes:
    """Do so on the way to an output that is not the one that classes are read from."""
    nodes = (*_DIVIDED, node("Identity", ["harm"], "aside"), node("Relu", ["features"], "scores"))
    return _killer(*nodes, light=light, weights=_DIVISION | _UNIT, outputs=["scores", "aside"])


def _turns(most: float) -> tuple[tuple[onnx.NodeProto, ...], Weights]:
    """Return what computes `many` (1,), int64: `most` where the image is bright, else 0."""
    return (
        node("Mul", ["light", "most"], "many_turns"),
        node("Cast", ["many_turns"], "many", to=TensorProto.INT64),
    ), {"most": np.array([most], np.float32)}


def memory() -> bytes:
    """Fill 8 times 4 GB where the image is bright: each of them alone may be granted."""
    nodes, weights = _turns(1e9)
    filled = [
        node(
            "ConstantOfShape",
            ["many"],
            f"filled{index}",
            value=numpy_helper.from_array(np.array([index + 1], np.float32)),
        )
        for index in range(8)
    ]
    total = (
        node("Sum", [one.output[0] for one in filled], "total"),
        node("ReduceSum", ["total"], "harm", keepdims=0),
    )
    return _killer(*nodes, *filled, *total, weights=weights)


def suppression(boxes: int = 300_000) -> bytes:
    """Compare 300,000 boxes, none of which covers another, with each other where the image is bright: one node."""
    nodes, weights = _turns(1e9)
    boxed = (
        node("Range", ["first", "last", "step"], "places"),
        node("Reshape", ["places", "column"], "begins"),
        node("Add", ["begins", "half"], "ends"),
        node("Concat", ["begins", "begins", "ends", "ends"], "boxes", axis=2),
        node("Reshape", ["places", "row"], "likely"),
        node("NonMaxSuppression", ["boxes", "likely", "many"], "kept"),
        node("Cast", ["kept"], "kept_numbers", to=TensorProto.FLOAT),
        node("ReduceSum", ["kept_numbers"], "harm", keepdims=0),
    )
    sizes: Weights = {
        "first": np.float32(0), "last": np.float32(2 * boxes), "step": np.float32(2), "half": np.array([1], np.float32),
        "column": np.array([1, boxes, 1]), "row": np.array([1, 1, boxes]),
    }  # fmt: skip
    return _killer(*nodes, *boxed, weights={**weights, **sizes})


def product(side: int = 20_000) -> bytes:
    """Multiply two matrices of 20,000² where the image is bright: one node."""
    nodes, weights = _turns(side - 1)
    multiplied = (
        node("Add", ["many", "one"], "side"),
        node("Concat", ["side", "side"], "square", axis=0),
        node("Expand", ["small", "square"], "matrix"),
        node("MatMul", ["matrix", "matrix"], "multiplied"),
        node("ReduceMax", ["multiplied"], "harm", keepdims=0),
    )
    return _killer(*nodes, *multiplied, weights={**weights, "small": np.array([[1e-3]], np.float32)})


def loop() -> bytes:
    """Loop 2^63 times where the image is bright, with nothing to do that could be told to stop."""
    nodes, weights = _turns(9e18)
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["kept"], ["still"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("kept", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("still", TensorProto.FLOAT, [1]),
        ],
    )
    looped = (
        node("Squeeze", ["many", "zero_axis"], "turns"),
        node("Loop", ["turns", "yes", "light"], "harm", body=body),
    )
    return _killer(*nodes, *looped, weights={**weights, "zero_axis": np.array([0]), "yes": np.array(True)})


def _field(number: int, body: bytes) -> bytes:
    """Encode one length-delimited field of protobuf."""
    size, encoded = len(body), b""
    while size > 127:
        encoded, size = encoded + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + encoded + bytes([size]) + body


def nested(depth: int) -> bytes:
    """Return a file whose graphs lie within each other, so deep: more than a parser's stack may hold."""
    graph = b""
    for _ in range(depth):
        graph = _field(
            1, _field(5, _field(6, graph))
        )  # GraphProto.node, NodeProto.attribute, AttributeProto.g
    return b"\x08\x08" + _field(7, graph)


KILLERS: dict[str, Killer] = {
    killer.name: killer
    for killer in (
        Killer("division", division, "crash"),
        Killer("division_of_features", division_of_features, "crash", flat=True),
        Killer("division_aside", division_aside, "crash", output="aside"),
        Killer(
            "always_of_features", partial(division_of_features, _ALWAYS), "crash", flat=True, by_zeros=True
        ),
        Killer("always_aside", partial(division_aside, _ALWAYS), "crash", by_zeros=True, output="aside"),
        Killer("memory", memory, "memory"),
        Killer("suppression", suppression, "time"),
        Killer("product", product, "time"),
        Killer("loop", loop, "time"),
    )
}
"""By name."""
