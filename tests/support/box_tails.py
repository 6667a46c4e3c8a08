"""Tails of detectors: where boxes, their classes and their confidence stand."""

from __future__ import annotations

import numpy as np
import onnx

from tests.support.graphs import node
from tests.support.tails import SIDE, Arrays, Tail, sigmoid

F = np.float32
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
