"""The straight-through gradient of quantized models, against the slope of their dequantized twins."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto

from inspector.errors import InvalidInputError, UnsupportedOperatorError
from inspector.grad.policies.saturation import code_range
from inspector.grad.policies.table import POLICIES
from inspector.grad.rule import RULES, find_rule
from inspector.graph.opset import standard_opset
from tests.grad.cases_quantized import (
    CURVED,
    LINEAR_CASES,
    QuantizedCase,
    X,
    f32,
    i8,
    on,
    quantized,
    std,
    u8,
    weights,
)
from tests.grad.figures import worse_than_documented
from tests.grad.hand_made import differentiated
from tests.grad.judging import STEPS
from tests.grad.judging_quantized import curve_error, gradient, slope_error, tensors
from tests.grad.test_rules import planted
from tests.support.graphs import Exposed, model, node
from tests.support.numeric import vjp

WITHOUT_SWITCHES = [
    case for case in LINEAR_CASES if all(n.op_type != "MaxPool" for n in case.model.graph.node)
]
"""Switches come from ONNX Runtime, which has no quantizers of float64."""

EXACT = [case for case in LINEAR_CASES if case.lattice is not None]


def gradient_of_sum(case: QuantizedCase, x: np.ndarray, **options: Any) -> np.ndarray:
    return gradient(case, x, np.ones_like(tensors(case, x)["y"]), **options)


@pytest.mark.parametrize("case", LINEAR_CASES, ids=lambda case: case.name)
def test_the_gradient_is_the_slope_of_the_dequantized_twin(case: QuantizedCase) -> None:
    error = slope_error(case, np.random.default_rng(0))

    assert error < 1e-5
    assert worse_than_documented(differentiated(case.model), {"float32": error}) == []


@pytest.mark.parametrize("case", WITHOUT_SWITCHES, ids=lambda case: case.name)
def test_single_and_double_precision_agree(case: QuantizedCase) -> None:
    x = case.image(np.random.default_rng(0))

    single, double = (
        gradient_of_sum(case, x, dtype=dtype) for dtype in (ir.DataType.FLOAT, ir.DataType.DOUBLE)
    )

    assert np.abs(double).max() > 0
    np.testing.assert_allclose(single, double, rtol=0, atol=2e-6 * np.abs(double).max())


@pytest.mark.parametrize("case", EXACT, ids=lambda case: case.name)
def test_where_nothing_is_rounded_the_deployed_model_itself_has_that_slope(case: QuantizedCase) -> None:
    rng = np.random.default_rng(0)
    x = case.image(rng)
    assert case.lattice is not None
    step = (case.lattice * rng.integers(-1, 2, case.shape)).astype(np.float32)
    run = Exposed(case.model, ["y"]).run
    seed = rng.standard_normal(run(x)["y"].shape).astype(np.float32)

    difference = np.sum(seed * (run(x + step)["y"] - run(x - step)["y"])) / 2

    assert np.abs(difference) > 0
    np.testing.assert_allclose(np.sum(gradient(case, x, seed) * step), difference, rtol=1e-4)


def test_every_quantized_operator_has_a_case() -> None:
    keys = set()
    for case in [*LINEAR_CASES, *CURVED]:
        graph = ir.from_proto(case.model)
        for written in graph.graph:
            rule = find_rule(written, standard_opset(graph))
            keys |= {
                key
                for key in RULES
                if key[:2] == (written.domain, written.op_type) and RULES.get(key) is rule
            }

    assert {key for key in RULES if key[1] in STEPS} - keys == set()


def test_a_planted_rule_without_the_mask_fails() -> None:
    case = next(case for case in LINEAR_CASES if "ReLU in its saturation" in case.name)

    own: Any = RULES.get(("", "QLinearConv", 10))
    with planted("QLinearConv", own.linear):
        assert slope_error(case, np.random.default_rng(0)) > 1e-2


# --- operators that are not linear: the derivative at the dequantized values


@pytest.mark.parametrize("case", CURVED, ids=lambda case: case.name)
def test_the_gradient_of_a_curved_operator_is_taken_at_the_dequantized_values(case: QuantizedCase) -> None:
    error = curve_error(case, np.random.default_rng(0))

    assert error < 1e-5
    assert worse_than_documented(differentiated(case.model), {"float32": error}) == []


# --- saturation


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, ml_dtypes.int4, ml_dtypes.uint4])
def test_what_is_rounded_to_a_code_of_the_type_passes_both_ends_included(dtype: Any) -> None:
    ends = ml_dtypes.iinfo(dtype)
    zero = (int(ends.min) + int(ends.max)) // 2
    case = quantized(
        "ends", std("QuantizeLinear", "x s z", "q"), std("DequantizeLinear", "q s z", "r"), std("Mul", "r one", "y"),
        shape=(9,), opset=21, s=f32(0.5), z=np.asarray(zero, dtype), one=f32(1),
    )  # fmt: skip
    # In codes: beyond, at and within the ends; half a code beyond an end is rounded to the even neighbor.
    codes = np.asarray([ends.min - 1, ends.min - 0.6, ends.min - 0.4, ends.min, zero, ends.max, ends.max + 0.4,
                        ends.max + 0.6, ends.max + 1], np.float64)  # fmt: skip

    found = gradient_of_sum(case, (0.5 * (codes - zero)).astype(np.float32))

    np.testing.assert_array_equal(found, [0, 0, 1, 1, 1, 1, 1, 0, 0])


def test_a_tie_at_an_end_goes_where_it_is_rounded_to() -> None:
    case = quantized("ties", std("QuantizeLinear", "x s z", "q"), std("DequantizeLinear", "q s z", "r"),
                     std("Mul", "r one", "y"), shape=(2,), s=f32(1), z=i8(0), one=f32(1))  # fmt: skip

    found = gradient_of_sum(case, np.asarray([-128.5, 127.5], np.float32))

    np.testing.assert_array_equal(found, [1, 0])  # rounded to −128 and to 128


def test_an_operator_on_codes_passes_nothing_at_the_ends_of_its_codes() -> None:
    case = quantized(
        "ends", std("QuantizeLinear", "x xs xz", "q"), std("QLinearMatMul", "q xs xz w ws wz ys yz", "qy"),
        std("DequantizeLinear", "qy ys yz", "r"), std("Mul", "r one", "y"), shape=(5, 1), one=f32(1),
        xs=f32(1), xz=u8(128), w=i8(1).reshape(1, 1), ws=f32(1), wz=i8(0), ys=f32(1), yz=u8(120),
    )  # fmt: skip
    x = np.asarray([[-121], [-120], [-119], [126], [127]], np.float32)

    found = gradient_of_sum(case, x)

    np.testing.assert_array_equal(tensors(case, x)["qy"].ravel(), [0, 0, 1, 246, 247])
    np.testing.assert_array_equal(found.ravel(), [0, 0, 1, 1, 1])


def test_a_saturated_score_still_has_a_gradient() -> None:
    """The output's own quantizer masks nothing, nor where a bias is added to its codes."""
    score = [std("QuantizeLinear", "x xs xz", "q"), std("QLinearMatMul", "q xs xz w ws wz ys yz", "qy")]
    constants: dict[str, Any] = {
        **X,
        "w": weights(3, 2),
        "ws": f32(1),
        "wz": i8(0),
        "ys": f32(1e-3),
        "yz": u8(128),
    }
    bias: dict[str, Any] = {"b": u8(1, 2), "bs": f32(0.1), "bz": u8(0)}
    plain = quantized("score", *score, std("DequantizeLinear", "qy ys yz", "y"), shape=(1, 3), **constants)
    biased = quantized("biased", *score, on("QLinearAdd", "qy ys yz b bs bz ys yz", "qz"),
                       std("DequantizeLinear", "qz ys yz", "y"), shape=(1, 3), **constants, **bias)  # fmt: skip
    x = np.asarray([[3, 3, 3]], np.float32)

    for case in (plain, biased):
        assert set(tensors(case, x)["qy"].ravel()) <= {0, 255}
        np.testing.assert_allclose(gradient_of_sum(case, x)[0], constants["w"].sum(axis=1))


