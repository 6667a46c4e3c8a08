"""Small networks with random weights that end in every way that outputs are written, and what their numbers mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from tests.support.graphs import model, node

SIDE, WIDTH = 32, 8
CLASSES = 4
Arrays = Mapping[str, np.ndarray]
Numbers = Callable[[Arrays], np.ndarray]


@dataclass
class Tail:
    """The end of a network, and what is right."""

    meaning: str
    nodes: Sequence[onnx.NodeProto]
    outputs: Sequence[str]
    likely: Numbers | None = None
    """From the runtime's outputs to the probabilities of classes, (classes, *places); None where there are none."""
    values: Numbers | None = None
    """To the values, where there are no classes."""
    winner: Callable[[np.ndarray], int] | None = None
    """From the probabilities to the class that answers, where that is not the most probable one."""
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    labels: Sequence[str] | None = None
    metadata: dict[str, str] = field(default_factory=dict)


def network(tail: Tail, *, seed: int, batch: int | str) -> onnx.ModelProto:
    """Return a network of one convolution with a tail."""
    rng = np.random.default_rng(seed)
    weights = {
        "w0": rng.standard_normal((WIDTH, 3, 4, 4)) * 0.3,
        "dense": rng.standard_normal((WIDTH, CLASSES)) * 2,
        "dense2": rng.standard_normal((WIDTH, CLASSES)) * 2,
        "one": rng.standard_normal((WIDTH, 1)),
        "k1": rng.standard_normal((1, WIDTH, 1, 1)),
        "k2": rng.standard_normal((2, WIDTH, 1, 1)),
        "k3": rng.standard_normal((3, WIDTH, 1, 1)),
        "k4": rng.standard_normal((4, WIDTH, 1, 1)),
        "k5": rng.standard_normal((5, WIDTH, 1, 1)),
        "k24": rng.standard_normal((24, WIDTH, 1, 1)),
    }
    nodes = [
        node("Conv", ["x", "w0"], "conv0", strides=[4, 4]),
        node("Relu", ["conv0"], "relu0"),
        node("GlobalAveragePool", ["relu0"], "mean"),
        node("Flatten", ["mean"], "flat"),
        node("Gemm", ["flat", "dense"], "a"),
        node("Gemm", ["flat", "dense2"], "b"),
        *tail.nodes,
    ]
    used = {name for one in nodes for name in one.input}
    arrays = {name: array.astype(np.float32) for name, array in weights.items() if name in used}
    proto = model(
        nodes, shape=(batch, 3, SIDE, SIDE), weights=arrays | tail.weights, outputs=list(tail.outputs)
    )
    made_by = {one.output[0]: one.op_type for one in tail.nodes}
    for output in proto.graph.output:
        kind = _WHOLE.get(made_by[output.name])
        if kind is not None:
            output.type.tensor_type.elem_type = kind
    for key, value in tail.metadata.items():
        proto.metadata_props.add(key=key, value=value)
    return proto


_WHOLE = {"ArgMax": onnx.TensorProto.INT64, "Cast": onnx.TensorProto.UINT8}


def softmax(scores: np.ndarray, axis: int = 0) -> np.ndarray:
    shifted = np.exp(scores.astype(np.float64) - scores.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def sigmoid(scores: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-scores.astype(np.float64)))


def own(name: str, *axes: int) -> Numbers:
    """Return an output's numbers as they are, its axes in another order."""
    return lambda found: found[name][0].transpose(axes) if axes else found[name][0]


def of(function: Callable[..., np.ndarray], name: str) -> Numbers:
    return lambda found: function(found[name][0])


F = np.float32
AXIS1 = {"axis1": np.asarray([1])}
HALF = {"half": F(0.5)}


