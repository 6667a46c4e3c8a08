"""Functions of elements, arithmetic, reductions, normalizations and products: what ONNX's own tests do not reach."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.grad.rule import NO_GRADIENT, find_rule
from inspector.grad.writing.builder import Builder
from tests.grad.cases_arithmetic import CASES
from tests.grad.judging import judge
from tests.grad.test_rules import gradient_of_sum, planted, refused
from tests.support.graphs import model, node
from tests.support.numeric import backward_of, vjp

# --- ties, zeros and kinks


def single(*values: float) -> np.ndarray:
    return np.asarray(values, np.float32)


@pytest.mark.parametrize("op_type", ["Max", "Min"])
def test_of_equal_operands_the_first_takes_all(op_type: str) -> None:
    weights = {"w": single(1, 1, 1), "v": single(1, 1, 1)}

    first = model([node(op_type, ["x", "w"], "y")], shape=(3,), weights=weights)
    last = model([node(op_type, ["w", "v", "x"], "y")], shape=(3,), weights=weights)

    np.testing.assert_array_equal(gradient_of_sum(first, single(1, 1, 1)), [1, 1, 1])
    np.testing.assert_array_equal(gradient_of_sum(last, single(1, 1, 1)), [0, 0, 0])


@pytest.mark.parametrize("op_type", ["ReduceMax", "ReduceMin"])
@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ([1, 2], [[[1, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 0, 0]]]),
        ([1], [[[1, 1, 1], [0, 0, 0]], [[1, 1, 1], [0, 0, 0]]]),
        ([2], [[[1, 0, 0], [1, 0, 0]], [[1, 0, 0], [1, 0, 0]]]),
        ([0, 2], [[[1, 0, 0], [1, 0, 0]], [[0, 0, 0], [0, 0, 0]]]),
    ],
)
def test_of_equal_elements_the_first_in_the_order_of_the_axes_takes_all(
    op_type: str, axes: list[int], expected: list[list[list[int]]]
) -> None:
    proto = model([node(op_type, ["x"], "y", axes=axes)], shape=(2, 2, 3))

    np.testing.assert_array_equal(gradient_of_sum(proto, np.full((2, 2, 3), 7, np.float32)), expected)


def test_a_maximum_further_on_in_the_first_row_comes_before_one_in_the_second() -> None:
    proto = model([node("ReduceMax", ["x"], "y", axes=[1, 2])], shape=(1, 2, 3))

    found = gradient_of_sum(proto, np.asarray([[[0, 5, 5], [5, 0, 5]]], np.float32))

    np.testing.assert_array_equal(found, [[[0, 1, 0], [0, 0, 0]]])


@pytest.mark.parametrize(
    ("x", "expected"),
    [((2, 3, 4), (12, 8, 6)), ((2, 0, 4), (0, 8, 0)), ((0, 3, 0), (0, 0, 0))],
)
def test_a_product_is_differentiated_at_zeros_too(
    x: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    proto = model([node("ReduceProd", ["x"], "y", axes=[0])], shape=(3,))

    np.testing.assert_allclose(gradient_of_sum(proto, single(*x)), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("nodes", "x", "expected"),
    [
        ([node("Pow", ["x", "w"], "y")], (0, 2, -3), (0, 0, 0)),
        ([node("Abs", ["x"], "y")], (0, 2, -3), (0, 1, -1)),
        ([node("ReduceL1", ["x"], "y", axes=[0])], (0, 2, -3), (0, 1, -1)),
        ([node("ReduceL2", ["x"], "y", axes=[0])], (0, 0, 0), (0, 0, 0)),
        ([node("LpNormalization", ["x"], "y", axis=0)], (0, 0, 0), (0, 0, 0)),
        ([node("Softplus", ["x"], "y")], (-100, 0, 100), (0, 0.5, 1)),
        ([node("Shrink", ["x"], "y", lambd=2.0)], (-3, 2, 1), (1, 0, 0)),
        ([node("ThresholdedRelu", ["x"], "y", alpha=1.0)], (0, 1, 2), (0, 0, 1)),
    ],
    ids=lambda value: value[0].op_type if isinstance(value, list) else "",
)
def test_kinks_and_zeros_give_finite_gradients(
    nodes: list[onnx.NodeProto], x: tuple[int, int, int], expected: tuple[int, float, int]
) -> None:
    proto = model(nodes, shape=(3,), weights={"w": single(0, 0, 0)})

    with np.errstate(invalid="ignore"):  # the reference evaluator divides 0 by 0 before it chooses
        np.testing.assert_allclose(gradient_of_sum(proto, single(*x)), expected, atol=1e-6)


def test_a_branch_that_where_does_not_take_gives_no_nan() -> None:
    nodes = [
        node("Sqrt", ["x"], "r"),
        node("Greater", ["x", "zero"], "c"),
        node("Where", ["c", "x", "x"], "a"),
        node("Where", ["c", "a", "zero"], "y"),
    ]
    proto = model(nodes, shape=(3,), weights={"zero": single(0)})

    np.testing.assert_array_equal(gradient_of_sum(proto, single(-1, 0, 2)), [0, 0, 1])


# --- the batch


@pytest.mark.parametrize(
    ("equation", "batchable"),
    [
        ("bij,jk->bik", True),
        ("bij->bji", True),
        ("bij->jib", False),
        ("bij->ij", False),
        ("...j,jk->...k", True),
    ],
)
def test_an_einsum_that_keeps_the_batch_in_front_takes_many_seeds(equation: str, batchable: bool) -> None:
    names = ["x", "w"] if "," in equation else ["x"]
    nodes = [node("Einsum", names, "y", equation=equation)]
    proto = model(nodes, shape=(1, 3, 4), weights={"w": np.ones((4, 5), np.float32)})
    x = np.ones((1, 3, 4), np.float32)
    values = {"x": x, "y": np.einsum(equation, *([x, np.ones((4, 5))] if len(names) > 1 else [x]))}

    backward = backward_of(proto, values, wrt="x", source="y", dtype=ir.DataType.FLOAT)

    assert backward.batchable is batchable


def test_many_seeds_of_one_image_share_a_composed_operator() -> None:
    nodes = [node("Attention", ["x", "x", "x"], "y", q_num_heads=2, kv_num_heads=2)]
    proto = model(nodes, shape=(1, 4, 6), opset=23)
    rng = np.random.default_rng(0)
    x, seeds = (
        rng.standard_normal((1, 4, 6)).astype(np.float32),
        rng.standard_normal((3, 4, 6)).astype(np.float32),
    )

    def project(seed: np.ndarray) -> np.ndarray:
        return vjp(proto, {"x": x}, wrt="x", source="y", seed=seed, dtype=ir.DataType.FLOAT)

    together, alone = project(seeds), [project(seed[None]) for seed in seeds]

    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-6)


# --- what is refused


@pytest.mark.parametrize("op_type", ["CumSum", "ReduceMax", "ReduceProd"])
def test_computed_axes_are_refused_by_name(op_type: str) -> None:
    nodes = [
        node("Sub", ["x", "x"], "zeros"),
        node("ReduceMin", ["zeros"], "zero", keepdims=0),
        node("Cast", ["zero"], "axis", to=onnx.TensorProto.INT64),
        node("Unsqueeze", ["axis", "first"], "axes"),
        node(op_type, ["x", "axis" if op_type == "CumSum" else "axes"], "y"),
    ]

    proto = model(nodes, opset=18, weights={"first": np.zeros(1, np.int64)})
    refused(proto, (1, 3, 20, 17), f"{op_type} (over|along a) computed ax")


def test_the_statistics_of_a_normalization_are_refused_by_name() -> None:
    nodes = [
        node("LayerNormalization", ["x", "s"], ["n", "mean", "deviation"]),
        node("Mul", ["n", "deviation"], "y"),
    ]

    refused(
        model(nodes, weights={"s": np.ones(17, np.float32)}),
        (1, 3, 20, 17),
        "LayerNormalization whose statistics",
    )


def test_an_operator_whose_body_is_a_loop_is_refused_by_name() -> None:
    attention = node(
        "LinearAttention",
        ["x", "x", "x"],
        ["y", "state"],
        q_num_heads=2,
        kv_num_heads=2,
        update_rule="linear",
    )

    refused(model([attention], opset=27, shape=(1, 4, 6)), (1, 4, 6), "LinearAttention has no backward rule")


# --- the tables


@pytest.mark.parametrize("op_type", ["BitShift", "Hardmax", "Multinomial", "Range"])
def test_operators_without_gradient_are_declared_with_a_reason(op_type: str) -> None:
    assert NO_GRADIENT.get(("", op_type))
    assert find_rule(ir.node(op_type, []), 28) is None


@pytest.mark.parametrize(
    ("op_type", "name"),
    [
        ("ReduceLogSumExp", "ReduceLogSumExp, opset 18, axes [-1, 1], {'keepdims': 1}"),
        ("GroupNormalization", "GroupNormalization, opset 21, 3 groups"),
        ("Einsum", "Einsum bii->b (2, 3, 3) ()"),
        ("Softmax", "Attention-23, three axes, causal 1"),
    ],
)
def test_a_planted_wrong_rule_fails_the_checker(op_type: str, name: str) -> None:
    own = find_rule(ir.node(op_type, []), 28)
    assert own is not None

    def halved(b: Builder, n: ir.Node, gy: ir.Value) -> list[ir.Value | None]:
        return [None if gx is None else b.op("Mul", gx, b.constant(0.5)) for gx in own(b, n, gy)]

    case = next(case for case in CASES if case.name == name)
    with planted(op_type, halved):
        assert judge(case, np.random.default_rng(1)).error > 1e-3
