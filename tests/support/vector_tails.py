"""Tails of vectors, of maps, and of what is chosen among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from tests.support.graphs import node
from tests.support.tails import Numbers, Tail, of, own, sigmoid, softmax

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
