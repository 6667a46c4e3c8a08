"""What ONNX Runtime's optimizer fused is opened: the runtime sees no difference, and activations are rectifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

import inspector
from inspector.errors import UnsupportedOperatorError
from inspector.grad.policies.rectifiers import find_rectifiers
from inspector.model.read import read_model
from tests.support.as_exported import same_as_the_runtime
from tests.support.graphs import model, node
from tests.support.sessions import plain_session

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 3, 6, 5)).astype(np.float32)


def drawn(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


WEIGHTS = {
    "w": drawn(4, 3, 3, 3), "b": drawn(4), "k": drawn(90, 7) / 9, "kt": drawn(7, 90) / 9,
    "v": drawn(1, 3, 6, 4), "matrix": drawn(4, 5), "last": drawn(5), "beta": drawn(5), "bias": drawn(5), "c": drawn(7),
}  # fmt: skip


def fused(op_type: str, inputs: list[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return node(op_type, inputs, output, domain="com.microsoft", **attributes)


def of(*nodes: onnx.NodeProto, opset: int = 17) -> onnx.ModelProto:
    proto = model(
        [*nodes, node("Identity", [nodes[-1].output[0]], "y")],
        shape=("n", 3, 6, 5),
        weights=WEIGHTS,
        opset=opset,
    )
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return proto


FLAT = node("Flatten", ["x"], "flat")
CASES = {
    "FusedConv, Relu": of(fused("FusedConv", ["x", "w", "b"], "f", activation="Relu", kernel_shape=[3, 3])),
    "FusedConv, sum": of(
        node("Conv", ["x", "w"], "i"), fused("FusedConv", ["x", "w", "b", "i"], "f", activation="Relu")
    ),
    "FusedConv, no bias": of(fused("FusedConv", ["x", "w"], "f", activation="Tanh", pads=[1, 1, 1, 1])),
    "FusedConv, LeakyRelu": of(
        fused("FusedConv", ["x", "w", "b"], "f", activation="LeakyRelu", activation_params=[0.3])
    ),
    **{
        f"FusedConv, Clip, opset {opset}": of(
            fused("FusedConv", ["x", "w", "b"], "f", activation="Clip", activation_params=[-1.0, 2.0]), opset=opset
        )
        for opset in (10, 17)
    },
    "FusedGemm": of(FLAT, fused("FusedGemm", ["flat", "kt", "c"], "f", transB=1, activation="Tanh", alpha=0.3)),
    "FusedGemm, LeakyRelu": of(
        FLAT, fused("FusedGemm", ["flat", "k", "c"], "f", activation="LeakyRelu", activation_alpha=0.2)
    ),
    "FusedMatMul": of(fused("FusedMatMul", ["x", "v"], "f", transA=1, alpha=0.5)),
    "FusedMatMul, plain": of(FLAT, fused("FusedMatMul", ["flat", "k"], "f", alpha=2.0)),
    "FusedMatMul, a weight transposed": of(fused("FusedMatMul", ["x", "matrix"], "f", transB=1)),
    "Gelu": of(fused("Gelu", ["x"], "f")),
    "BiasGelu": of(fused("BiasGelu", ["x", "bias"], "f")),
    "FastGelu": of(fused("FastGelu", ["x"], "f")),
    "FastGelu with a bias": of(fused("FastGelu", ["x", "bias"], "f")),
    "QuickGelu": of(fused("QuickGelu", ["x"], "f", alpha=1.5)),
    "SkipLayerNormalization": of(
        node("Reshape", ["x", "shape"], "r"), node("Sin", ["r"], "s"),
        fused("SkipLayerNormalization", ["r", "s", "last", "beta", "bias"], "f", epsilon=1e-3),
    ),
}  # fmt: skip
CASES["SkipLayerNormalization"].graph.initializer.append(
    onnx.numpy_helper.from_array(np.asarray([0, -1, 5]), "shape")
)


@pytest.mark.parametrize("proto", CASES.values(), ids=CASES.keys())
def test_a_fused_node_is_opened_and_computes_the_same(proto: onnx.ModelProto) -> None:
    assert not [n for n in read_model(proto.SerializeToString()).ir.graph if n.domain == "com.microsoft"]
    same_as_the_runtime(proto, X)


@pytest.mark.parametrize(
    ("name", "rectifier"),
    [
        ("FusedConv, Relu", "Relu"),
        ("FusedConv, LeakyRelu", "LeakyRelu"),
        ("Gelu", "Gelu"),
        ("FastGelu with a bias", "Gelu"),
        ("QuickGelu", "Swish"),
    ],
)
def test_a_fused_activation_is_a_rectifier(name: str, rectifier: str) -> None:
    found = find_rectifiers(read_model(CASES[name].SerializeToString()).ir.graph)

    assert [item.name for item in found.values()] == [rectifier]


def test_the_parts_are_layers_named_after_the_fused_node() -> None:
    found = read_model(CASES["FusedConv, Relu"].SerializeToString())

    assert [layer.name for layer in found.layers] == ["f/Conv", "f/Relu", "y"]
    assert [layer.output for layer in found.layers] == ["f/Conv", "f", "y"]


def test_channels_last_convolutions_are_opened_too() -> None:
    """The runtime has the node for half precision only, so the plain convolution is the judge."""
    weights = {"w": drawn(4, 3, 3, 3), "b": drawn(4)}
    before, after = (
        [node("Transpose", ["x"], "t", perm=[0, 2, 3, 1])], [node("Transpose", ["f"], "y", perm=[0, 3, 1, 2])]
    )  # fmt: skip
    conv = fused("NhwcFusedConv", ["t", "w", "b"], "f", activation="Relu", pads=[1, 1, 1, 1])
    proto = model([*before, conv, *after], shape=("n", 3, 6, 5), weights=weights)
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    plain = [node("Conv", ["x", "w", "b"], "c", pads=[1, 1, 1, 1]), node("Relu", ["c"], "y")]

    def of_first(data: onnx.ModelProto) -> tuple[np.ndarray, np.ndarray]:
        with inspector.load(data.SerializeToString(), device="cpu") as ours:
            return ours.activations(X, layers=["y"])["y"], ours.attribute(X[:1], target=0).maps

    for found, expected in zip(
        of_first(proto), of_first(model(plain, shape=("n", 3, 6, 5), weights=weights)), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_codes_with_channels_last_are_opened_too() -> None:
    """The plain model on codes is the judge: same kernels, other layout."""
    steps: dict[str, np.ndarray | np.generic] = {
        "s": np.float32(0.05),
        "z": np.uint8(128),
        "ws": np.float32(0.02),
        "wz": np.int8(0),
    }
    weights = steps | {"k": RNG.integers(-90, 90, (4, 3, 3, 3)).astype(np.int8)}
    quantize = node("QuantizeLinear", ["x", "s", "z"], "q")
    dequantize = node("DequantizeLinear", ["p", "s", "z"], "y")

    def codes(op_type: str, tensor: str, output: str, **attributes: Any) -> onnx.NodeProto:
        parameters = (
            ["s", "z", "k", "ws", "wz", "s", "z"] if op_type == "QLinearConv" else ["s", "z", "s", "z"]
        )
        return fused(
            op_type, [tensor, *parameters], output, channels_last=attributes.pop("last"), **attributes
        )

    plain = [quantize, codes("QLinearConv", "q", "c", last=0, pads=[1, 1, 1, 1]),
             codes("QLinearAveragePool", "c", "a", last=0, kernel_shape=[2, 2]),
             codes("QLinearGlobalAveragePool", "a", "p", last=0), dequantize]  # fmt: skip
    last = [quantize, node("Transpose", ["q"], "t", perm=[0, 2, 3, 1]),
            codes("QLinearConv", "t", "c", last=1, pads=[1, 1, 1, 1]),
            codes("QLinearAveragePool", "c", "a", last=1, kernel_shape=[2, 2]),
            codes("QLinearGlobalAveragePool", "a", "g", last=1),
            node("Transpose", ["g"], "p", perm=[0, 3, 1, 2]), dequantize]  # fmt: skip
    results = []
    for nodes in (plain, last):
        proto = model(nodes, shape=("n", 3, 6, 5), weights=weights)
        proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
        expected = plain_session(proto).run(None, {"x": X})[0]
        with inspector.load(proto.SerializeToString(), device="cpu") as ours:
            np.testing.assert_allclose(ours.activations(X, layers=["y"])["y"], expected, atol=1e-6)
            results.append(ours.attribute(X[:1], target=1).maps)
    np.testing.assert_allclose(results[1], results[0], rtol=1e-5)


def test_what_cannot_be_opened_is_refused_on_the_way_back_with_a_mend() -> None:
    nodes = [
        node("Flatten", ["x"], "flat"),
        fused("MatMulNBits", ["flat", "q", "s"], "f", K=90, N=4, bits=4, block_size=32),
    ]
    proto = of(*nodes)
    tensors = {"q": np.zeros((4, 3, 16), np.uint8), "s": np.ones(12, np.float32)}
    proto.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in tensors.items()
    )
    proto.graph.value_info.append(helper.make_tensor_value_info("f", onnx.TensorProto.FLOAT, ["n", 4]))
    proto.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 4]))

    with (
        inspector.load(proto.SerializeToString(), device="cpu") as ours,
        pytest.raises(UnsupportedOperatorError, match=r"MatMulNBits.*before ONNX Runtime optimized it"),
    ):
        ours.attribute(X[:1], target=0)