# --- rectifiers in the saturation of codes

_KERNELS: dict[str, Any] = {"a": weights(4, 3, 2, 2), "b": weights(2, 4, 2, 2)}


def rectified(kind: str) -> QuantizedCase:
    """Return Conv, ReLU, Conv on a lattice where no pre-activation is 0: in floats, QDQ, on codes, or on integers."""
    start = std("QuantizeLinear", "x xs xz", "q")
    scales: dict[str, Any] = {
        **X,
        "as": f32(1),
        "az": i8(0),
        "ms": f32(0.5),
        "mz": u8(0),
        "ys": f32(0.5),
        "yz": u8(128),
    }
    half: dict[str, Any] = {"half": np.full(4, 0.5, np.float32)}
    if kind == "floats":
        kernels: dict[str, Any] = {name: kernel.astype(np.float32) for name, kernel in _KERNELS.items()}
        nodes = [std("Conv", "x a half", "c"), std("Relu", "c", "m"), std("Conv", "m b", "y")]
        return quantized(kind, *nodes, shape=(1, 3, 6, 5), lattice=1.0, **kernels, **half)
    if kind == "integers":
        nodes = [
            start, std("ConvInteger", "q a xz az", "i"), std("Cast", "i", "f", to=TensorProto.FLOAT),
            std("Mul", "xs as", "s"), std("Mul", "f s", "c"), std("Add", "c halves", "d"), std("Relu", "d", "m"),
            std("Conv", "m kernel", "y"),
        ]  # fmt: skip
        scales |= {
            "halves": np.full((1, 4, 1, 1), 0.5, np.float32),
            "kernel": _KERNELS["b"].astype(np.float32),
        }
    elif kind == "QDQ":
        nodes = [
            start, std("DequantizeLinear", "q xs xz", "rx"), std("DequantizeLinear", "a as az", "ra"),
            std("DequantizeLinear", "b as az", "rb"), std("Conv", "rx ra half", "c"),
            std("QuantizeLinear", "c ms mz", "m"), std("DequantizeLinear", "m ms mz", "rm"), std("Conv", "rm rb", "y"),
        ]  # fmt: skip
    else:
        half = {"half": np.full(4, 1, np.int32)}
        nodes = [
            start, std("QLinearConv", "q xs xz a as az ms mz half", "m"),
            std("QLinearConv", "m ms mz b as az ys yz", "qy"), std("DequantizeLinear", "qy ys yz", "y"),
        ]  # fmt: skip
    return quantized(kind, *nodes, shape=(1, 3, 6, 5), lattice=1.0, **scales, **_KERNELS, **half)