def vectors() -> dict[str, Tail]:
    """Return tails of a vector of numbers, or one."""

    def classes(*nodes: onnx.NodeProto, likely: Numbers | None = None, **weights: Any) -> Tail:
        kept = {name: np.asarray(value) for name, value in weights.items()}
        return Tail("classes", nodes, ["y"], likely=likely or own("y"), weights=kept)

    def labels(*nodes: onnx.NodeProto, **weights: Any) -> Tail:
        kept = {name: np.asarray(value) for name, value in weights.items()}
        return Tail("labels", nodes, ["y"], likely=own("y"), weights=kept)

    return {
        "scores": Tail(
            "classes", [node("Identity", ["a"], "logits")], ["logits"], likely=of(softmax, "logits")
        ),
        "Softmax": classes(node("Softmax", ["a"], "y", axis=1)),
        "Softmax, clipped": classes(
            node("Softmax", ["a"], "p", axis=1),
            node("Clip", ["p", "low", "high"], "y"),
            low=F(1e-6),
            high=F(1),
        ),
        "Softmax, kept off 0": classes(
            node("Softmax", ["a"], "p", axis=1), node("Add", ["p", "little"], "y"), little=F(1e-9)
        ),
        "Softmax in another order": classes(
            node("Softmax", ["a"], "p", axis=1),
            node("Gather", ["p", "order"], "y", axis=1),
            order=[2, 0, 3, 1],
        ),
        "Softmax, of another shape": classes(
            node("Softmax", ["a"], "p", axis=1),
            node("Unsqueeze", ["p", "axis"], "y"),
            axis=[2],
            likely=lambda found: found["y"][0, :, 0],
        ),
        "Softmax in parts": classes(
            node("Exp", ["a"], "e"),
            node("ReduceSum", ["e", "axis1"], "s", keepdims=1),
            node("Div", ["e", "s"], "y"),
            axis1=[1],
        ),
        "Softmax in parts, shifted": classes(
            node("ReduceMax", ["a"], "m", axes=[1]),
            node("Sub", ["a", "m"], "d"),
            node("Exp", ["d"], "e"),
            node("ReduceSum", ["e", "axis1"], "s", keepdims=1),
            node("Div", ["e", "s"], "y"),
            axis1=[1],
        ),
        "mean of two Softmax": classes(
            node("Softmax", ["a"], "p", axis=1),
            node("Softmax", ["b"], "q", axis=1),
            node("Add", ["p", "q"], "s"),
            node("Mul", ["s", "half"], "y"),
            half=F(0.5),
        ),
        "Mean of two Softmax": classes(
            node("Softmax", ["a"], "p", axis=1),
            node("Softmax", ["b"], "q", axis=1),
            node("Mean", ["p", "q"], "y"),
        ),
        "stacked Softmax, reduced": classes(
            node("Softmax", ["a"], "p", axis=1),
            node("Softmax", ["b"], "q", axis=1),
            node("Unsqueeze", ["p", "axis"], "p1"),
            node("Unsqueeze", ["q", "axis"], "q1"),
            node("Concat", ["p1", "q1"], "both", axis=2),
            node("ReduceMean", ["both"], "y", axes=[2], keepdims=0),
            axis=[2],
        ),
        "LogSoftmax": classes(
            node("LogSoftmax", ["a"], "y", axis=1), likely=lambda found: np.exp(found["y"][0])
        ),
        "Log of Softmax": classes(
            node("Softmax", ["a"], "p", axis=1),
            node("Log", ["p"], "y"),
            likely=lambda found: np.exp(found["y"][0]),
        ),
        "Exp of LogSoftmax": classes(node("LogSoftmax", ["a"], "l", axis=1), node("Exp", ["l"], "y")),
        "by squares": classes(  # no activation that is known: what it gives is measured
            node("Mul", ["a", "a"], "e"),
            node("Abs", ["e"], "e1"),
            node("ReduceSum", ["e1", "axis1"], "s", keepdims=1),
            node("Pow", ["s", "minus"], "r"),
            node("Mul", ["e", "r"], "y"),
            axis1=[1],
            minus=F(-1),
        ),
        "Sigmoid": labels(node("Sigmoid", ["a"], "y")),
        "HardSigmoid": labels(node("HardSigmoid", ["a"], "y", alpha=0.05)),
        "Sigmoid by Exp": labels(
            node("Neg", ["a"], "n"),
            node("Exp", ["n"], "e"),
            node("Add", ["e", "unit"], "s"),
            node("Div", ["unit", "s"], "y"),
            unit=F(1),
        ),
        "Sigmoid by Reciprocal": labels(
            node("Neg", ["a"], "n"),
            node("Exp", ["n"], "e"),
            node("Add", ["unit", "e"], "s"),
            node("Reciprocal", ["s"], "y"),
            unit=F(1),
        ),
        "Sigmoid by Tanh": labels(
            node("Tanh", ["a"], "t"),
            node("Add", ["t", "unit"], "s"),
            node("Mul", ["s", "half"], "y"),
            unit=F(1),
            half=F(0.5),
        ),
        "one Sigmoid": Tail(
            "score",
            [node("Gemm", ["flat", "one"], "o"), node("Sigmoid", ["o"], "y")],
            ["y"],
            likely=own("y"),
        ),
        "one number": Tail("values", [node("Gemm", ["flat", "one"], "y")], ["y"], values=own("y")),
        "one number and two names": Tail(
            "score",
            [node("Gemm", ["flat", "one"], "y")],
            ["y"],
            likely=of(sigmoid, "y"),
            labels=["no", "yes"][:1],
        ),
        "one number without an axis": Tail(
            "values",
            [node("Gemm", ["flat", "one"], "o"), node("Squeeze", ["o", "axis1"], "age")],
            ["age"],
            values=own("age"),
            weights=dict(AXIS1),
        ),
        "a bounded number": Tail(
            "values",
            [node("Gemm", ["flat", "one"], "o"), node("Tanh", ["o"], "steering")],
            ["steering"],
            values=own("steering"),
        ),
        "coordinates of points": Tail(
            "points", [node("Identity", ["a"], "landmarks")], ["landmarks"], values=own("landmarks")
        ),
        "a unit vector": Tail(
            "embedding",
            [node("ReduceL2", ["a"], "n", axes=[1]), node("Div", ["a", "n"], "y")],
            ["y"],
            values=own("y"),
        ),
        "a unit vector by its operator": Tail(
            "embedding", [node("LpNormalization", ["a"], "y", axis=1, p=2)], ["y"], values=own("y")
        ),
        "a unit vector in parts": Tail(
            "embedding",
            [
                node("Mul", ["a", "a"], "s"),
                node("ReduceSum", ["s", "axis1"], "t", keepdims=1),
                node("Sqrt", ["t"], "n"),
                node("Div", ["a", "n"], "y"),
            ],
            ["y"],
            values=own("y"),
            weights=dict(AXIS1),
        ),
        "the most probable class alone": Tail(
            "class_numbers",
            [node("Softmax", ["a"], "p", axis=1), node("ArgMax", ["p"], "y", axis=1, keepdims=0)],
            ["y"],
        ),
    }


