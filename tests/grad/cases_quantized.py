"""Small quantized models: every operator that makes, takes or gives codes; scales per tensor, axis and block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.support.graphs import node
from tests.support.schemas import opsets

MICROSOFT = "com.microsoft"


@dataclass(frozen=True)
class QuantizedCase:
    """A float32 model from "x" to "y" with codes in between; `lattice` is the step of x on which nothing is rounded."""

    name: str
    model: onnx.ModelProto
    shape: tuple[int, ...]
    lattice: float | None = None

    def image(self, rng: np.random.Generator) -> np.ndarray:
        """Return values of either sign; on the lattice, if there is one."""
        if self.lattice is None:
            return rng.uniform(-4, 4, self.shape).astype(np.float32)
        return (self.lattice * rng.integers(-3, 4, self.shape)).astype(np.float32)


def quantized(
    name: str,
    *nodes: onnx.NodeProto,
    shape: tuple[int, ...] = (2, 3, 6, 5),
    opset: int = 17,
    lattice: float | None = None,
    **constants: np.ndarray,
) -> QuantizedCase:
    """Return a case; the last node's output is "y"."""
    graph = helper.make_graph(
        list(nodes),
        "quantized",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(array), key) for key, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)]
    return QuantizedCase(name, helper.make_model(graph, opset_imports=opsets, ir_version=10), shape, lattice)


def f32(*values: float) -> np.ndarray:
    """Return a float32 scalar, or a vector."""
    return np.asarray(values[0] if len(values) == 1 else values, np.float32)


def u8(*values: int) -> np.ndarray:
    return np.asarray(values[0] if len(values) == 1 else values, np.uint8)


def i8(*values: int) -> np.ndarray:
    return np.asarray(values[0] if len(values) == 1 else values, np.int8)


def weights(*shape: int, dtype: type = np.int8, low: int = -2, high: int = 3) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(low, high, shape).astype(dtype)


