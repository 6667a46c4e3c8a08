"""Hand-made cases for the numeric checker: what ONNX's own operator tests miss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from tests.support.graphs import model, node
from tests.support.numeric import to_float64
from tests.support.schemas import opsets

_RNG = np.random.default_rng(7)


@dataclass(frozen=True)
class Case:
    """A small float64 model with the input "x", whose last node's output is the source."""

    name: str
    model: onnx.ModelProto
    shape: tuple[int, ...]
    judge: str = "reference"
    """Who computes the difference: the "reference" evaluator, or the "runtime" where that one is wrong."""
    scale: float = 1.0

    def image(self, rng: np.random.Generator) -> np.ndarray:
        """Return values away from 0, no two of them close."""
        size = math.prod(self.shape)
        values = rng.permutation(size).reshape(self.shape) / size + 0.30123
        return self.scale * values * rng.choice([-1.0, 1.0], self.shape)

    @property
    def source(self) -> str:
        return self.model.graph.output[0].name

    @property
    def opset(self) -> int:
        return self.model.opset_import[0].version


def case(
    name: str,
    *nodes: onnx.NodeProto,
    shape: tuple[int, ...] = (2, 3, 6, 5),
    opset: int = 17,
    judge: str = "reference",
    scale: float = 1.0,
    **weights: Any,
) -> Case:
    """Return a case; a weight given as a shape is filled at random, away from 0."""
    arrays = {
        key: _away_from_zero(value) if isinstance(value, tuple) else value for key, value in weights.items()
    }
    proto = model(nodes, shape=shape, weights=arrays, opset=opset)
    return Case(name, to_float64(proto), shape, judge, scale)


def _away_from_zero(shape: tuple[int, ...]) -> np.ndarray:
    return (_RNG.uniform(0.3, 1.5, shape) * _RNG.choice([-1.0, 1.0], shape)).astype(np.float32)


def conv(name: str, w: tuple[int, ...], *, shape: tuple[int, ...] = (2, 3, 9, 8), **attributes: Any) -> Case:
    """Return a case of one Conv."""
    grouped = attributes.get("group", 1) > 1 and (w[1] > 1 or w[0] > attributes["group"])
    judge = "runtime" if grouped else "reference"
    return case(f"conv, {name}", node("Conv", ["x", "w"], "y", **attributes), shape=shape, judge=judge, w=w)


def pooled(
    name: str, *, shape: tuple[int, ...] = (2, 3, 9, 8), opset: int = 17, **attributes: Any
) -> list[Case]:
    """Return cases of one MaxPool and one AveragePool."""
    shared: dict[str, Any] = {"kernel_shape": [3, 3], **attributes}
    judge = "runtime" if attributes.get("auto_pad") == "SAME_LOWER" else "reference"
    return [
        case(
            f"{op_type}, {name}, opset {opset}",
            node(op_type, ["x"], "y", **shared),
            shape=shape,
            opset=opset,
            judge=judge,
        )
        for op_type in ("MaxPool", "AveragePool")
    ]


def ints(*values: int) -> np.ndarray:
    """Return an int64 vector."""
    return np.asarray(values, np.int64)


def scalar(value: float) -> np.ndarray:
    """Return a float32 scalar."""
    return np.asarray(value, np.float32)