def _most_places(likely: np.ndarray) -> int:
    return int(np.bincount(likely.argmax(axis=0).ravel(), minlength=len(likely)).argmax())


def _foreground(likely: np.ndarray) -> int:
    """Return the class other than the first, which is taken for the background."""
    return 1


def maps() -> dict[str, Tail]:
    """Return tails of a map over the image."""
    four = node("Conv", ["relu0", "k4"], "m")
    return {
        "a map of Softmax": Tail(
            "class_map",
            [four, node("Softmax", ["m"], "y", axis=1)],
            ["y"],
            likely=own("y"),
            winner=_most_places,
        ),
        "a map of Softmax, channels last": Tail(
            "class_map",
            [four, node("Transpose", ["m"], "t", perm=[0, 2, 3, 1]), node("Softmax", ["t"], "y", axis=-1)],
            ["y"],
            likely=own("y", 2, 0, 1),
            winner=_most_places,
        ),
        "a map of scores": Tail("class_map", [four], ["m"], likely=of(softmax, "m"), winner=_most_places),
        "a map of scores, enlarged": Tail(
            "class_map",
            [node("Conv", ["relu0", "k5"], "m"), node("Resize", ["m", "", "scales"], "mask", mode="nearest")],
            ["mask"],
            likely=of(softmax, "mask"),
            winner=_most_places,
            weights={"scales": np.asarray([1, 1, 4, 4], F)},
        ),
        "a map of two": Tail(
            "class_map",
            [node("Conv", ["relu0", "k2"], "m"), node("Softmax", ["m"], "y", axis=1)],
            ["y"],
            likely=own("y"),
            winner=_foreground,
        ),
        "a mask": Tail(
            "class_map",
            [node("Conv", ["relu0", "k1"], "m"), node("Sigmoid", ["m"], "y")],
            ["y"],
            likely=own("y"),
        ),
        "a mask of scores": Tail(
            "class_map", [node("Conv", ["relu0", "k1"], "m")], ["m"], likely=of(sigmoid, "m")
        ),
        "a map of class numbers": Tail(
            "class_numbers",
            [four, node("ArgMax", ["m"], "y", axis=1, keepdims=0)],
            ["y"],
            winner=_most_places,
        ),
        "a picture": Tail(
            "picture",
            [
                node("Resize", ["relu0", "", "scales"], "large", mode="nearest"),
                node("Conv", ["large", "k3"], "m"),
                node("Tanh", ["m"], "image"),
            ],
            ["image"],
            values=own("image"),
            weights={"scales": np.asarray([1, 1, 4, 4], F)},
        ),
        "a picture of whole numbers": Tail(
            "picture",
            [
                node("Resize", ["relu0", "", "scales"], "large", mode="nearest"),
                node("Conv", ["large", "k3"], "m"),
                node("Sigmoid", ["m"], "s"),
                node("Mul", ["s", "most"], "scaled"),
                node("Cast", ["scaled"], "y", to=onnx.TensorProto.UINT8),
            ],
            ["y"],
            values=own("y"),
            weights={"scales": np.asarray([1, 1, 4, 4], F), "most": np.asarray(255, F)},
        ),
    }


