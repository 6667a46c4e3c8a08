"""Models of float16, bfloat16 and float64: forward as exported, backward in float32, answers near those of float32."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

import inspector
from inspector import Unit
from inspector.engine.run import Run
from inspector.errors import InvalidModelError
from inspector.grad.policies.table import POLICIES
from tests.support.graphs import model, node
from tests.support.in_process import engine_of
from tests.support.small_cnn import images, small_cnn

RNG = np.random.default_rng(0)
METHODS = (
    "saliency",
    "deconvnet",
    "guided",
    "gradient_x_input",
    "integrated_gradients",
    "gradcam",
    "guided_gradcam",
)
PRECISION = {TensorProto.FLOAT16: 1e-2, TensorProto.BFLOAT16: 5e-2, TensorProto.DOUBLE: 1e-5}
"""How far results may be from those in float32, of their maximum: measured are 4e-3, 1e-2 and 1e-7."""
DTYPES = pytest.mark.parametrize("dtype", PRECISION, ids=["float16", "bfloat16", "float64"])
X = images(2)
KERNEL = RNG.standard_normal((4, 3, 3, 3)).astype(np.float32)
DENSE = RNG.standard_normal((4 * 14 * 10, 5)).astype(np.float32) / 10


def numpy_type(dtype: int) -> np.dtype:
    return onnx.helper.tensor_dtype_to_np_dtype(dtype)


def converted(data: bytes, dtype: int) -> bytes:
    """Return a model with all its floats of another type."""
    proto = onnx.ModelProto.FromString(data)
    for info in (*proto.graph.input, *proto.graph.output):
        info.type.tensor_type.elem_type = dtype
    for tensor in proto.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            array = numpy_helper.to_array(tensor).astype(numpy_type(dtype))
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return proto.SerializeToString()


def mixed(where: str, dtype: int) -> bytes:
    """Return a small CNN that is in another type at its input, within, or at its end."""
    narrow, wide = {"to": dtype}, {"to": TensorProto.FLOAT}
    parts = {
        "input": [node("Cast", ["x"], "i", **wide), node("Conv", ["i", "w"], "conv"), node("Relu", ["conv"], "relu")],
        "inside": [node("Conv", ["x", "w"], "conv"), node("Cast", ["conv"], "n", **narrow),
                   node("Cast", ["n"], "f", **wide), node("Relu", ["f"], "relu")],
        "end": [node("Conv", ["x", "w"], "conv"), node("Relu", ["conv"], "relu")],
    }  # fmt: skip
    end = [
        node("Flatten", ["relu"], "flat"),
        node("Gemm", ["flat", "k"], "scores"),
        node("Identity", ["scores"], "y"),
    ]
    if where == "end":
        end[-1] = node("Cast", ["scores"], "y", **narrow)
    proto = model(
        [*parts[where], *end],
        shape=("n", 3, 16, 12),
        weights={"w": KERNEL, "k": DENSE},
        dtype=dtype if where == "input" else TensorProto.FLOAT,
    )
    proto.graph.output[0].type.tensor_type.elem_type = dtype if where == "end" else TensorProto.FLOAT
    return proto.SerializeToString()


def dense(dtype: int) -> bytes:
    rng = np.random.default_rng(3)
    k, m = rng.standard_normal((576, 9)) / 20, rng.standard_normal((9, 5))
    weights = {"k": k.astype(np.float32), "m": m.astype(np.float32)}
    nodes = [
        node("Flatten", ["x"], "flat"),
        node("Gemm", ["flat", "k"], "hidden"),
        node("Relu", ["hidden"], "relu"),
        node("MatMul", ["relu", "m"], "y"),
    ]
    return converted(model(nodes, shape=("n", 3, 16, 12), weights=weights).SerializeToString(), dtype)


def far(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference, of the maximum."""
    return float(np.abs(found.astype(np.float64) - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("method", METHODS)
def test_a_cnn_of_half_precision_is_near_its_twin(method: str) -> None:
    with (
        inspector.load(converted(small_cnn(), TensorProto.FLOAT16), device="cpu") as half,
        inspector.load(small_cnn(), device="cpu") as single,
    ):
        found, expected = (each.attribute(X, target=1, method=method).maps for each in (half, single))

    assert found.dtype == np.float32
    assert far(found, expected) < PRECISION[TensorProto.FLOAT16]


@pytest.mark.parametrize("policy", POLICIES.keys())
def test_every_policy_runs_on_half_precision(policy: str) -> None:
    with (
        inspector.load(converted(small_cnn(), TensorProto.FLOAT16), device="cpu") as half,
        inspector.load(small_cnn(), device="cpu") as single,
    ):
        found, expected = (
            pullback(np.ones_like(scores)).numpy()
            for each in (half, single)
            for _, scores, pullback in Run(engine_of(each)).pullbacks(
                X.astype(each.info.input.dtype), source="scores", policy=policy
            )
        )

    assert far(found, expected) < PRECISION[TensorProto.FLOAT16]


@DTYPES
@pytest.mark.parametrize("where", ["input", "inside", "end"])
@pytest.mark.parametrize("method", ["saliency", "guided", "lrp", "integrated_gradients"])
def test_a_model_that_is_partly_of_another_type_is_near_its_twin(where: str, dtype: int, method: str) -> None:
    with (
        inspector.load(mixed(where, dtype), device="cpu") as other,
        inspector.load(mixed(where, TensorProto.FLOAT), device="cpu") as single,
    ):
        x = X.astype(numpy_type(dtype)).astype(
            np.float32
        )  # a rounded image may cross rectifiers: the same for both
        found, expected = (each.attribute(x, target=2, method=method).maps for each in (other, single))

    assert found.dtype == np.float32
    assert far(found, expected) < PRECISION[dtype]


@pytest.mark.parametrize("method", ["saliency", "guided", "lrp", "integrated_gradients", "smoothgrad"])
def test_a_dense_model_of_double_precision_is_its_twin(method: str) -> None:
    with (
        inspector.load(dense(TensorProto.DOUBLE), device="cpu") as wide,
        inspector.load(dense(TensorProto.FLOAT), device="cpu") as single,
    ):
        assert wide.activations(X, layers=["relu"])["relu"].dtype == np.float64
        found, expected = (each.attribute(X, target=2, method=method).maps for each in (wide, single))

    assert found.dtype == np.float32
    assert far(found, expected) < PRECISION[TensorProto.DOUBLE]


def test_activations_of_bfloat16_can_be_looked_at() -> None:
    with inspector.load(mixed("inside", TensorProto.BFLOAT16), device="cpu") as ours:
        found = ours.activations(X, layers=["conv", "n"])
        gradient = ours.attribute(X[:1], target=Unit("n", channel=1, position=(2, 3))).maps

    assert found["n"].dtype == ml_dtypes.bfloat16
    np.testing.assert_array_equal(found["n"], found["conv"].astype(ml_dtypes.bfloat16))
    np.testing.assert_allclose(gradient[0, :, 2:5, 3:6], KERNEL[1], rtol=1e-6)


@pytest.mark.parametrize("dtype", [TensorProto.BFLOAT16, TensorProto.DOUBLE], ids=["bfloat16", "float64"])
def test_where_the_runtime_has_no_kernel_the_error_says_what_to_do(dtype: int) -> None:
    with (
        inspector.load(converted(small_cnn(opset=22), dtype), device="cpu") as ours,
        pytest.raises(InvalidModelError, match=r"Conv.*convert the model to float32") as error,
    ):
        ours.predict(X)

    assert error.value.reason == "MODEL_REFUSED"