_OLD_OPSETS = [
    case("Clip-6, bounds as attributes", node("Clip", ["x"], "y", min=-0.5, max=0.7), opset=10),
    case("Clip-6, upper bound only", node("Clip", ["x"], "y", max=0.7), opset=7),
    case("Pad-2, pads as attribute",
         node("Pad", ["x"], "y", pads=[0, 0, 1, 2, 0, 1, 0, 3]), opset=10, judge="runtime"),
    case("Pad-2, negative", node("Pad", ["x"], "y", pads=[0, 0, -1, 2, 0, 0, 1, -2]), opset=10, judge="runtime"),
    *(
        case(f"{op}-1, axes from {axis} on are one", node(op, ["x"], "y", axis=axis), opset=12, judge="runtime")
        for op in ("Softmax", "LogSoftmax")
        for axis in (1, 2, 3, -1)
    ),
    case("Softmax-1, default axis", node("Softmax", ["x"], "y"), opset=9, judge="runtime"),
    case("LogSoftmax-1, default axis", node("LogSoftmax", ["x"], "y"), opset=9, judge="runtime"),
    case("Softmax-1, the batch too", node("Softmax", ["x"], "y", axis=0), opset=9, judge="runtime"),
    *(case(f"Unsqueeze-{opset} and Squeeze-{opset}", node("Unsqueeze", ["x"], "u", axes=[1, 5]),
           node("Exp", ["u"], "e"), node("Squeeze", ["e"], "y", axes=[1, 5]), opset=opset) for opset in (7, 11)),
    case("Squeeze-1, all of size 1", node("Exp", ["x"], "e"),
         node("Squeeze", ["e"], "y"), shape=(2, 3, 1, 1), opset=11),
    *(
        case(f"{op}-1, axes {axes}, keepdims {keep}",
             node("Exp", ["x"], "e"), node(op, ["e"], "y", axes=axes, keepdims=keep), opset=11)
        for op in ("ReduceMean", "ReduceSum")
        for axes, keep in (([2, 3], 0), ([-1, 1], 1), ([2], 0), ([0, 2], 1))
    ),
    case("ReduceMean-1, all axes", node("ReduceMean", ["x"], "y", keepdims=0), opset=11),
    case("ReduceSum-1, all axes", node("ReduceSum", ["x"], "y"), opset=7),
    case("Dropout-7", node("Dropout", ["x"], "y", ratio=0.3), opset=7),
    case("Gemm-7", node("Gemm", ["x", "w", "c"], "y", transB=1, alpha=0.5, beta=2.0), shape=(4, 5), opset=7,
         w=(6, 5), c=(6,)),
    case("Gemm-9, transposed image", node("Gemm", ["x", "w", "c"], "y", transA=1), shape=(4, 5), opset=9,
         w=(4, 6), c=(5, 1)),
    case("Reshape-5 and Flatten-1", node("Reshape", ["x", "s"], "r"), node("Flatten", ["r"], "y", axis=2), opset=7,
         s=ints(0, 5, 6, -1)),
    *(
        case(f"BatchNormalization, opset {opset}",
             node("BatchNormalization", ["x", "s", "b", "m", "v"], "y", epsilon=0.01),
             opset=opset, judge="runtime" if opset < 14 else "reference", s=(3,), b=(3,), m=(3,),
                  v=np.asarray([0.5, 1.0, 2.0], np.float32))
        for opset in (7, 9, 14, 15)
    ),
    case("BatchNormalization, opset 7, statistics per element",
         node("BatchNormalization", ["x", "s", "b", "m", "v"], "y", spatial=0), opset=7, judge="runtime",
         s=(3, 6, 5), b=(3, 6, 5), m=(3, 6, 5), v=np.linspace(0.5, 2, 90, dtype=np.float32).reshape(3, 6, 5)),
    case("BatchNormalization of vectors", node("BatchNormalization", ["x", "s", "b", "m", "v"], "y"), shape=(2, 3),
         s=(3,), b=(3,), m=(3,), v=np.asarray([0.5, 1.0, 2.0], np.float32)),
]  # fmt: skip

