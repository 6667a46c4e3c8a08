"""Backward graphs with kernels: what is found in them, and that they give what those of standard operators give."""

from __future__ import annotations

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
from tests.grad.kernel_graphs import TOLERANCE, found_in, graph_of, kernels_in, values_of, written
from tests.kernels.oracle import inside
from tests.support.graphs import node
from tests.support.kernels import needs_kernels, session_with_kernels
from tests.support.numeric import backward_of, switches_of, to_float32
from tests.support.sessions import NEWEST_OPSET, plain_session

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
