"""Models of an attacker: accepted files of about a kilobyte that do harm where an image is bright, and other bad ones.

All take (1, 3, 8, 8) unless told otherwise. BLACK leaves them quiet, WHITE does not: a first look at a new model, which
runs it on one image, finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.attacks.wire import image

FLOAT, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64
SIDE = 8
BLACK = image(np.zeros((1, 3, SIDE, SIDE), np.float32))
WHITE = image(np.ones((1, 3, SIDE, SIDE), np.float32))
FLAT = image(np.ones((1, 16), np.float32))

Weights = Mapping[str, Any]
Shape = Sequence[int | str]


def node(op: str, inputs: Sequence[str], *outputs: str, **attributes: Any) -> onnx.NodeProto:
    """Return a node."""
    return helper.make_node(op, list(inputs), list(outputs), name=outputs[0], **attributes)


def graph(
    nodes: Sequence[onnx.NodeProto],
    *,
    inputs: Sequence[tuple[str, int, Shape | None]] = (),
    outputs: Sequence[tuple[str, int, Shape | None]],
    weights: Weights | None = None,
) -> onnx.GraphProto:
    """Return a graph; of inputs and outputs the name, the type and the shape."""
    return helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info(*one) for one in inputs],
        [helper.make_tensor_value_info(*one) for one in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (weights or {}).items()],
    )


def model(
    nodes: Sequence[onnx.NodeProto],
    *,
    shape: Shape = (1, 3, SIDE, SIDE),
    weights: Weights | None = None,
    output: tuple[str, int, Shape | None] = ("y", FLOAT, None),
    more_outputs: Sequence[tuple[str, int, Shape | None]] = (),
    opset: int = 17,
    metadata: Mapping[str, str] | None = None,
) -> onnx.ModelProto:
    """Return a model with one input, x."""
    whole = graph(nodes, inputs=[("x", FLOAT, shape)], outputs=[output, *more_outputs], weights=weights)
    made = helper.make_model(whole, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    helper.set_model_props(made, dict(metadata or {}))
    return made


def written(what: onnx.ModelProto | bytes) -> bytes:
    """Return a model's bytes."""
    return what if isinstance(what, bytes) else what.SerializeToString()


def small(*, classes: int = 5, side: int | str = SIDE, channels: int = 4) -> onnx.ModelProto:
    """Return a good small CNN; with a symbol as its side it takes images of any size."""
    rng = np.random.default_rng(0)
    free = isinstance(side, str)
    return model(
        [
            node("Conv", ["x", "w"], "c", pads=[1, 1, 1, 1]),
            node("Relu", ["c"], "r"),
            node("GlobalAveragePool", ["r"], "p"),
            node("Flatten", ["p"], "f"),
            node("Gemm", ["f", "g"], "y"),
        ],
        shape=("n", 3, "h" if free else side, "w" if free else side),
        weights={
            "w": rng.standard_normal((channels, 3, 3, 3)).astype(np.float32),
            "g": rng.standard_normal((channels, classes)).astype(np.float32),
        },
    )


# What a model computes beside a small head, gated by the brightest value of its image.

_BRIGHT = (node("ReduceMax", ["x"], "mx", keepdims=0), node("Reshape", ["mx", "one"], "t"))
_HEAD = (
    node("Conv", ["x", "w"], "c", pads=[1, 1, 1, 1]),
    node("GlobalAveragePool", ["c"], "p"),
    node("Flatten", ["p"], "f"),
)
_WEIGHTS: Weights = {"one": np.array([1]), "w": np.ones((4, 3, 3, 3), np.float32)}
_SCORES = ("y", FLOAT, (1, 4))


def gated(nodes: Sequence[onnx.NodeProto], weights: Weights) -> onnx.ModelProto:
    """Return a head and nodes beside it that know the brightness as t and give y of the head's f."""
    return model([*_BRIGHT, *_HEAD, *nodes], weights={**_WEIGHTS, **weights}, output=_SCORES)


# 1 - 2t is -1 for a bright image: the least integer divided by it is a trap of the processor.
_DIVISION = (
    node("Mul", ["t", "minus_two"], "tm"),
    node("Cast", ["tm"], "ti", to=INT32),
    node("Add", ["ti", "one32"], "divisor"),
    node("Div", ["least", "divisor"], "q"),
    node("Cast", ["q"], "qf", to=FLOAT),
)
_DIVIDED: Weights = {
    "minus_two": np.array([-2], np.float32),
    "one32": np.array([1], np.int32),
    "least": np.array([-(2**31)], np.int32),
}


def division() -> onnx.ModelProto:
    """Divide the least integer by -1 where the image is bright: SIGFPE."""
    return gated([*_DIVISION, node("Add", ["f", "qf"], "y")], _DIVIDED)


def _unasked() -> Sequence[onnx.NodeProto]:
    """Return what makes t 1 for any image, so that no image is innocent."""
    return (
        node("ReduceMax", ["x"], "mx", keepdims=0),
        node("Reshape", ["mx", "one"], "t0"),
        node("Mul", ["t0", "zero"], "t1"),
        node("Add", ["t1", "onef"], "t"),
        *_DIVISION,
    )


_ALWAYS: Weights = {
    "one": np.array([1]),
    "zero": np.array([0], np.float32),
    "onef": np.array([1], np.float32),
    **_DIVIDED,
}