_NEW_OPSETS = [
    case("Clip, lower bound only", node("Clip", ["x", "low"], "y"), low=scalar(-0.5)),
    case("Clip, upper bound only", node("Clip", ["x", "", "high"], "y"), high=scalar(0.5)),
    case("Clip, no bound", node("Clip", ["x"], "y")),
    case("Pad, negative and positive",
         node("Pad", ["x", "p"], "y"), judge="runtime", p=ints(0, 1, -2, 0, 0, -1, 3, -1)),
    case("Pad, the batch too", node("Pad", ["x", "p"], "y"), judge="runtime", p=ints(1, 0, 0, 0, 0, 0, 0, 2)),
    case("Pad-18, chosen axes",
         node("Pad", ["x", "p", "", "a"], "y"), opset=18, judge="runtime", p=ints(1, -1, 2, 0), a=ints(-1, 2)),
    case("Softmax-13, channels", node("Softmax", ["x"], "y", axis=1)),
    case("LogSoftmax-13, last axis by default", node("LogSoftmax", ["x"], "y")),
    case("ReduceMean-18, axes as input", node("Exp", ["x"], "e"),
         node("ReduceMean", ["e", "a"], "y", keepdims=0), opset=18,
         a=ints(2, -1)),
    case("ReduceSum-13, no axes and no reduction",
         node("ReduceSum", ["x", "a"], "y", noop_with_empty_axes=1), a=ints()),
    case("Unsqueeze-13 and Squeeze-13", node("Unsqueeze", ["x", "a"], "u"), node("Exp", ["u"], "e"),
         node("Squeeze", ["e", "a"], "y"), a=ints(2, -1)),
    case("Dropout with its mask", node("Dropout", ["x", "r"], ["y", "mask"]), r=scalar(0.5)),
    *(case(f"Cast up, opset {opset}", node("Cast", ["x"], "c", to=onnx.TensorProto.DOUBLE), node("Exp", ["c"], "y"),
           opset=opset) for opset in opsets("Cast")),
    case("Flatten, axis 3", node("Exp", ["x"], "e"), node("Flatten", ["e"], "y", axis=3)),
    case("Flatten, axis 0", node("Exp", ["x"], "e"), node("Flatten", ["e"], "y", axis=0)),
    case("Reshape that moves the batch", node("Reshape", ["x", "s"], "r"),
         node("Softmax", ["r"], "y"), s=ints(3, 2, -1)),
    case("Reshape with allowzero absent and a 0", node("Reshape", ["x", "s"], "y"), s=ints(0, -1)),
    case("Transpose, default order", node("Exp", ["x"], "e"), node("Transpose", ["e"], "y")),
    case("Transpose to NHWC and a dense layer", node("Transpose", ["x"], "t", perm=[0, 2, 3, 1]),
         node("MatMul", ["t", "w"], "y"),
         w=(3, 4)),
    *(
        case(f"Concat, axis {axis}", node("Exp", ["x"], "e"), node("Concat", ["e", "x", "e"], "y", axis=axis))
        for axis in (0, 1, 2, -1)
    ),
    *(case(f"LRN over {size}",
         node("LRN", ["x"], "y", size=size, alpha=0.9, beta=0.6, bias=1.3), shape=(2, 7, 3, 2), judge="runtime")
      for size in (1, 3, 5)),  # ONNX Runtime refuses even sizes
    case("LRN wider than the channels",
         node("LRN", ["x"], "y", size=9, alpha=0.9), shape=(2, 3, 3, 2), judge="runtime"),
    *(case(f"PRelu, slopes {slope}", node("PRelu", ["x", "a"], "y"), a=slope)
      for slope in ((3, 1, 1), (1,), (1, 3, 1, 1), (6, 5), (3, 6, 5))),
    case("LeakyRelu with a negative slope", node("LeakyRelu", ["x"], "y", alpha=-0.3)),
    case("HardSigmoid", node("HardSigmoid", ["x"], "y", alpha=0.6, beta=0.4)),
    case("HardSwish", node("HardSwish", ["x"], "y"), shape=(2, 40), scale=3.5),
    case("HardSwish by hand", node("Add", ["x", "three"], "a"), node("Clip", ["a", "zero", "six"], "c"),
         node("Mul", ["x", "c"], "m"), node("Div", ["m", "six"], "y"), shape=(2, 40), scale=3.5,
         three=scalar(3), zero=scalar(0), six=scalar(6)),
    case("SiLU by hand", node("Sigmoid", ["x"], "s"), node("Mul", ["x", "s"], "y")),
    case("Elu", node("Elu", ["x"], "y", alpha=1.7)),
    case("GlobalMaxPool, 1-D", node("GlobalMaxPool", ["x"], "y"), shape=(2, 3, 7), judge="runtime"),
    case("GlobalMaxPool, 3-D", node("GlobalMaxPool", ["x"], "y"), shape=(2, 3, 3, 2, 4), judge="runtime"),
    case("GlobalAveragePool, 3-D", node("GlobalAveragePool", ["x"], "y"), shape=(2, 3, 3, 2, 4)),
]  # fmt: skip

