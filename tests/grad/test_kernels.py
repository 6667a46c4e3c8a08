"""Backward graphs with kernels: what is found in them, and that they give what those of standard operators give."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.grad.backward import GRADIENT, SEED, BackwardGraph
from inspector.grad.kernels.marking import with_marks
from inspector.grad.kernels.rewriting import with_kernels
from inspector.graph.marks import Mark
from inspector.operators.domains import KERNELS
from tests.grad.cases import Case
from tests.grad.hand_made import FLOAT_CASES
from tests.kernels.oracle import inside
from tests.support.graphs import model, node
from tests.support.kernels import needs_kernels, session_with_kernels
from tests.support.numeric import Feeds, backward_of, run_all, switches_of, to_float32
from tests.support.sessions import NEWEST_OPSET, plain_session

TOLERANCE = 1e-5
"""Of the largest magnitude."""

POLICIES = ("gradient", "guided")

MASKED = {
    "Clip",
    "Conv",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "LeakyRelu",
    "MaxPool",
    "PRelu",
    "Relu",
    "Swish",
    "ThresholdedRelu",
}
"""Operators in whose gradients a kernel may have a part."""
CASES = [
    case
    for case in FLOAT_CASES
    if case.opset <= NEWEST_OPSET and MASKED & {one.op_type for one in case.model.graph.node}
]


def written(
    proto: onnx.ModelProto, values: Feeds, *, policy: str = "gradient", source: str = "y"
) -> BackwardGraph:
    return backward_of(proto, values, wrt="x", source=source, policy=policy, dtype=ir.DataType.FLOAT)


def kernels_in(graph: BackwardGraph) -> Counter[str]:
    return Counter(one.op_type for one in graph.model.graph if one.domain == KERNELS)


def values_of(proto: onnx.ModelProto, image: np.ndarray) -> Feeds:
    return run_all(to_float32(proto), {"x": image.astype(np.float32)})


def graph_of(
    *nodes: onnx.NodeProto,
    shape: tuple[int, ...] = (1, 2, 9, 8),
    opset: int = 18,
    weights: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> onnx.ModelProto:
    return model(list(nodes), shape=shape, weights=dict(weights), opset=opset)


def found_in(proto: onnx.ModelProto, *, policy: str = "gradient") -> tuple[BackwardGraph, Counter[str]]:
    shape = tuple(size.dim_value for size in proto.graph.input[0].type.tensor_type.shape.dim)
    image = np.random.default_rng(0).standard_normal(shape)
    found = with_kernels(written(proto, values_of(proto, image), policy=policy))
    return found, kernels_in(found)


SCALAR = {name: np.array(value) for name, value in (("zero", 0.0), ("six", 6.0), ("low", -0.5))}


def test_a_rectifier_is_one_kernel() -> None:
    found, kernels = found_in(graph_of(node("Relu", ["x"], "y")))
    assert kernels == {"ReluGrad": 1}
    assert found.saved == ("y",)
    assert "HardSigmoid" not in {one.op_type for one in found.model.graph}


@pytest.mark.parametrize(
    ("low", "high", "kernel", "bounds"),
    [
        ("zero", "six", "ClipGrad", (0, 6)),
        ("low", "six", "ClipGrad", (-0.5, 6)),
        ("low", "", "ClipGrad", (-0.5, np.inf)),
        ("", "six", "ClipGrad", (-np.inf, 6)),
        ("zero", "", "ReluGrad", None),
    ],
)
def test_a_clip_is_one_kernel(low: str, high: str, kernel: str, bounds: tuple[float, float] | None) -> None:
    bounding = {name: value for name, value in SCALAR.items() if name in (low, high)}
    proto = graph_of(node("Clip", ["x", low, high], "y"), weights=bounding)
    found, kernels = found_in(proto)
    assert kernels == {kernel: 1}
    (made,) = (one for one in found.model.graph if one.domain == KERNELS)
    if bounds is not None:
        assert (made.attributes["low"].as_float(), made.attributes["high"].as_float()) == bounds


def test_swish_is_one_kernel() -> None:
    found, kernels = found_in(graph_of(node("Swish", ["x"], "y", alpha=1.5), opset=24))
    assert kernels == {"SiluGrad": 1}
    (made,) = (one for one in found.model.graph if one.domain == KERNELS)
    assert made.attributes["alpha"].as_float() == 1.5
    assert found.saved == ("x",)


@pytest.mark.parametrize(
    ("op_type", "kernel", "attributes"),
    [
        ("Gelu", "GeluGrad", {}),
        ("Gelu", "TanhGeluGrad", {"approximate": "tanh"}),
        ("HardSwish", "HardSwishGrad", {}),
    ],
    ids=["Gelu", "Gelu by tanh", "HardSwish"],
)
def test_other_smooth_rectifiers_are_one_kernel_each(
    op_type: str, kernel: str, attributes: dict[str, str]
) -> None:
    found, kernels = found_in(graph_of(node(op_type, ["x"], "y", **attributes), opset=22))
    assert kernels == {kernel: 1}
    assert found.saved == ("x",)
    assert {one.op_type for one in found.model.graph} == {kernel, "Identity"}


def test_a_curve_that_is_nearly_one_stays_as_it_is() -> None:
    proto = graph_of(node("Gelu", ["x"], "y"), opset=22)
    stock = written(proto, values_of(proto, np.ones((1, 2, 9, 8))))
    for value in stock.model.graph.initializers.values():
        if value.const_value is not None and value.const_value.numpy() == -0.5:
            value.const_value = ir.tensor(np.float32(-0.25), name=value.name)
    assert not kernels_in(with_kernels(stock))


@pytest.mark.parametrize(
    ("attributes", "shape", "count"),
    [
        ({"strides": [2, 2], "pads": [1, 1, 1, 1]}, (1, 4, 9, 8), 1),
        ({"strides": [2, 1], "pads": [0, 2, 1, 0]}, (1, 4, 9, 8), 1),
        ({"pads": [1, 1, 1, 1]}, (1, 4, 9, 8), 0),
        ({"strides": [2, 2], "dilations": [2, 2]}, (1, 4, 9, 8), 0),
    ],
    ids=["2×2", "2×1, other pads", "no strides", "dilated"],
)
def test_a_strided_depthwise_convolution_is_one_kernel(
    attributes: dict[str, list[int]], shape: tuple[int, ...], count: int
) -> None:
    weights = {"w": np.random.default_rng(0).standard_normal((4, 1, 3, 3)).astype(np.float32)}
    conv = node("Conv", ["x", "w"], "y", group=4, **attributes)
    found, kernels = found_in(graph_of(conv, shape=shape, weights=weights))
    assert kernels["DepthwiseConvTranspose"] == count
    if count:
        assert {one.op_type for one in found.model.graph} == {"DepthwiseConvTranspose", "Identity"}
        assert len(found.model.graph.initializers) == 1


GEOMETRIES = [
    (kernel, stride, pad, size)
    for kernel, stride, pad, size in itertools.product((1, 2, 3, 5), (1, 2), (0, 1, 2), (9, 10))
    if pad < kernel
]


@needs_kernels
@pytest.mark.parametrize(("kernel", "stride", "pad", "size"), GEOMETRIES)
def test_depthwise_convolutions_have_the_same_gradient(kernel: int, stride: int, pad: int, size: int) -> None:
    rng = np.random.default_rng(kernel + 10 * stride + 100 * pad)
    weights = {"w": rng.standard_normal((4, 1, kernel, kernel)).astype(np.float32)}
    conv = node("Conv", ["x", "w"], "y", group=4, strides=[stride, 2], pads=[pad, 0, pad, pad])
    proto = graph_of(conv, shape=(1, 4, size, 8), weights=weights)
    values = values_of(proto, np.ones((1, 4, size, 8)))
    seed = {SEED: rng.standard_normal((3, *values["y"].shape[1:])).astype(np.float32)}
    stock = written(proto, values).model
    found = with_kernels(written(proto, values))
    # Where strides lose more than the padding has, zeros between the elements are no way, and nothing is replaced.
    assert len(kernels_in(found)) == ("Resize" in {one.op_type for one in stock.graph})
    right = plain_session(ir.to_proto(stock)).run([GRADIENT], seed)[0]
    own = session_with_kernels(ir.to_proto(found.model)).run([GRADIENT], seed)[0]
    np.testing.assert_allclose(own, right, rtol=0, atol=TOLERANCE * np.abs(right).max())


def filters_of(channels: int, *kernel: int) -> dict[str, np.ndarray]:
    return {"w": np.random.default_rng(0).standard_normal((8, channels, *kernel)).astype(np.float32)}


@pytest.mark.parametrize(
    ("channels", "kernel", "attributes", "count"),
    [
        (3, (7, 7), {"strides": [2, 2], "pads": [3, 3, 3, 3]}, 1),
        (3, (3, 3), {"strides": [2, 1], "pads": [0, 2, 1, 0]}, 1),
        (4, (3, 3), {"pads": [1, 1, 1, 1]}, 1),
        (3, (4, 4), {"strides": [4, 4]}, 0),
        (3, (1, 1), {}, 0),
        (1, (3, 3), {}, 0),
        (16, (3, 3), {"strides": [2, 2]}, 0),
        (3, (3, 3), {"dilations": [2, 2]}, 0),
        (3, (17, 3), {"pads": [9, 0, 9, 0]}, 0),
        (3, (3, 3), {"pads": [3, 0, 0, 0]}, 0),
    ],
    ids=[
        "7×7/2",
        "2×1, other pads",
        "no strides",
        "windows side by side",
        "windows of one place",
        "one channel",
        "many channels",
        "dilated",
        "filters beyond the largest",
        "padding as wide as the filters",
    ],
)
def test_a_convolution_of_few_channels_is_one_kernel(
    channels: int, kernel: tuple[int, ...], attributes: dict[str, list[int]], count: int
) -> None:
    conv = node("Conv", ["x", "w"], "y", **attributes)
    proto = graph_of(conv, shape=(1, channels, 12, 13), weights=filters_of(channels, *kernel))
    found, kernels = found_in(proto)
    assert kernels["DenseConvTranspose"] == count
    if count:
        assert {one.op_type for one in found.model.graph} == {"DenseConvTranspose", "Identity"}


def test_a_convolution_of_few_channels_in_groups_stays_as_it_is() -> None:
    conv = node("Conv", ["x", "w"], "y", group=2, strides=[2, 2])
    _, kernels = found_in(graph_of(conv, shape=(1, 6, 9, 8), weights=filters_of(3, 3, 3)))
    assert not kernels


@needs_kernels
@pytest.mark.parametrize(("kernel", "stride", "pad", "size"), GEOMETRIES)
def test_convolutions_of_few_channels_have_the_same_gradient(
    kernel: int, stride: int, pad: int, size: int
) -> None:
    rng = np.random.default_rng(kernel + 10 * stride + 100 * pad)
    conv = node("Conv", ["x", "w"], "y", strides=[stride, 2], pads=[pad, 0, 0, pad])
    proto = graph_of(conv, shape=(1, 3, size, 8), weights=filters_of(3, kernel, kernel))
    values = values_of(proto, np.ones((1, 3, size, 8)))
    seed = {SEED: rng.standard_normal((2, *values["y"].shape[1:])).astype(np.float32)}
    stock = written(proto, values).model
    found = with_kernels(written(proto, values))
    assert len(kernels_in(found)) == (kernel > min(stride, 2))
    right = plain_session(ir.to_proto(stock)).run([GRADIENT], seed)[0]
    own = session_with_kernels(ir.to_proto(found.model)).run([GRADIENT], seed)[0]
    np.testing.assert_allclose(own, right, rtol=0, atol=TOLERANCE * np.abs(right).max())


QUANTIZED = {"s": np.float32(0.02), "z": np.uint8(3)}


def quantized() -> onnx.ModelProto:
    return graph_of(
        node("QuantizeLinear", ["x", "s", "z"], "q"),
        node("DequantizeLinear", ["q", "s", "z"], "d"),
        node("Neg", ["d"], "y"),
        weights={name: np.asarray(value) for name, value in QUANTIZED.items()},
    )


def test_the_mask_of_a_quantizer_is_one_kernel() -> None:
    found, kernels = found_in(quantized())
    assert kernels == {"ClipGrad": 1}
    assert found.saved == ("x",)


@needs_kernels
def test_what_is_just_not_cut_off_passes_a_quantizer() -> None:
    proto = quantized()
    image = np.zeros((1, 2, 9, 8), np.float32)
    ends = np.asarray([-0.07, -0.06, -0.0, 0.0, 5.04, 5.05], np.float32)
    near = np.concatenate([np.nextafter(ends, np.float32(way)) for way in (-np.inf, np.inf)])
    tried = np.concatenate([ends, near, [np.nan, np.inf, -np.inf]])
    image.reshape(-1)[: tried.size] = tried
    feeds = {SEED: np.ones_like(image), "x": image}
    stock, other = (written(proto, {**values_of(proto, np.zeros_like(image)), "x": image}) for _ in range(2))
    found = with_kernels(other)
    right = plain_session(ir.to_proto(stock.model)).run([GRADIENT], feeds)[0]
    assert {0.0, -1.0} == set(right.reshape(-1))
    np.testing.assert_array_equal(
        session_with_kernels(ir.to_proto(found.model)).run([GRADIENT], feeds)[0], right
    )


def test_a_pooling_reads_what_it_pooled_and_no_switches() -> None:
    proto = graph_of(
        node("Exp", ["x"], "e"),
        node("MaxPool", ["e"], "y", kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1]),
    )
    stock = written(proto, values_of(proto, np.ones((1, 2, 9, 8))))
    assert stock.switches == ("y",)
    found = with_kernels(stock)
    assert found.switches == ()
    assert found.saved == ("e",)
    (made,) = (one for one in found.model.graph if one.domain == KERNELS)
    assert made.attributes["kernel_shape"].as_ints() == (3, 2)
    assert made.attributes["strides"].as_ints() == (2, 1)
    assert made.attributes["begins"].as_ints() == (1, 0)


def test_a_pooling_of_rectified_maps_takes_the_rectifier_in() -> None:
    pool = node("MaxPool", ["r"], "y", kernel_shape=[2, 2], strides=[2, 2])
    found, kernels = found_in(graph_of(node("Relu", ["x"], "r"), pool))
    assert kernels == {"MaxPoolGrad": 1}
    (made,) = (one for one in found.model.graph if one.domain == KERNELS)
    assert made.attributes["rectified"].as_int() == 1


def test_a_rectifier_whose_maps_go_two_ways_stays_beside_the_pooling() -> None:
    pool = node("MaxPool", ["r"], "p", kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    _, kernels = found_in(graph_of(node("Relu", ["x"], "r"), pool, node("Add", ["r", "p"], "y")))
    assert kernels == {"MaxPoolGrad": 1, "ReluGrad": 1}


@pytest.mark.parametrize(
    "attributes",
    [{"dilations": [2, 2]}, {"strides": [70000, 1]}],
    ids=["dilated", "of strides beyond the kernel's"],
)
def test_other_poolings_stay_as_they_are(attributes: dict[str, object]) -> None:
    _, kernels = found_in(graph_of(node("MaxPool", ["x"], "y", kernel_shape=[2, 2], **attributes)))
    assert not kernels


def test_poolings_of_other_axes_stay_as_they_are() -> None:
    _, kernels = found_in(graph_of(node("MaxPool", ["x"], "y", kernel_shape=[2]), shape=(1, 2, 9)))
    assert not kernels


def test_where_there_is_nothing_to_do_the_graph_is_the_same() -> None:
    proto = graph_of(node("Exp", ["x"], "y"))
    stock = written(proto, values_of(proto, np.ones((1, 2, 9, 8))))
    assert with_kernels(stock) is stock


def test_a_graph_of_another_float_type_has_no_kernels() -> None:
    proto = graph_of(node("Relu", ["x"], "y"))
    values = {"x": np.ones((1, 2, 9, 8)), "y": np.ones((1, 2, 9, 8))}
    stock = backward_of(proto, values, wrt="x", source="y")
    assert with_kernels(stock) is stock


# --- marks


def marked_in(proto: onnx.ModelProto) -> BackwardGraph:
    return with_marks(found_in(proto)[0])


def test_a_rectifier_is_fed_marks() -> None:
    found = marked_in(graph_of(node("Relu", ["x"], "y")))
    assert found.saved == ()
    assert found.marks == (Mark(tensor="y", low=0.0, high=np.inf),)
    assert kernels_in(found) == {"MaskGrad": 1}
    assert {value.name for value in found.model.graph.inputs} == {SEED, found.marks[0].name}


def test_a_tensor_that_is_read_twice_with_other_bounds_has_two_marks() -> None:
    steps = [
        node(op_type, [given, scale, "z"], made)
        for scale, of_codes in (("s", "a"), ("s2", "b"))
        for op_type, given, made in (
            ("QuantizeLinear", "x", f"{of_codes}q"),
            ("DequantizeLinear", f"{of_codes}q", of_codes),
        )
    ]
    weights = {name: np.asarray(value) for name, value in {**QUANTIZED, "s2": np.float32(0.01)}.items()}
    found = marked_in(graph_of(*steps, node("Add", ["a", "b"], "y"), weights=weights))
    assert found.saved == ()
    assert [mark.tensor for mark in found.marks] == ["x", "x"]
    assert len({mark.name for mark in found.marks}) == 2


def test_what_something_else_reads_is_fed_as_it_was() -> None:
    proto = graph_of(
        node("Relu", ["x"], "r"), node("MaxPool", ["r"], "p", kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4),
        node("Add", ["r", "p"], "y"),
    )  # fmt: skip
    found = marked_in(proto)
    assert found.saved == ("r",)
    assert found.marks == ()


def test_where_nothing_asks_for_masks_the_graph_is_the_same() -> None:
    stock, _ = found_in(graph_of(node("HardSwish", ["x"], "y"), opset=14))
    assert with_marks(stock) is stock


def both_ways(case: Case, policy: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient of a hand-made case by the graph of standard operators, and by that with kernels."""
    rng = np.random.default_rng(5)
    image = case.image(rng).astype(np.float32)
    values = values_of(case.model, image)
    stock, other = (written(case.model, values, policy=policy, source=case.source) for _ in range(2))
    found = with_marks(with_kernels(other))
    feeds = {SEED: rng.standard_normal(values[case.source].shape).astype(np.float32)}
    answers = []
    for graph, session in ((stock, plain_session), (found, session_with_kernels)):
        fed = (
            feeds
            | {name: values[name] for name in graph.saved}
            | switches_of(to_float32(case.model), graph, {"x": image})
            | {
                mark.name: inside(values[mark.tensor].astype(np.float32), low=mark.low, high=mark.high)
                for mark in graph.marks
            }
        )
        fed = {name: a.astype(np.float32) if a.dtype == np.float64 else a for name, a in fed.items()}
        answers.append(session(ir.to_proto(graph.model)).run([GRADIENT], fed)[0])
    return answers[0], answers[1]


@needs_kernels
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hand_made_cases_have_the_same_gradient(case: Case, policy: str) -> None:
    stock, found = both_ways(case, policy)
    np.testing.assert_allclose(
        found, stock, rtol=0, atol=TOLERANCE * max(np.abs(stock).max(initial=0), 1e-30)
    )


def test_silu_as_two_nodes_is_one_kernel() -> None:
    found, kernels = found_in(graph_of(node("Sigmoid", ["x"], "s"), node("Mul", ["x", "s"], "y")))
    assert kernels == {"SiluGrad": 1}
    assert found.saved == ("x",)
