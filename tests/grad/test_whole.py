"""Smooth rectifiers written as several nodes: differentiated as one function of their input, which alone is kept."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.grad.backward import BackwardGraph
from tests.grad.test_patterns import EVERY_FORM, SHAPE, built, slope, values
from tests.support.graphs import model, node
from tests.support.numeric import backward_of, run_all, to_float32, to_float64, vjp

SMOOTH = [formula for name, formula in EVERY_FORM if name in ("Swish", "HardSwish", "Gelu", "Mish")]


def written(proto: onnx.ModelProto, *, source: str, policy: str = "gradient") -> BackwardGraph:
    known = run_all(to_float32(proto), {"x": values().astype(np.float32)})
    return backward_of(proto, known, wrt="x", source=source, policy=policy, dtype=ir.DataType.FLOAT)


def ends(proto: onnx.ModelProto) -> str:
    return str(proto.graph.output[0].name)


@pytest.mark.parametrize("policy", ["gradient", "guided"])
@pytest.mark.parametrize("formula", SMOOTH)
def test_a_smooth_rectifier_needs_its_input_alone(formula: str, policy: str) -> None:
    proto = built(formula)

    assert written(proto, source=ends(proto), policy=policy).saved == ("x",)


@pytest.mark.parametrize("dtype", [ir.DataType.FLOAT, ir.DataType.DOUBLE], ids=["float32", "float64"])
@pytest.mark.parametrize("formula", SMOOTH)
def test_as_one_function_it_has_its_derivative(formula: str, dtype: ir.DataType) -> None:
    """In float32 by the closed form where the constants are those of the function, in float64 by its parts anew."""
    proto, x = built(formula), values()

    found = vjp(proto, {"x": x}, wrt="x", source=ends(proto), seed=np.ones(SHAPE), dtype=dtype)

    np.testing.assert_allclose(found, slope(proto, x), rtol=0, atol=2e-4)


@pytest.mark.parametrize("sixth", [1 / 6, 0.1667, 0.16663])
def test_a_constant_that_was_rounded_is_the_models_own(sixth: float) -> None:
    """Not that of the function which the rectifier is named by: what is explained is the file."""
    gate = [
        node("Add", ["x", "three"], "shifted"),
        node("Clip", ["shifted", "zero", "six"], "cut"),
        node("Mul", ["x", "cut"], "product"),
        node("Mul", ["product", "sixth"], "y"),
    ]
    numbers = {"three": 3.0, "zero": 0.0, "six": 6.0, "sixth": sixth}
    weights = {name: np.float32(number) for name, number in numbers.items()}
    proto = to_float64(model(gate, shape=SHAPE, weights=weights))
    x = np.full(SHAPE, 2.0)

    found = vjp(proto, {"x": x}, wrt="x", source="y", seed=np.ones(SHAPE), dtype=ir.DataType.FLOAT)

    assert written(proto, source="y").saved == ("x",)
    np.testing.assert_allclose(found, (2 * x + 3) * np.float64(np.float32(sixth)), rtol=1e-6)


def test_a_gate_with_another_slope_keeps_it() -> None:
    """x · HardSigmoid(x) is named HardSwish whatever the attributes say."""
    proto = to_float64(
        model([node("HardSigmoid", ["x"], "gate", alpha=0.2), node("Mul", ["x", "gate"], "y")], shape=SHAPE)
    )
    x = np.full(SHAPE, 1.5)

    found = vjp(proto, {"x": x}, wrt="x", source="y", seed=np.ones(SHAPE), dtype=ir.DataType.FLOAT)

    np.testing.assert_allclose(found, 0.4 * x + 0.5, rtol=1e-6)


def test_a_constant_that_makes_the_result_larger_leaves_the_parts_apart() -> None:
    one = np.ones((3, 1, 1, 1, 1), np.float32)
    nodes = [
        node("Neg", ["x"], "n"),
        node("Exp", ["n"], "e"),
        node("Add", ["e", "one"], "sum"),
        node("Div", ["x", "sum"], "y"),
    ]
    proto = to_float64(model(nodes, shape=SHAPE, weights={"one": one}))
    x, seed = values(), np.random.default_rng(0).standard_normal((3, *SHAPE))

    found = vjp(proto, {"x": x}, wrt="x", source="y", seed=seed, dtype=ir.DataType.FLOAT)

    sigma = 1 / (1 + np.exp(-x))
    expected = (seed * sigma * (1 + x * (1 - sigma))).sum(axis=0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_what_the_model_computed_in_half_precision_is_taken_as_it_was() -> None:
    nodes = [
        node("Cast", ["x"], "half", to=onnx.TensorProto.FLOAT16),
        node("Sigmoid", ["half"], "s"),
        node("Mul", ["half", "s"], "y"),
    ]

    found = written(model(nodes, shape=SHAPE), source="y")

    assert set(found.saved) == {"half", "s"}