_WIRING = [
    case("x twice in one node", node("Mul", ["x", "x"], "y")),
    case("x divided by itself plus one", node("Add", ["x", "one"], "p"), node("Div", ["x", "p"], "y"), one=scalar(9)),
    case("x thrice in one node", node("Sum", ["x", "x", "x"], "s"), node("Exp", ["s"], "y")),
    case("x in three nodes", node("Exp", ["x"], "a"), node("Tanh", ["x"], "b"), node("Mul", ["a", "b"], "c"),
         node("Sub", ["c", "x"], "y")),
    case("a residual block", node("Conv", ["x", "w"], "a", pads=[1, 1, 1, 1]), node("Relu", ["a"], "r"),
         node("Add", ["r", "x"], "s"), node("Relu", ["s"], "y"), w=(3, 3, 3, 3)),
    case("a tensor used twice and thrice", node("Relu", ["x"], "r"), node("Mul", ["r", "r"], "m"),
         node("Concat", ["r", "m", "r"], "y", axis=1)),
    case("a dead end beside the path", node("Relu", ["x"], "y0"), node("Exp", ["y0"], "unused"),
         node("Neg", ["y0"], "y")),
    case("squeeze and excite", node("GlobalAveragePool", ["x"], "g"), node("Conv", ["g", "w"], "f"),
         node("Sigmoid", ["f"], "s"),
         node("Mul", ["x", "s"], "y"), w=(3, 3, 1, 1)),
    case("excite first", node("GlobalAveragePool", ["x"], "g"), node("Sigmoid", ["g"], "s"),
         node("Mul", ["s", "x"], "y")),
    case("standardized by its own statistics", node("ReduceMean", ["x"], "m", axes=[1, 2, 3]),
         node("Sub", ["x", "m"], "d"),
         node("Mul", ["d", "d"], "q"), node("ReduceMean", ["q"], "v", axes=[1, 2, 3]), node("Sqrt", ["v"], "s"),
         node("Div", ["d", "s"], "y")),
    case("divided by a scalar of itself", node("Exp", ["x"], "e"), node("ReduceSum", ["e"], "t", keepdims=0),
         node("Div", ["e", "t"], "y")),
    case("attention", node("Transpose", ["x"], "t", perm=[0, 2, 1]), node("MatMul", ["x", "t"], "q"),
         node("Softmax", ["q"], "p"), node("MatMul", ["p", "x"], "y"), shape=(2, 4, 3)),
    case("a vector times its matrix", node("ReduceMean", ["x"], "r", axes=[0, 1], keepdims=0),
         node("MatMul", ["r", "w"], "y"),
         shape=(2, 3, 4), w=(4, 5)),
    case("a matrix times its vector", node("ReduceMean", ["x"], "r", axes=[0, 1], keepdims=0),
         node("MatMul", ["x", "r"], "y"),
         shape=(2, 3, 4)),
    case("a stack times one matrix, from the left", node("MatMul", ["w", "x"], "y"), shape=(2, 3, 4), w=(5, 3)),
    case("one image against a stack of constants", node("MatMul", ["x", "w"], "y"), shape=(1, 3, 4), w=(3, 4, 2)),
]  # fmt: skip