@pytest.mark.parametrize("policy", ["gradient", "deconvnet", "guided"])
@pytest.mark.parametrize("kind", ["QDQ", "QOperator"])
def test_saturation_at_zero_is_a_rectifier_under_every_policy(kind: str, policy: str) -> None:
    case, floats = rectified(kind), rectified("floats")
    x = case.image(np.random.default_rng(2))
    rectified_share = np.mean(tensors(floats, x)["m"] == 0)
    seed = np.random.default_rng(3).standard_normal(tensors(floats, x)["y"].shape).astype(np.float32)

    found, expected = (gradient(model, x, seed, policy=policy) for model in (case, floats))

    assert 0.2 < rectified_share < 0.8
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


RELEVANCES = [
    (kind, policy)
    for kind in ("QDQ", "QOperator", "integers")
    for policy in POLICIES
    if policy.startswith("lrp_")
    # A layer on integers that gives 0 before its bias is added in a node of its own shares nothing out by ε.
    and (kind, policy) != ("integers", "lrp_epsilon")
]


@pytest.mark.parametrize(("kind", "policy"), RELEVANCES)
def test_relevance_is_that_of_the_floats_where_nothing_is_rounded(kind: str, policy: str) -> None:
    case, floats = rectified(kind), rectified("floats")
    x = case.image(np.random.default_rng(2))
    relevance = tensors(floats, x)["y"] * np.random.default_rng(3).uniform(0, 1, (1, 2, 4, 3))

    found, expected = (
        gradient(model, x, relevance.astype(np.float32), policy=policy) for model in (case, floats)
    )

    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_a_quantizer_of_what_is_never_negative_is_no_rectifier() -> None:
    """Behind a ReLU and a pooling the zero point is the smallest code too, and nothing is cut off."""
    case = quantized(
        "pooled", std("Relu", "x", "r"), std("GlobalAveragePool", "r", "p"), std("QuantizeLinear", "p s z", "q"),
        std("DequantizeLinear", "q s z", "d"), std("Mul", "d minus", "y"), shape=(1, 2, 2, 2),
        s=f32(0.05), z=u8(0), minus=f32(-1, 1).reshape(1, 2, 1, 1),
    )  # fmt: skip
    below = case.model.graph.node[0].output[0]
    x = np.ones(case.shape, np.float32)

    found = vjp(case.model, {"x": x}, wrt=below, source="y", seed=np.ones((1, 2, 1, 1), np.float32),
                values=tensors(case, x), policy="deconvnet", dtype=ir.DataType.FLOAT)  # fmt: skip

    np.testing.assert_allclose(found[0, :, 0, 0], [-0.25, 0.25])


