"""Every backward rule against a central difference: on ONNX's own operator tests, and on hand-made cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.errors import UnsupportedOperatorError
from inspector.grad.rule import NO_GRADIENT, REFUSED, RULES, Rule, find_rule
from inspector.grad.writing.builder import Builder
from inspector.registry import Registry
from tests.grad.cases import CASES, Case
from tests.grad.figures import figures_of, worse_than_documented
from tests.grad.hand_made import FLOAT_CASES, differentiated
from tests.grad.judging import (
    CONSTANT_INPUTS,
    OPERATORS,
    STEPS,
    in_training,
    judge,
    judge_node_tests,
    node_tests,
)
from tests.support.graphs import model, node
from tests.support.node_tests import NodeCase, node_cases
from tests.support.numeric import compare, to_float64, vjp
from tests.support.sessions import plain_session


@pytest.mark.slow
@pytest.mark.parametrize("op_type", OPERATORS)
def test_rules_agree_with_differences_on_onnx_own_tests(op_type: str) -> None:
    verdicts = list(judge_node_tests(op_type))

    assert [verdict for verdict in verdicts if not verdict.holds] == []
    for verdict in verdicts:
        assert worse_than_documented([("", op_type)], figures_of(verdict.comparison)) == []


@pytest.mark.parametrize("case", FLOAT_CASES, ids=lambda case: case.name)
def test_rules_agree_with_differences_on_hand_made_cases(case: Case) -> None:
    found = judge(case, np.random.default_rng(1))

    assert found.holds, (found, found.error)
    assert found.scale > 0
    assert worse_than_documented(differentiated(case.model), figures_of(found)) == []


def test_every_rule_has_a_case() -> None:
    judged = set()
    cases: list[Case | NodeCase] = [*FLOAT_CASES, *(one for op in OPERATORS for one in node_tests(op))]
    for case in cases:
        for written in ir.from_proto(case.model).graph:
            rule = find_rule(written, case.opset)
            judged |= {
                key
                for key in RULES
                if key[1] == written.op_type and RULES.get(key) is rule and key[2] <= case.opset
            }
    assert {key for key in RULES if key[1] not in STEPS} - judged == set()


def test_an_operator_is_ruled_declared_or_refused_and_only_one_of_them() -> None:
    ruled = {key[:2] for key in RULES}
    assert not ruled & set(NO_GRADIENT)
    assert not ruled & set(REFUSED)
    assert not set(NO_GRADIENT) & set(REFUSED)


# --- what is refused


@pytest.mark.parametrize("op_type", CONSTANT_INPUTS)
def test_inputs_that_are_constants_in_every_export_are_refused_by_name(op_type: str) -> None:
    asked = 0
    for case in node_cases():
        if case.op_type != op_type or in_training(case):
            continue
        output = case.model.graph.output[0].name
        for index, wrt in case.float_inputs:
            if index in CONSTANT_INPUTS[op_type]:
                with pytest.raises(
                    UnsupportedOperatorError, match=rf"{op_type}.* input {index} .*{wrt}"
                ) as error:
                    compare(case.model, case.feeds, wrt=wrt, source=output, rng=np.random.default_rng(0))
                assert error.value.reason == "NO_GRADIENT_FOR_INPUT"
                asked += 1
    assert asked


@pytest.mark.parametrize("op_type", ["BatchNormalization", "Dropout"])
def test_training_mode_is_refused_by_name(op_type: str) -> None:
    cases = [case for case in node_cases() if case.op_type == op_type and in_training(case)]
    assert cases
    for case in cases:
        seed = np.zeros(case.feeds["x"].shape)
        with pytest.raises(UnsupportedOperatorError, match=f"{op_type} in training mode"):
            vjp(case.model, case.feeds, wrt="x", source=case.model.graph.output[0].name, seed=seed)


def refused(proto: onnx.ModelProto, shape: tuple[int, ...], match: str) -> UnsupportedOperatorError:
    x = np.zeros(shape, np.float32)
    with pytest.raises(UnsupportedOperatorError, match=match) as error:
        vjp(proto, {"x": x}, wrt="x", source="y", seed=np.zeros(()))
    return error.value


def test_an_operator_without_a_rule_is_refused_by_name() -> None:
    proto = model([node("LSTM", ["x", "w", "r"], "y", hidden_size=2)], shape=(5, 1, 3),
                  weights={"w": np.ones((1, 8, 3), np.float32), "r": np.ones((1, 8, 2), np.float32)})  # fmt: skip

    error = refused(proto, (5, 1, 3), r"Node 'y'.* LSTM has no backward rule: it is recurrent")

    assert error.reason == "UNSUPPORTED_OPERATOR"


def test_a_reduction_over_axes_that_the_batch_decides_is_refused_by_name() -> None:
    nodes = [
        node("Shape", ["x"], "images", start=0, end=1),
        node("ReduceMean", ["x", "images"], "y"),
    ]

    refused(model(nodes, opset=18), (1, 3, 20, 17), "ReduceMean over computed axes")


# --- what the difference cannot see


def gradient_of_sum(proto: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    outputs = plain_session(proto).run(None, {"x": x})
    return vjp(proto, {"x": x}, wrt="x", source="y", seed=np.ones_like(outputs[0]), dtype=ir.DataType.FLOAT)


def test_of_equal_values_in_a_window_the_first_takes_all() -> None:
    proto = model([node("MaxPool", ["x"], "y", kernel_shape=[2, 2], strides=[2, 2])], shape=(1, 1, 4, 4))

    found = gradient_of_sum(proto, np.full((1, 1, 4, 4), 7, np.float32))

    expected = [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(found[0, 0], expected)


@pytest.mark.parametrize("size", [2, 4])
def test_an_even_window_of_channels_reaches_one_further_ahead(size: int) -> None:
    """ONNX Runtime refuses even sizes, and the reference evaluator has another window than the specification."""
    rng = np.random.default_rng(0)
    x, seed, direction = (rng.standard_normal((1, 5, 2, 2)) for _ in range(3))

    def forward(x: np.ndarray) -> np.ndarray:
        squares = np.pad(x**2, ((0, 0), ((size - 1) // 2, size // 2), (0, 0), (0, 0)))
        energy = sum(squares[:, i : i + 5] for i in range(size))
        return x / (1.1 + 0.9 / size * energy) ** 0.6

    lrn = node("LRN", ["x"], "y", size=size, alpha=0.9, beta=0.6, bias=1.1)
    proto = to_float64(model([lrn], shape=x.shape))
    found = vjp(proto, {"x": x}, wrt="x", source="y", seed=seed, values={"x": x, "y": forward(x)})

    change = (forward(x + 1e-6 * direction) - forward(x - 1e-6 * direction)) / 2e-6
    assert np.sum(found * direction) == pytest.approx(np.sum(seed * change), rel=1e-6)


def test_overlapping_windows_add_up_at_their_common_maximum() -> None:
    proto = model([node("MaxPool", ["x"], "y", kernel_shape=[3, 3], strides=[2, 2])], shape=(1, 1, 5, 5))
    x = np.zeros((1, 1, 5, 5), np.float32)
    x[0, 0, 2, 2] = 1

    found = gradient_of_sum(proto, x)

    np.testing.assert_array_equal(found, 4 * x)


def test_of_equal_values_the_first_is_the_global_maximum() -> None:
    proto = model([node("GlobalMaxPool", ["x"], "y")], shape=(1, 2, 2, 2))

    found = gradient_of_sum(proto, np.ones((1, 2, 2, 2), np.float32))

    np.testing.assert_array_equal(found, [[[[1, 0], [0, 0]], [[1, 0], [0, 0]]]])


def test_rectifiers_pass_nothing_at_their_bounds() -> None:
    relu = gradient_of_sum(
        model([node("Relu", ["x"], "y")], shape=(4,)), np.asarray([-1, 0, 1e-30, 5], np.float32)
    )
    relu6 = gradient_of_sum(
        model([node("Clip", ["x"], "y", min=0.0, max=6.0)], shape=(4,), opset=10),
        np.asarray([0, 1, 6, 7], np.float32),
    )

    np.testing.assert_array_equal(relu, [0, 0, 1, 1])
    np.testing.assert_array_equal(relu6, [0, 1, 0, 0])


def test_a_cast_to_half_precision_and_back_passes_the_gradient() -> None:
    proto = model(
        [
            node("Cast", ["x"], "half", to=onnx.TensorProto.FLOAT16),
            node("Mul", ["half", "w"], "product"),
            node("Cast", ["product"], "y", to=onnx.TensorProto.FLOAT),
        ],
        shape=(3,),
        weights={"w": np.asarray([2, -3, 0.5], np.float16)},
    )

    found = gradient_of_sum(proto, np.ones(3, np.float32))

    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [2, -3, 0.5])


# --- the checker and the registry themselves


@contextmanager
def planted(op_type: str, wrong: Rule) -> Iterator[None]:
    """Put a wrong rule in the place of an operator's own, for a while."""
    rules = RULES._items
    keys = [key for key in rules if key[1] == op_type]
    right = {key: rules[key] for key in keys}
    rules.update(dict.fromkeys(keys, wrong))
    try:
        yield
    finally:
        rules.update(right)


