"""Receptive fields of operators on codes: those of the float twin, and the pixels that change a unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from inspector.model.read import read_model
from inspector.operators.domains import MICROSOFT
from inspector.operators.twins import TWINS
from tests.model.test_receptive_field import check_bounds, check_windows
from tests.support.graphs import model, node

SHAPE = (1, 3, 20, 17)
RANDOM = np.random.default_rng(0)


def codes(*shape: int) -> np.ndarray:
    return RANDOM.integers(1, 20, shape).astype(np.uint8)


PARAMETERS: dict[str, np.ndarray | np.generic] = {
    "s": np.float32(0.01),
    "z": np.uint8(0),
    "ws": np.float32(0.01),
    "wz": np.uint8(0),
    "qw": codes(3, 3, 3, 3),
    "q2": codes(3, 3, 2, 2),
    "qm": codes(3, 4),
    "qd": codes(3 * 9 * 8, 4),
    "qk": codes(1, 3, 4, 8),
    "yes": np.ones((1, 1, 1, 8), bool),
}
FLOATS: dict[str, np.ndarray | np.generic] = {
    f"f{name[1:]}": PARAMETERS[name].astype(np.float32) for name in ("qw", "q2", "qm", "qd", "qk")
}


def ms(op_type: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    names = ["" if name == "-" else name for name in inputs.split()]
    return node(op_type, names, output, domain=MICROSOFT, **attributes)


def std(op_type: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return node(op_type, inputs.split(), output, **attributes)


@dataclass(frozen=True)
class Pair:
    """The end of a network on codes and of its float twin; both read two maps "a" and "b" of 9 by 8, and give "c"."""

    on_codes: list[onnx.NodeProto]
    as_floats: list[onnx.NodeProto]
    gives_codes: bool = True
    runs: bool = True
    """Whether ONNX Runtime has a kernel for it."""
    is_exact: bool = True
    """Whether every pixel of a window changes a unit, whatever the other pixels are and codes are rounded to."""
    float_opset: int = 13
    layers: list[str] = field(default_factory=lambda: ["a", "b", "c", "d"])


HEAD = [
    std("QuantizeLinear", "x s z", "q"),
    std("QLinearConv", "q s z qw ws wz s z", "a", strides=[2, 2], kernel_shape=[3, 3]),
    std("QLinearConv", "q s z q2 ws wz s z", "b", strides=[2, 2], pads=[0, 0, 0, 0], dilations=[2, 1]),
]
FLOAT_HEAD = [
    std("Conv", "x fw", "a", strides=[2, 2]),
    std("Conv", "x f2", "b", strides=[2, 2], dilations=[2, 1]),
]
NEXT = std("QLinearConv", "c s z q2 ws wz s z", "d", pads=[1, 0, 0, 1])
FLOAT_NEXT = std("Conv", "c f2", "d", pads=[1, 0, 0, 1])
LAST = std("Transpose", "a", "last", perm=[0, 2, 3, 1])
FLATTEN = std("Flatten", "a", "flat")
FLAT = ["a", "flat", "c"]


def concat(axis: int) -> Pair:
    return Pair(
        [ms("QLinearConcat", "s z a s z b s z", "c", axis=axis)], [std("Concat", "a b", "c", axis=axis)]
    )


PAIRS = {
    "QLinearConcat of channels": Pair(
        [
            ms("QLinearConcat", "s z a s z b s z", "e", axis=1),
            ms("QLinearAveragePool", "e s z s z", "c", kernel_shape=[2, 3]),
        ],
        [std("Concat", "a b", "e", axis=1), std("AveragePool", "e", "c", kernel_shape=[2, 3])],
        layers=["a", "b", "e", "c"],
    ),
    "QLinearConcat of rows": concat(2),
    "QLinearConcat of columns": concat(-1),
    "QLinearConcat with a constant": Pair(
        [ms("QLinearConcat", "s z qk s z a s z", "c", axis=2)], [std("Concat", "fk a", "c", axis=2)]
    ),
    "QLinearAdd": Pair([ms("QLinearAdd", "a s z b s z s z", "c")], [std("Add", "a b", "c")]),
    "QLinearMul": Pair([ms("QLinearMul", "a s z b s z s z", "c")], [std("Mul", "a b", "c")], is_exact=False),
    "QLinearWhere": Pair([ms("QLinearWhere", "yes a s z b s z s z", "c")], [std("Where", "yes a b", "c")]),
    "QLinearAveragePool": Pair(
        [ms("QLinearAveragePool", "a s z s z", "c", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 0, 1])],
        [std("AveragePool", "a", "c", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 0, 1])],
    ),
    "QLinearGlobalAveragePool": Pair(
        [ms("QLinearGlobalAveragePool", "a s z s z", "c")], [std("GlobalAveragePool", "a", "c")]
    ),
    "QLinearReduceMean": Pair(
        [ms("QLinearReduceMean", "a s z s z", "c", axes=[2], keepdims=1)],
        [std("ReduceMean", "a", "c", axes=[2], keepdims=1)],
        runs=False,
    ),
    "QLinearLeakyRelu": Pair(
        [ms("QLinearLeakyRelu", "a s z s z", "c", alpha=0.1)], [std("LeakyRelu", "a", "c", alpha=0.1)]
    ),
    "QLinearSigmoid": Pair([ms("QLinearSigmoid", "a s z ws z", "c")], [std("Sigmoid", "a", "c")]),
    "QLinearSoftmax over columns": Pair(
        [ms("QLinearSoftmax", "a s z ws z", "c", axis=3, opset=13)],
        [std("Softmax", "a", "c", axis=3)],
        is_exact=False,
    ),
    "QLinearSoftmax over channels": Pair(
        [ms("QLinearSoftmax", "a s z ws z", "c", axis=1, opset=13)],
        [std("Softmax", "a", "c", axis=1)],
        is_exact=False,
    ),
    "QLinearSoftmax from the rows on": Pair(
        [ms("QLinearSoftmax", "a s z ws z", "c", axis=2, opset=11)],
        [std("Softmax", "a", "c", axis=2)],
        is_exact=False,
        float_opset=11,
    ),
    "QLinearMatMul": Pair(
        [LAST, std("QLinearMatMul", "last s z qm ws wz s z", "c")],
        [LAST, std("MatMul", "last fm", "c")],
        layers=["a", "c"],
    ),
    "QGemm": Pair(
        [FLATTEN, ms("QGemm", "flat s z qd ws wz - s z", "c")],
        [FLATTEN, std("Gemm", "flat fd", "c")],
        layers=FLAT,
    ),
    "ConvInteger": Pair(
        [
            std("ConvInteger", "a qw z wz", "i", pads=[1, 1, 0, 0]),
            std("Cast", "i", "c", to=TensorProto.FLOAT),
        ],
        [std("Conv", "a fw", "c", pads=[1, 1, 0, 0])],
        gives_codes=False,
    ),
    "MatMulInteger": Pair(
        [LAST, std("MatMulInteger", "last qm z wz", "i"), std("Cast", "i", "c", to=TensorProto.FLOAT)],
        [LAST, std("MatMul", "last fm", "c")],
        layers=["a", "c"],
        gives_codes=False,
    ),
    "dynamic quantization": Pair(
        [
            std("DequantizeLinear", "a s z", "e"),
            node("DynamicQuantizeLinear", ["e"], ["dq", "ds", "dz"]),
            std("ConvInteger", "dq qw dz wz", "i", strides=[2, 1]),
            std("Cast", "i", "j", to=TensorProto.FLOAT),
            std("Mul", "ds ws", "scale"),
            std("Mul", "j scale", "c"),
        ],
        [std("Conv", "a fw", "c", strides=[2, 1])],
        gives_codes=False,
    ),
    "DynamicQuantizeMatMul": Pair(
        [LAST, std("DequantizeLinear", "last s z", "e"), ms("DynamicQuantizeMatMul", "e qm ws wz", "c")],
        [LAST, std("MatMul", "last fm", "c")],
        layers=["a", "c"],
        gives_codes=False,
    ),
    "MatMulIntegerToFloat": Pair(
        [LAST, ms("MatMulIntegerToFloat", "last qm s ws z wz", "c")],
        [LAST, std("MatMul", "last fm", "c")],
        layers=["a", "c"],
        gives_codes=False,
    ),
    "NhwcMaxPool": Pair(
        [
            std("Transpose", "a", "e", perm=[0, 2, 3, 1]),
            ms("NhwcMaxPool", "e", "h", kernel_shape=[2, 3], strides=[2, 1]),
            std("Transpose", "h", "c", perm=[0, 3, 1, 2]),
        ],
        [std("MaxPool", "a", "c", kernel_shape=[2, 3], strides=[2, 1])],
    ),
    "QLinearConv, channels last": Pair(
        [
            std("Transpose", "a", "e", perm=[0, 2, 3, 1]),
            ms(
                "QLinearConv",
                "e s z qw ws wz s z",
                "h",
                channels_last=1,
                kernel_shape=[3, 3],
                pads=[1, 1, 0, 0],
            ),
            std("Transpose", "h", "c", perm=[0, 3, 1, 2]),
        ],
        [std("Conv", "a fw", "c", pads=[1, 1, 0, 0])],
    ),
    "MaxPool and moves of codes": Pair(
        [
            std("MaxPool", "a", "e", kernel_shape=[2, 2]),
            std("Pad", "e pads", "h"),
            std("Transpose", "h", "k", perm=[0, 1, 3, 2]),
            std("Transpose", "k", "c", perm=[0, 1, 3, 2]),
        ],
        [std("MaxPool", "a", "e", kernel_shape=[2, 2]), std("Pad", "e pads", "c")],
    ),
}


def build(pair: Pair, *, on_codes: bool) -> onnx.ModelProto:
    """Return one of the two models, with a last layer behind the end where its rank is 4."""
    if on_codes:
        nodes, weights = [*HEAD, *pair.on_codes], PARAMETERS
    else:
        nodes, weights = [*FLOAT_HEAD, *pair.as_floats], FLOATS | {"yes": PARAMETERS["yes"]}
    if "d" in pair.layers:
        if on_codes and not pair.gives_codes:
            nodes.append(std("QuantizeLinear", "c s z", "cq"))
            nodes.append(std("QLinearConv", "cq s z q2 ws wz s z", "d", pads=[1, 0, 0, 1]))
        else:
            nodes.append(NEXT if on_codes else FLOAT_NEXT)
    used = {name for each in nodes for name in each.input}
    known = {name: array for name, array in weights.items() if name in used}
    if "pads" in used:
        known["pads"] = np.array([0, 0, 1, 0, 0, 0, 0, 2])
    if on_codes and nodes[-1].output[0] in ("c", "d") and (pair.gives_codes or "d" in pair.layers):
        nodes.append(std("DequantizeLinear", f"{nodes[-1].output[0]} s z", "end"))
        known |= {"s": PARAMETERS["s"], "z": PARAMETERS["z"]}
    proto = model(nodes, shape=SHAPE, weights=known, opset=13 if on_codes else pair.float_opset)
    proto.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    return proto


@pytest.mark.parametrize("name", PAIRS)
def test_fields_are_those_of_the_float_twin(name: str) -> None:
    pair = PAIRS[name]
    on_codes = read_model(build(pair, on_codes=True).SerializeToString())
    as_floats = read_model(build(pair, on_codes=False).SerializeToString())

    for output in pair.layers:
        found, wanted = on_codes.layer(output), as_floats.layer(output)
        assert (found.channel_axis, found.channels) == (wanted.channel_axis, wanted.channels), output
        assert found.receptive_field == wanted.receptive_field, output


@pytest.mark.parametrize("name", [name for name, pair in PAIRS.items() if pair.runs and pair.is_exact])
def test_windows_are_the_pixels_that_change_a_code(name: str) -> None:
    assert check_windows(build(PAIRS[name], on_codes=True), SHAPE, skip=("scale", "k"))


@pytest.mark.parametrize("name", [name for name, pair in PAIRS.items() if pair.runs and not pair.is_exact])
def test_no_pixel_outside_a_window_changes_a_code(name: str) -> None:
    check_bounds(build(PAIRS[name], on_codes=True), SHAPE)


def test_every_twin_is_among_the_pairs() -> None:
    used = {(each.domain, each.op_type) for pair in PAIRS.values() for each in (*HEAD, *pair.on_codes)}

    assert set(TWINS) <= used