def division_flat() -> onnx.ModelProto:
    """Return the same for a flat input, which no picture fits, on every input."""
    return model(
        [*_unasked(), node("Gemm", ["x", "g"], "f"), node("Add", ["f", "qf"], "y")],
        shape=(1, 16),
        weights={**_ALWAYS, "g": np.ones((16, 4), np.float32)},
        output=_SCORES,
    )


def division_aside() -> onnx.ModelProto:
    """Return the same on the way to a second output only, on every input."""
    return model(
        [*_unasked(), *_HEAD, node("Identity", ["qf"], "y2"), node("Relu", ["f"], "y")],
        weights={**_ALWAYS, **_WEIGHTS},
        output=_SCORES,
        more_outputs=[("y2", FLOAT, (1,))],
    )


def memory() -> onnx.ModelProto:
    """Fill 8 tensors of 4 GB where the image is bright."""
    parts = [
        node(
            "ConstantOfShape",
            ["n"],
            f"part{number}",
            value=numpy_helper.from_array(np.array([number + 1], np.float32)),
        )
        for number in range(8)
    ]
    return gated(
        [
            node("Mul", ["t", "billion"], "n0"),
            node("Cast", ["n0"], "n", to=INT64),
            *parts,
            node("Sum", [part.output[0] for part in parts], "hs"),
            node("ReduceSum", ["hs"], "s", keepdims=0),
            node("Add", ["f", "s"], "y"),
        ],
        {"billion": np.array([1e9], np.float32)},
    )


def boxes(count: int = 300_000) -> onnx.ModelProto:
    """Suppress none of so many boxes where the image is bright: minutes in one node, which no flag stops."""
    return gated(
        [
            node("Mul", ["t", "many"], "k0"),
            node("Cast", ["k0"], "k", to=INT64),
            node("Range", ["start", "stop", "step"], "r"),
            node("Reshape", ["r", "column"], "a"),
            node("Add", ["a", "onef"], "b"),
            node("Concat", ["a", "a", "b", "b"], "bx", axis=2),
            node("Reshape", ["r", "row"], "sc"),
            node("NonMaxSuppression", ["bx", "sc", "k"], "chosen"),
            node("Cast", ["chosen"], "zf", to=FLOAT),
            node("ReduceSum", ["zf"], "s", keepdims=0),
            node("Add", ["f", "s"], "y"),
        ],
        {
            "many": np.array([1e9], np.float32),
            "start": np.float32(0),
            "stop": np.float32(2 * count),
            "step": np.float32(2),
            "onef": np.array([1], np.float32),
            "column": np.array([1, count, 1]),
            "row": np.array([1, 1, count]),
        },
    )


def product(side: int = 20_000) -> onnx.ModelProto:
    """Multiply two matrices of that side where the image is bright."""
    return gated(
        [
            node("Mul", ["t", "side"], "k0"),
            node("Add", ["k0", "onef"], "k1"),
            node("Cast", ["k1"], "k", to=INT64),
            node("Concat", ["k", "k"], "sh", axis=0),
            node("ConstantOfShape", ["sh"], "A", value=numpy_helper.from_array(np.array([1e-3], np.float32))),
            node("MatMul", ["A", "A"], "B"),
            node("ReduceMax", ["B"], "s", keepdims=0),
            node("Add", ["f", "s"], "y"),
        ],
        {"side": np.array([side - 1], np.float32), "onef": np.array([1], np.float32)},
    )


def loop_of_nothing() -> onnx.ModelProto:
    """Turn for centuries in a body that computes nothing where the image is bright."""
    body = graph(
        [node("Identity", ["go"], "go_on"), node("Identity", ["v"], "v_on")],
        inputs=[("i", INT64, ()), ("go", TensorProto.BOOL, ()), ("v", FLOAT, (1,))],
        outputs=[("go_on", TensorProto.BOOL, ()), ("v_on", FLOAT, (1,))],
    )
    return gated(
        [
            node("Mul", ["t", "many"], "k0"),
            node("Cast", ["k0"], "k1", to=INT64),
            node("Squeeze", ["k1", "axis"], "k"),
            node("Loop", ["k", "true", "t"], "lo", body=body),
            node("Add", ["f", "lo"], "y"),
        ],
        {"many": np.array([9e18], np.float32), "axis": np.array([0]), "true": np.bool_(1)},
    )


def endless() -> onnx.ModelProto:
    """Turn for centuries whatever the image: a first look that runs it never ends."""
    body = graph(
        [node("Identity", ["go"], "go_on"), node("Relu", ["v"], "v_on")],
        inputs=[("i", INT64, ()), ("go", TensorProto.BOOL, ()), ("v", FLOAT, (1, 4))],
        outputs=[("go_on", TensorProto.BOOL, ()), ("v_on", FLOAT, (1, 4))],
    )
    return model(
        [*_HEAD, node("Loop", ["many", "true", "f"], "lo", body=body), node("Relu", ["lo"], "y")],
        weights={**_WEIGHTS, "many": np.array(2**62), "true": np.bool_(1)},
        output=_SCORES,
    )


def chain(nodes: int) -> onnx.ModelProto:
    """Return a small CNN and so many rectifiers behind it."""
    made = small()
    last = "y"
    for number in range(nodes):
        made.graph.node.append(node("Relu", [last], f"v{number}"))
        last = f"v{number}"
    made.graph.output[0].name = last
    return made


STUBBORN: Mapping[str, Callable[[], onnx.ModelProto]] = {
    "boxes": boxes,
    "product": product,
    "loop": loop_of_nothing,
}
"""Those that run for minutes and do not look up meanwhile."""