def on(
    op_type: str, inputs: str, output: str, *, domain: str = MICROSOFT, **attributes: Any
) -> onnx.NodeProto:
    """Return a node; its inputs are the words of a line, "-" for one that is left out."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return node(op_type, names, output, domain=domain, **attributes)


def std(op_type: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return on(op_type, inputs, output, domain="", **attributes)


X: dict[str, Any] = {"xs": f32(0.5), "xz": u8(120)}
"""Half steps, from −60 to 67.5."""
Y = {"ys": f32(0.25), "yz": u8(128)}
Q = std("QuantizeLinear", "x xs xz", "q")
END = std("DequantizeLinear", "qy ys yz", "y")
MORE = [std("DequantizeLinear", "qy ys yz", "ry"), std("Mul", "ry two", "y")]
"""An end behind which the codes are no output of the model, so that saturation stops the signal."""
TWO: dict[str, Any] = {"two": f32(2.0)}
ALL = X | Y | TWO
ON_WEIGHTS, ON_CODES = "q xs xz w ws wz ys yz", "q xs xz ys yz"
TO_FLOAT = std("Cast", "i", "f", to=TensorProto.FLOAT)
SECOND = std("QuantizeLinear", "x bs bz", "qb")
B: dict[str, Any] = {"bs": f32(0.25), "bz": u8(100)}


def _pair(name: str, *, opset: int, shape: tuple[int, ...] = (2, 3, 6, 5), zero: np.ndarray | None, scale: np.ndarray,
          domain: str = "", **attributes: Any) -> QuantizedCase:  # fmt: skip
    parameters: dict[str, Any] = {"s": scale} if zero is None else {"s": scale, "z": zero}
    inputs = " ".join(parameters)
    return quantized(
        name, on("QuantizeLinear", f"x {inputs}", "qy", domain=domain, **attributes),
        on("DequantizeLinear", f"qy {inputs}", "ry", domain=domain, **attributes), std("Mul", "ry two", "y"),
        shape=shape, opset=opset, **parameters, **TWO,
    )  # fmt: skip


def int4(*values: int) -> np.ndarray:
    return np.asarray(values[0] if len(values) == 1 else values, ml_dtypes.int4)


PAIRS = [
    *(_pair(f"pair, opset {n}", opset=n, zero=u8(3), scale=f32(0.02)) for n in opsets("QuantizeLinear")),
    _pair("pair of int8", opset=13, zero=i8(-100), scale=f32(0.02)),
    _pair("pair without a zero point", opset=13, zero=None, scale=f32(0.01)),
    _pair("pair per axis", opset=13, zero=i8(0, 5, -128), scale=f32(0.02, 0.01, 0.03), axis=1),
    _pair("pair per first axis", opset=13, zero=i8(0, -128), scale=f32(0.02, 0.01), axis=0),
    _pair("pair per last axis", opset=13, zero=i8(0, 5, -128, 7, 1), scale=f32(0.02, 0.01, 0.03, 0.05, 0.02), axis=-1),
    _pair("pair of int16", opset=21, zero=np.asarray(-32768, np.int16), scale=f32(1e-4)),
    _pair("pair of uint16", opset=21, zero=np.asarray(20000, np.uint16), scale=f32(1e-4)),
    _pair("pair of int4", opset=21, zero=int4(0), scale=f32(0.4)),
    _pair("pair in blocks", opset=21, shape=(2, 4, 3), zero=np.zeros((2, 2, 3), np.int8),
          scale=np.random.default_rng(0).uniform(0.01, 0.05, (2, 2, 3)).astype(np.float32), axis=1, block_size=2),
    _pair("pair in blocks, the last one cut", opset=21, shape=(2, 5, 3), zero=np.zeros((2, 3, 3), np.int8),
          scale=np.random.default_rng(0).uniform(0.01, 0.05, (2, 3, 3)).astype(np.float32), axis=1, block_size=2),
    _pair("pair of Microsoft's", opset=17, zero=u8(3), scale=f32(0.02), domain=MICROSOFT),
]  # fmt: skip

_CONV: dict[str, Any] = {"w": weights(4, 3, 3, 3), "ws": f32(0.5, 1.0, 0.5, 0.5), "wz": i8(0, 1, 0, -1)}

OPERATORS = [
    quantized("pair per axis with a computed scale",
              std("Mul", "half two", "s"), std("QuantizeLinear", "x s z", "q"),
              std("DequantizeLinear", "q s z", "d"), std("Mul", "d two", "y"), half=f32(0.01, 0.005, 0.02),
              z=i8(0, 5, -128), **TWO),
    quantized("QDQ around Conv", Q, std("DequantizeLinear", "q xs xz", "dx"),
              std("DequantizeLinear", "w ws wz", "dw", axis=0),
              std("Conv", "dx dw", "c", pads=[1, 1, 1, 1]), std("QuantizeLinear", "c ys yz", "qy"), *MORE,
              lattice=0.5, **ALL, **_CONV),
    quantized("QLinearConv", Q, std("QLinearConv", ON_WEIGHTS, "qy", pads=[1, 1, 1, 1], strides=[2, 2]), *MORE,
              lattice=0.5, **ALL, **_CONV),
    quantized("QLinearConv with ReLU in its saturation",
              Q, std("QLinearConv", "q xs xz w ws wz ys yz bias", "qy", pads=[1, 0, 0, 1]), *MORE,
              **X, **TWO, **_CONV, ys=f32(0.03), yz=u8(0), bias=np.asarray([3, -2, 0, 5], np.int32)),
    quantized("QLinearConv in groups", Q, std("QLinearConv", ON_WEIGHTS, "qy", group=3, auto_pad="SAME_UPPER"), *MORE,
              lattice=0.5, **ALL, w=weights(3, 1, 3, 3), ws=f32(0.5), wz=i8(0)),
    quantized("QLinearConv of Microsoft's", Q, on("QLinearConv", ON_WEIGHTS, "qy", pads=[1, 1, 1, 1]), *MORE,
              lattice=0.5, **ALL, **_CONV),
    *(quantized(f"QLinearMatMul, opset {opset}", Q, std("QLinearMatMul", ON_WEIGHTS, "qy"), *MORE,
                opset=opset, lattice=0.5, **ALL, w=weights(5, 4), ws=f32(0.5), wz=i8(1))
      for opset in opsets("QLinearMatMul")),
    quantized("QLinearMatMul per column", Q, std("QLinearMatMul", ON_WEIGHTS, "qy"), *MORE, shape=(2, 5),
              lattice=0.5, **ALL, w=weights(5, 3), ws=f32(0.5, 1, 0.5), wz=i8(1, 0, 0)),
    quantized("ConvInteger", Q, std("ConvInteger", "q w xz wz", "i", pads=[1, 1, 0, 0]), TO_FLOAT,
              std("Mul", "f ws", "y"), lattice=0.5, **X, w=weights(4, 3, 2, 2, dtype=np.uint8, low=0, high=6),
              ws=f32(0.125), wz=u8(3)),
    quantized("MatMulInteger", Q, std("MatMulInteger", "q w xz wz", "i"), TO_FLOAT,
              std("Mul", "f ws", "y"), shape=(2, 5), lattice=0.5, **X, w=weights(5, 3), ws=f32(0.5), wz=i8(1, 0, 2)),
    quantized("dynamic quantization", node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
              std("ConvInteger", "q w z wz", "i", pads=[1, 1, 0, 0]), TO_FLOAT, std("Mul", "s ws", "scales"),
              std("Mul", "f scales", "y"), w=weights(4, 3, 2, 2), ws=f32(0.5, 1, 0.25, 0.5).reshape(4, 1, 1), wz=i8(1)),
    quantized("QGemm", std("Flatten", "x", "flat"), std("QuantizeLinear", "flat xs xz", "q"),
              on("QGemm", "q xs xz w ws wz bias ys yz", "qy", transB=1, alpha=1.0), *MORE, shape=(2, 3, 2),
              lattice=0.5, **ALL, w=weights(4, 6), ws=f32(0.5, 1, 0.5, 0.5), wz=i8(0, 0, 1, 0),
              bias=np.asarray([4, 0, 2, -3], np.int32)),
    quantized("QGemm to floats", Q, on("QGemm", "q xs xz w ws wz", "y", alpha=2.0), shape=(2, 6), lattice=0.5,
              **X, w=weights(6, 4), ws=f32(0.5), wz=i8(0)),
    quantized("QLinearAdd", Q, SECOND, on("QLinearAdd", "q xs xz qb bs bz ys yz", "qy"), *MORE,
              lattice=0.5, **ALL, **B),
    quantized("QLinearAdd of a constant", Q, on("QLinearAdd", "q xs xz c cs cz ys yz", "qy"), *MORE,
              lattice=0.5, **ALL, c=weights(3, 1, 1, dtype=np.uint8, low=0, high=9), cs=f32(0.25), cz=u8(4)),
    quantized("QLinearAdd, saturating", Q, SECOND, on("QLinearAdd", "q xs xz qb bs bz ys yz", "qy"),
              *MORE, **X, **TWO, ys=f32(0.02), yz=u8(0), **B),
    quantized("QLinearMul by a constant", Q, on("QLinearMul", "q xs xz c cs cz ys yz", "qy"), *MORE,
              lattice=0.5, **ALL, c=weights(3, 1, 1, dtype=np.uint8, low=0, high=9), cs=f32(0.5), cz=u8(4)),
    quantized("QLinearConcat", Q, SECOND,
              on("QLinearConcat", "ys yz q xs xz qb bs bz", "qy", axis=1), *MORE, lattice=0.5, **ALL, **B),
    quantized("QLinearAveragePool", Q, on("QLinearAveragePool", ON_CODES, "qy", kernel_shape=[2, 2], pads=[0, 0, 1, 1],
                                          count_include_pad=1), *MORE, **ALL),
    quantized("QLinearGlobalAveragePool", Q, on("QLinearGlobalAveragePool", ON_CODES, "qy"), *MORE, **ALL),
    quantized("QLinearWhere", Q, SECOND, on("QLinearWhere", "c q xs xz qb bs bz ys yz", "qy"), *MORE, lattice=0.5,
              **ALL, **B, c=np.asarray([[True], [False], [True], [True], [False], [True]])),
    quantized("QLinearWhere of a constant", Q, on("QLinearWhere", "c q xs xz k bs bz ys yz", "qy"), *MORE,
              lattice=0.5, **ALL, **B, c=np.asarray([True, False, True, True, False]), k=u8(101)),
    quantized("codes that are moved", Q, std("Transpose", "q", "t", perm=[0, 2, 3, 1]), std("Reshape", "t to", "r"),
              std("DequantizeLinear", "r xs xz", "y"), **X, to=np.asarray([0, -1], np.int64)),
    quantized("codes that are pooled", Q, std("MaxPool", "q", "p", kernel_shape=[2, 2], strides=[2, 2]),
              std("DequantizeLinear", "p xs xz", "y"), **X),
    quantized("MatMulIntegerToFloat", Q, on("MatMulIntegerToFloat", "q w xs ws xz wz", "y"), shape=(2, 5), **X,
              w=weights(5, 3), ws=f32(0.5, 1, 0.25), wz=i8(0, 1, 0)),
    quantized("DynamicQuantizeMatMul", on("DynamicQuantizeMatMul", "x w ws wz", "y"), shape=(2, 5), w=weights(5, 3),
              ws=f32(0.5, 1, 0.25), wz=i8(0, 1, 0)),
]  # fmt: skip

LINEAR_CASES = [*PAIRS, *OPERATORS]


def curved(name: str, *nodes: onnx.NodeProto, **constants: Any) -> QuantizedCase:
    start = std("QuantizeLinear", "x xs xz", "q")
    end = [std("DequantizeLinear", "qy ys yz", "ry"), std("Mul", "ry one", "y")]
    return quantized(
        name, start, *nodes, *end, shape=(2, 4), one=f32(1), **(X | {"xs": f32(0.05)}), **constants
    )


UNIT: dict[str, Any] = {"ys": f32(1 / 256), "yz": u8(0)}
WIDE: dict[str, Any] = {"ys": f32(0.2), "yz": u8(128)}
CURVED = [
    curved("Sigmoid", on("QLinearSigmoid", "q xs xz ys yz", "qy"), **UNIT),
    curved("Softmax", on("QLinearSoftmax", "q xs xz ys yz", "qy", axis=-1, opset=13), **UNIT),
    curved("LeakyRelu", on("QLinearLeakyRelu", "q xs xz ys yz", "qy", alpha=0.25), **WIDE),
    curved("Mul", on("QLinearMul", "q xs xz q xs xz ys yz", "qy"), **WIDE),
    curved("MatMul", std("Transpose", "q", "t", perm=[1, 0]), std("QLinearMatMul", "q xs xz t xs xz ys yz", "qy"),
           ys=f32(0.5), yz=u8(128)),
]  # fmt: skip
"""Operators that are not linear, between dequantized values."""