# --- which ways are open


def test_an_image_of_integers_is_followed_through_what_moves_it() -> None:
    proto = model(
        [std("Transpose", "x", "t", perm=[0, 3, 1, 2]), std("Cast", "t", "f", to=1), std("Mul", "f w", "y")],
        shape=(1, 2, 2, 3), weights={"w": f32(1, 2, 3).reshape(3, 1, 1)}, outputs=["y"],
    )  # fmt: skip
    proto.graph.input[0].type.tensor_type.elem_type = 2  # uint8
    x = np.full((1, 2, 2, 3), 7, np.uint8)
    values = {"x": x} | Exposed(proto, ["t", "f", "y"]).run(x)

    found = vjp(
        proto,
        {"x": x},
        wrt="x",
        source="y",
        seed=np.ones((1, 3, 2, 2), np.float32),
        values=values,
        dtype=ir.DataType.FLOAT,
    )

    np.testing.assert_array_equal(found, np.broadcast_to([1, 2, 3], x.shape))


def test_a_cast_to_integers_is_no_quantizer() -> None:
    case = quantized(
        "cast", std("Cast", "x", "i", to=6), std("Cast", "i", "f", to=1), std("Mul", "f f", "y"), shape=(3,)
    )

    with pytest.raises(InvalidInputError, match=r"'i' with operator Cast, because its output 'i' is int32"):
        gradient_of_sum(case, np.ones(3, np.float32))


def test_a_dynamic_scale_is_no_way_to_the_image() -> None:
    case = quantized(
        "scale alone",
        node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        std("Mul", "s s", "y"),
        shape=(3,),
    )

    with pytest.raises(
        InvalidInputError, match="'x' only through .* scale and zero point count as constants"
    ):
        gradient_of_sum(case, np.ones(3, np.float32))


# --- what is refused


def test_channels_last_of_the_runtimes_own_optimizer_is_refused_by_name() -> None:
    case = quantized("NHWC", std("QuantizeLinear", "x xs xz", "q"),
                     on("QLinearGlobalAveragePool", "q xs xz xs xz", "qy", channels_last=1),
                     std("DequantizeLinear", "qy xs xz", "y"), shape=(1, 2, 2, 3), **X)  # fmt: skip

    with pytest.raises(
        UnsupportedOperatorError, match=r"'qy' with operator QLinearGlobalAveragePool has channels_last"
    ):
        gradient_of_sum(case, np.ones(case.shape, np.float32))


def test_computed_scales_of_blocks_are_refused_by_name() -> None:
    pair = [
        std("QuantizeLinear", "x s", "q", axis=1, block_size=2),
        std("DequantizeLinear", "q s", "y", axis=1, block_size=2),
    ]
    scales = np.full((2, 2, 3), 0.5, np.float32)
    case = quantized(
        "blocks", std("Mul", "half one", "s"), *pair, shape=(2, 4, 3), opset=21, half=scales, one=f32(1)
    )

    with pytest.raises(UnsupportedOperatorError, match="blocked scale 's' is computed") as error:
        gradient_of_sum(case, np.ones(case.shape, np.float32))

    assert error.value.reason == "COMPUTED_SCALE"


def test_the_ends_of_a_type_are_those_of_onnx() -> None:
    assert code_range(ir.DataType.INT4) == (-8, 7)
    assert code_range(ir.DataType.UINT16) == (0, 65535)
    assert code_range(ir.DataType.FLOAT8E4M3FN) == (-448, 448)