PLACES = (SIDE // 4) ** 2
NAMES = {"names": str({0: "ape", 1: "bee", 2: "cat"}), "task": "detect"}


def _boxes_nodes(likely: str, count: int, kernel: str) -> list[onnx.NodeProto]:
    """Return (n, 4, …) coordinates "box" and (n, count, …) numbers "cls" of each place, with an activation."""
    return [
        node("Conv", ["relu0", "k4"], "b0"),
        node("Mul", ["b0", "many"], "box"),
        node("Conv", ["relu0", kernel], "c0"),
        *([node(likely, ["c0"], "cls", **({"axis": 1} if likely == "Softmax" else {}))] if likely else []),
    ]


def boxes(batch: int | str) -> dict[str, Tail]:
    """Return tails of detectors."""
    rows = np.asarray([0, -1, PLACES])
    many = {"many": np.asarray(9, F)}
    columns = [node("Concat", ["box", "cls"], "cat", axis=1), node("Reshape", ["cat", "rows"], "y")]
    turned = [node("Transpose", ["y"], "out", perm=[0, 2, 1])]
    flat = {"rows": rows} | many

    def as_rows(name: str, out: str) -> list[onnx.NodeProto]:
        return [
            node("Reshape", [name, "rows"], f"{name}_r"),
            node("Transpose", [f"{name}_r"], out, perm=[0, 2, 1]),
        ]

    def without_background(found: Arrays) -> np.ndarray:
        likely = found["scores"][0].T.copy()
        likely[0] = 0
        return likely

    return {
        "(4 + classes, boxes)": Tail(
            "boxes",
            [*_boxes_nodes("Sigmoid", 3, "k3"), *columns],
            ["y"],
            likely=lambda found: found["y"][0, 4:],
            weights=flat,
            metadata=NAMES,
        ),
        "(4 + classes, boxes), nothing named": Tail(
            "boxes",
            [*_boxes_nodes("Sigmoid", 5, "k5"), *columns],
            ["y"],
            likely=lambda found: found["y"][0, 4:],
            weights=flat,
        ),
        "(boxes, 5 + classes)": Tail(
            "boxes",
            [*_boxes_nodes("Sigmoid", 5, "k5"), *columns, *turned],
            ["out"],
            likely=lambda found: (found["out"][0, :, 4:5] * found["out"][0, :, 5:]).T,
            weights=flat,
        ),
        "(boxes, 5 + classes), names": Tail(
            "boxes",
            [*_boxes_nodes("Sigmoid", 4, "k4"), *columns, *turned],
            ["out"],
            likely=lambda found: (found["out"][0, :, 4:5] * found["out"][0, :, 5:]).T,
            weights=flat,
            labels=["ape", "bee", "cat"],
        ),
        "pairs with a background": Tail(
            "boxes",
            [
                *_boxes_nodes("", 2, "k2"),
                *as_rows("box", "boxes"),
                *as_rows("c0", "raw"),
                node("Softmax", ["raw"], "scores", axis=2),
            ],
            ["boxes", "scores"],
            likely=without_background,
            weights=flat,
        ),
        "pairs by Sigmoid": Tail(
            "boxes",
            [
                *_boxes_nodes("", 3, "k3"),
                *as_rows("box", "bbox"),
                *as_rows("c0", "raw"),
                node("Sigmoid", ["raw"], "scores"),
            ],
            ["bbox", "scores"],
            likely=lambda found: found["scores"][0].T,
            weights=flat,
        ),
        "maps of one box per place": Tail(
            "boxes",
            [
                node("Conv", ["relu0", "k1"], "o0"),
                node("Sigmoid", ["o0"], "o"),
                node("Conv", ["relu0", "k4"], "b0"),
                node("Conv", ["relu0", "k3"], "c0"),
                node("Softmax", ["c0"], "c", axis=1),
                node("Concat", ["o", "b0", "c"], "y", axis=1),
            ],
            ["y"],
            likely=lambda found: found["y"][0, 0] ** 0.6 * found["y"][0, 5:] ** 0.4,
        ),
        "maps of several boxes per place": Tail(
            "boxes",
            [node("Conv", ["relu0", "k24"], "y")],
            ["y"],
            likely=lambda found: (
                sigmoid(found["y"][0].reshape(3, 8, -1)[:, 4:5])
                * sigmoid(found["y"][0].reshape(3, 8, -1)[:, 5:])
            ).transpose(1, 0, 2),
            labels=["ape", "bee", "cat"],
        ),
        "maps apart": Tail(
            "boxes",
            [
                node("Conv", ["relu0", "k4"], "bbox"),
                node("Conv", ["relu0", "k2"], "c"),
                node("Softmax", ["c"], "prob", axis=1),
            ],
            ["bbox", "prob"],
            likely=lambda found: found["prob"][0] * np.asarray([0, 1])[:, None, None],
        ),
        "rows that the graph chose": Tail(
            "boxes",
            [
                *_boxes_nodes("Sigmoid", 3, "k3"),
                node("ReduceMax", ["cls"], "best", axes=[1], keepdims=1),
                node("ArgMax", ["cls"], "number", axis=1, keepdims=1),
                node("Cast", ["number"], "whole", to=onnx.TensorProto.FLOAT),
                node("Concat", ["box", "best", "whole"], "six", axis=1),
                *as_rows("six", "all"),
                node("Gather", ["all", "four"], "s", axis=2),
                node("TopK", ["s", "some"], ["most", "which"], axis=1),
                node("Unsqueeze", ["which", "axis2"], "which1"),
                node("Expand", ["which1", "six_wide"], "which6"),
                node("GatherElements", ["all", "which6"], "y", axis=1),
            ],
            ["y"],
            likely=lambda found: np.where(
                found["y"][0, :, 5] == np.arange(3)[:, None], found["y"][0, :, 4], 0
            ),
            weights=flat
            | {
                "four": np.asarray(4),
                "some": np.asarray([9]),
                "axis2": np.asarray([2]),
                "six_wide": np.asarray([1, 1, 6]),
            },
            labels=["ape", "bee", "cat"],
        ),
        "two scales": Tail(
            "boxes",
            [
                *_boxes_nodes("Sigmoid", 3, "k3"),
                node("MaxPool", ["relu0"], "half", kernel_shape=[2, 2], strides=[2, 2]),
                node("Conv", ["half", "k4"], "b1"),
                node("Conv", ["half", "k3"], "c1"),
                node("Sigmoid", ["c1"], "cls1"),
                node("Concat", ["box", "cls"], "fine", axis=1),
                node("Concat", ["b1", "cls1"], "coarse", axis=1),
                node("Reshape", ["fine", "rows"], "fine_r"),
                node("Reshape", ["coarse", "rows1"], "coarse_r"),
                node("Concat", ["fine_r", "coarse_r"], "y", axis=2),
            ],
            ["y"],
            likely=lambda found: found["y"][0, 4:],
            weights=flat | {"rows1": np.asarray([0, -1, PLACES // 4])},
            labels=["ape", "bee", "cat"],
        ),
    }


def all_tails() -> dict[str, Tail]:
    """Return every tail by name."""
    return vectors() | maps() | boxes("n")