def unmasked(b: Builder, n: ir.Node, gy: ir.Value) -> list[ir.Value]:
    return [b.op("Identity", gy)]


def unflipped(b: Builder, n: ir.Node, gy: ir.Value) -> list[ir.Value | None]:
    """Convolve with the filters swapped but not flipped."""
    w = b.array(n.inputs[1])
    assert w is not None
    return [b.op("Conv", gy, b.constant(w.swapaxes(0, 1)), pads=[2, 2, 2, 2]), None]


def overwriting(b: Builder, n: ir.Node, gy: ir.Value) -> list[ir.Value]:
    """Unpool without adding where windows overlap."""
    x = n.inputs[0]
    assert x is not None
    size = int(np.prod(np.asarray(b.shape(x), np.int64)))
    flat = b.op("ScatterElements", b.constant(np.zeros(size)), b.op("Reshape", b.switches(n), b.ints([-1])),
                b.op("Reshape", gy, b.ints([-1])), axis=0)  # fmt: skip
    return [b.op("Reshape", flat, b.shape_like(x))]


def halved(b: Builder, n: ir.Node, gy: ir.Value) -> list[ir.Value]:
    return [b.op("Mul", gy, b.constant(0.5)) for _ in n.inputs]


@pytest.mark.parametrize(
    ("op_type", "wrong", "name"),
    [
        ("Relu", unmasked, "a residual block"),
        ("Conv", unflipped, "conv, plain"),
        ("MaxPool", overwriting, "MaxPool, overlapping, opset 17"),
        ("Add", halved, "a residual block"),
        ("Sigmoid", unmasked, "excite first"),
    ],
)
def test_a_planted_wrong_rule_fails_the_checker(op_type: str, wrong: Callable[..., Any], name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    with planted(op_type, wrong):
        found = judge(case, np.random.default_rng(1))
        assert not found.holds
        assert found.error > 1e-3
    assert judge(case, np.random.default_rng(1)).holds


def test_a_second_rule_for_an_operator_is_an_error_that_names_both_modules() -> None:
    registry: Registry[str, Rule] = Registry("backward rule")
    own = find_rule(ir.node("Relu", []), 17)
    assert own is not None
    registry.add("Relu", own)

    with pytest.raises(
        ValueError, match=r"'Relu' is registered twice.*inspector\.grad\.rules\.activation.*test_rules"
    ):
        registry.add("Relu", unmasked)


def test_the_newest_rule_that_holds_at_an_opset_is_found() -> None:
    softmax = ir.node("Softmax", [])

    assert find_rule(softmax, 12) is not find_rule(softmax, 13)
    assert find_rule(softmax, 13) is find_rule(softmax, 24)
    assert find_rule(ir.node("HardSwish", []), 13) is None
    assert find_rule(ir.node("Relu", [], domain="com.example"), 13) is None