_BROADCAST = [
    case(f"{op}, {order}, {shape}", node(op, ["x", "w"] if order == "constant right" else ["w", "x"], "y"), w=shape,
         shape=image)
    for op in ("Add", "Sub", "Mul", "Div")
    for order in ("constant right", "constant left")
    for image, shape in [((2, 3, 6, 5), (3, 1, 1)), ((2, 3, 6, 5), ()), ((2, 3, 1, 1), (2, 1, 4, 5)), ((3, 4), (2,
         3, 4)),
                         ((2, 3, 1), (1, 1, 4)), ((1, 4), (3, 4))]
] + [
    case("Sum of three shapes", node("ReduceMean", ["x"], "a", axes=[2, 3]),
         node("ReduceMean", ["x"], "b", axes=[1], keepdims=1),
         node("Sum", ["a", "x", "b"], "s"), node("Exp", ["s"], "y")),
]  # fmt: skip

_CONVOLUTIONS = [
    conv("plain", (4, 3, 3, 3)),
    conv("many channels", (4, 18, 3, 3), shape=(1, 18, 6, 5)),
    conv("many channels, padded and dilated", (4, 18, 3, 3), shape=(1, 18, 9, 8), pads=[1, 0, 2, 1], dilations=[2,
         1]),
    conv("many channels, pads larger than the kernel", (4, 18, 2, 2), shape=(1, 18, 5, 4), pads=[3, 3, 3, 3]),
    conv("1×1", (4, 18, 1, 1), shape=(2, 18, 5, 4)),
    conv("stride 2, sizes that do not fit", (4, 3, 3, 3), strides=[2, 2]),
    conv("stride 2, many channels", (4, 18, 3, 3), shape=(1, 18, 8, 7), strides=[2, 2], pads=[1, 1, 1, 1]),
    conv("stride beyond the kernel", (4, 3, 2, 2), shape=(1, 3, 12, 11), strides=[5, 4]),
    conv("1×1 with stride 3", (4, 3, 1, 1), strides=[3, 3]),
    conv("stride 3 and dilation 2, sizes that do not fit", (4, 3, 2, 2), shape=(1, 3, 13, 11), strides=[3, 3],
         dilations=[2, 2]),
    conv("stride 2 and dilation 3", (4, 3, 2, 2), shape=(1, 3, 13, 12), strides=[2, 2], dilations=[3, 3], pads=[1,
         0, 0, 1]),
    conv("stride 4 along one axis", (4, 3, 2, 2), shape=(1, 3, 13, 12), strides=[4, 1]),
    conv("asymmetric pads", (4, 3, 3, 3), pads=[2, 0, 1, 3]),
    conv("groups", (6, 2, 3, 3), shape=(1, 4, 6, 5), group=2, pads=[1, 1, 1, 1]),
    conv("groups, many channels", (8, 10, 3, 3), shape=(1, 20, 6, 5), group=2, pads=[1, 1, 1, 1]),
    conv("groups, more outputs per group", (12, 1, 3, 3), shape=(1, 4, 6, 5), group=4),
    conv("depthwise", (4, 1, 3, 3), shape=(1, 4, 6, 5), group=4, pads=[1, 1, 1, 1]),
    conv("depthwise, stride 2", (4, 1, 3, 3), shape=(1, 4, 7, 6), group=4, pads=[1, 1, 1, 1], strides=[2, 2]),
    conv("1-D", (4, 3, 3), shape=(2, 3, 10), pads=[1, 2], dilations=[2]),
    conv("1-D, stride 3", (4, 3, 3), shape=(2, 3, 12), strides=[3]),
    conv("3-D", (4, 3, 2, 3, 2), shape=(1, 3, 5, 4, 6), strides=[1, 2, 2], pads=[1, 0, 1, 0, 1, 0]),
    conv("3-D, many channels", (2, 16, 2, 2, 2), shape=(1, 16, 3, 4, 3)),
    conv("VALID", (4, 3, 3, 3), strides=[2, 2], auto_pad="VALID"),
    conv("SAME_UPPER", (4, 3, 4, 3), strides=[2, 3], auto_pad="SAME_UPPER"),
    conv("SAME_LOWER", (4, 3, 4, 3), strides=[2, 3], auto_pad="SAME_LOWER"),
    conv("SAME_UPPER, stride beyond the kernel", (4, 3, 2, 2), strides=[4, 4], auto_pad="SAME_UPPER"),
    conv("SAME_LOWER, stride 1, many channels", (4, 18, 4, 4), shape=(1, 18, 6, 5), auto_pad="SAME_LOWER"),
]  # fmt: skip

