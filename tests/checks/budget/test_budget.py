"""What a model costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from tests.support.checked import cnn, findings, report, skipped
from tests.support.graphs import model, node
from tests.support.zoo import find_zoo

CONV1, CONV2, DENSE = 6 * 27 * 256, 8 * 54 * 36, 288 * 5
RULES = ("file-size", "parameters", "macs", "activation-memory")


def test_costs_are_told_where_nothing_is_allowed_or_forbidden() -> None:
    proto = cnn()
    found = report(proto, *RULES)
    assert found.findings == ()
    assert found.facts == {
        "file_bytes": len(proto.SerializeToString()),
        "parameters": 6 * 27 + 6 + 8 * 54 + 8 + 288 * 5 + 5,
        "macs": CONV1 + CONV2 + DENSE,
        "activation_bytes": 4 * 2 * 6 * 256,
    }


@pytest.mark.parametrize(
    ("rule", "measured"),
    [
        ("file-size", f"{len(cnn().SerializeToString()):,} bytes"),
        ("parameters", "2,053"),
        ("macs", f"{CONV1 + CONV2 + DENSE:,}"),
        ("activation-memory", "12,288 bytes"),
    ],
)
def test_what_costs_more_than_allowed_is_found(rule: str, measured: str) -> None:
    limit: dict[str, Any] = {f"{rule}.most": 1000}
    (found,) = findings(cnn(), rule, **limit)
    assert (found.measured, found.severity) == (measured, "warning")
    assert found.allowed.startswith("1,000")
    limit[f"{rule}.most"] = 10**9
    assert findings(cnn(), rule, **limit) == ()


def test_the_dearest_layer_is_named() -> None:
    (found,) = findings(cnn(), "macs", **{"macs.most": 1000})
    assert (found.subject, found.operator) == ("conv1", "Conv")
    (panel,) = report(cnn(), "macs").panels
    _, rows = panel.result.table()
    assert [row[0] for row in rows] == ["conv1", "conv2", "scores"]
    assert [row[3] for row in rows] == [CONV1, CONV2, DENSE]


def test_a_fixed_batch_is_shared_by_its_images() -> None:
    one, four = (report(cnn(batch=count), "macs", "activation-memory").facts for count in (1, 4))
    assert one == four


def macs_of(nodes: list[onnx.NodeProto], **weights: np.ndarray) -> float:
    return report(model(nodes, shape=(1, 4, 6, 6), weights=weights), "macs").facts["macs"]


def test_groups_strides_and_transposed_convolutions_count_as_they_run() -> None:
    depthwise = node("Conv", ["x", "w"], "y", kernel_shape=[3, 3], group=4, strides=[2, 2])
    assert macs_of([depthwise], w=np.ones((4, 1, 3, 3), np.float32)) == 4 * 2 * 2 * 9
    transposed = node("ConvTranspose", ["x", "w"], "y", kernel_shape=[2, 2], strides=[2, 2])
    assert macs_of([transposed], w=np.ones((4, 5, 2, 2), np.float32)) == 4 * 36 * 5 * 4


def test_products_of_matrices_count_what_is_summed() -> None:
    flat = node("Flatten", ["x"], "flat")
    dense = node("Gemm", ["flat", "w"], "y", transB=1)
    assert macs_of([flat, dense], w=np.ones((7, 144), np.float32)) == 7 * 144
    weights = np.ones((6, 9), np.float32)
    assert macs_of([node("MatMul", ["x", "w"], "y")], w=weights) == 4 * 6 * 9 * 6


def test_layers_of_unknown_shape_cannot_be_counted() -> None:
    nodes = [
        node("NonZero", ["x"], "found"),
        node("Cast", ["found"], "places", to=onnx.TensorProto.FLOAT),
        node("MatMul", ["w", "places"], "scores"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((2, 4), np.float32)}
    assert "scores" in skipped(model(nodes, shape=(1, 3, 4, 4), weights=weights), "macs")


def test_codes_of_one_byte_take_one_byte() -> None:
    values: dict[str, np.ndarray | np.generic] = {
        "scale": np.float32(0.1),
        "zero": np.uint8(128),
    }
    nodes = [
        node("QuantizeLinear", ["x", "scale", "zero"], "codes"),
        node("MaxPool", ["codes"], "pooled", kernel_shape=[2, 2], strides=[2, 2]),
        node("DequantizeLinear", ["pooled", "scale", "zero"], "y"),
    ]
    found = report(model(nodes, shape=(1, 3, 8, 8), weights=values), "activation-memory")
    assert found.facts["activation_bytes"] == 3 * 64 * (4 + 1)


@pytest.mark.parametrize(
    ("name", "macs", "parameters"),
    [
        ("derived_mobilenetv2_fp32_op15", 300_774_272, 3_487_816),
        ("mobilenet_v2_quant_nnstreamer", 300_774_272, 3_487_816),
        ("mobilenetv2_int8_dynamic_edgeflow", 300_774_272, 3_489_816),
        ("derived_squeezenet1.0_fp32", 349_151_936, 1_235_496),
        ("resnet20_onnc", 40_813_184, 274_042),
    ],
)
def test_trained_networks_cost_what_is_known_of_them(name: str, macs: int, parameters: int) -> None:
    zoo = find_zoo()
    if zoo is None:
        pytest.skip("there is no zoo")
    found = report(zoo.model(name), "macs", "parameters").facts
    assert found == {"macs": macs, "parameters": parameters}