_COUNTED: list[tuple[str, dict[str, Any]]] = [
    ("padded", {"pads": [1, 1, 1, 1]}),
    ("SAME", {"auto_pad": "SAME_UPPER"}),
    ("asymmetric", {"pads": [0, 1, 2, 0]}),
]

_POOLINGS = [
    *pooled("plain"),
    *pooled("overlapping", strides=[2, 2]),
    *pooled("stride beyond the kernel", strides=[4, 5]),
    *pooled("padded", strides=[2, 2], pads=[1, 1, 1, 1]),
    *pooled("asymmetric pads", strides=[2, 2], pads=[1, 0, 0, 2]),
    *(c for opset in (10, 12, 17, 22) for c in pooled("ceil_mode", strides=[2, 2], ceil_mode=1, shape=(2, 3, 8,
         10), opset=opset)),
    *pooled("ceil_mode and pads", strides=[2, 2], ceil_mode=1, pads=[1, 1, 1, 1], shape=(2, 3, 8, 11)),
    *pooled("SAME_UPPER", strides=[2, 2], auto_pad="SAME_UPPER"),
    *pooled("SAME_LOWER", strides=[2, 2], auto_pad="SAME_LOWER"),
    *pooled("VALID", strides=[2, 3], auto_pad="VALID"),
    *pooled("1-D", shape=(2, 3, 11), kernel_shape=[3], strides=[2], pads=[1, 1]),
    *pooled("3-D", shape=(1, 2, 5, 4, 6), kernel_shape=[2, 2, 3], strides=[1, 2, 2]),
    *pooled("dilated", opset=19, dilations=[2, 3], shape=(1, 2, 11, 12)),
    *pooled("dilated and padded", opset=19, dilations=[2, 2], pads=[1, 1, 1, 1], shape=(1, 2, 11, 12)),
    *(
        case(f"AveragePool, padding counts, {name}, opset {opset}",
             node("AveragePool", ["x"], "y", kernel_shape=[3, 3], strides=[2, 2], count_include_pad=1, **attributes),
             shape=(1, 2, 8, 10), opset=opset)
        for opset in (10, 17, 19)
        for name, attributes in _COUNTED
    ),
    *(
        case(f"AveragePool, {name}, opset {opset}",
             node("AveragePool", ["x"], "y", ceil_mode=1, count_include_pad=counted, **attributes),
             shape=(2, 3, 5, 4), opset=opset, judge="runtime")
        for opset in (11, 18, 22)
        for name, counted, attributes in [
            ("a window larger than the map", 1, {"kernel_shape": [1280, 1280], "strides": [1280, 1280]}),
            ("a window higher than the map", 0, {"kernel_shape": [50, 2], "strides": [50, 2]}),
            ("a padded window larger than the map", 0, {"kernel_shape": [9, 3], "strides": [9, 2],
                                                         "pads": [2, 1, 3, 1]}),
        ]
    ),
    case("LpPool, a window larger than the map",
         node("LpPool", ["x"], "y", kernel_shape=[1280, 1280], strides=[1280, 1280], ceil_mode=1, p=2),
         shape=(2, 3, 5, 4), opset=18, judge="runtime"),
    case("MaxPool of opset 7", node("MaxPool", ["x"], "y", kernel_shape=[2, 2], strides=[2, 2]), opset=7),
    case("MaxPool, column-major indices", node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2, 2], storage_order=1)),
    case("two poolings in a row", node("MaxPool", ["x"], "a", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
         node("Exp", ["a"], "e"), node("MaxPool", ["e"], "y", kernel_shape=[2, 2])),
]  # fmt: skip

CASES: tuple[Case, ...] = (
    *_OLD_OPSETS,
    *_NEW_OPSETS,
    *_WIRING,
    *_BROADCAST,
    *_CONVOLUTIONS,
    *_POOLINGS,
)
