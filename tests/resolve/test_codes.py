"""Layers that hold codes are given as the real values that these stand for, forward and backward."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import inspector
from inspector import Unit
from tests.support.graphs import Exposed
from tests.support.sessions import plain_session

MICROSOFT: dict[str, Any] = {"domain": "com.microsoft"}
RNG = np.random.default_rng(5)
WEIGHTS = {
    "a": RNG.integers(-3, 4, (4, 3, 3, 3)),
    "b": RNG.integers(-3, 4, (5, 4, 3, 3)),
    "c": RNG.integers(-3, 4, (5, 6)),
}
STEPS = {"x": 0.5, "m": 0.5, "n": 4.0, "g": 2.0, "y": 32.0}
"""The step from code to code at every tensor; weights have steps of 1."""


def on_codes(*, is_dequantized: bool = False) -> onnx.ModelProto:
    """Return Conv+ReLU, MaxPool, Conv, an average and a dense layer on codes, with the codes of all dequantized too."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "xs", "xz"], ["qx"], name="quantize"),
        helper.make_node("QLinearConv", ["qx", "xs", "xz", "a", "1", "0", "ms", "mz"], ["qm"], name="m"),
        helper.make_node("MaxPool", ["qm"], ["qp"], name="p", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("QLinearConv", ["qp", "ms", "mz", "b", "1", "0", "ns", "nz"], ["qn"], name="n"),
        helper.make_node("QLinearGlobalAveragePool", ["qn", "ns", "nz", "gs", "gz"], ["qg"], name="g", **MICROSOFT),
        helper.make_node("Flatten", ["qg"], ["qf"], name="f"),
        helper.make_node("QGemm", ["qf", "gs", "gz", "c", "1", "0", "", "ys", "yz"], ["qy"], name="y", **MICROSOFT),
        helper.make_node("DequantizeLinear", ["qy", "ys", "yz"], ["out"], name="out"),
    ]  # fmt: skip
    reals = {"qm": "m", "qp": "m", "qn": "n", "qg": "g", "qf": "g", "qy": "y"}
    outputs = ["out", *(f"real_{codes}" for codes in reals if is_dequantized)]
    for codes, step in reals.items() if is_dequantized else ():
        nodes.append(helper.make_node("DequantizeLinear", [codes, f"{step}s", f"{step}z"], [f"real_{codes}"]))
    zeros = dict.fromkeys(STEPS, 128) | {"m": 0}
    constants: dict[str, np.ndarray | np.generic] = {
        name: array.astype(np.int8) for name, array in WEIGHTS.items()
    }
    constants |= {f"{name}s": np.float32(step) for name, step in STEPS.items()}
    constants |= {f"{name}z": np.uint8(zero) for name, zero in zeros.items()}
    constants |= {"1": np.float32(1), "0": np.int8(0)}
    graph = helper.make_graph(
        nodes,
        "codes",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 12, 10])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


X = (0.5 * RNG.integers(-6, 7, (2, 3, 12, 10))).astype(np.float32)


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(on_codes().SerializeToString(), device="cpu") as loaded:
        yield loaded


def test_operators_on_codes_are_layers_and_quantizers_are_not(ours: inspector.Model) -> None:
    assert [layer.name for layer in ours.layers()] == ["m", "p", "n", "g", "f", "y", "out"]
    assert {layer.dtype for layer in ours.layers()} == {"float32"}
    assert ours.layer("n").shape == (1, 5, 3, 2)
    assert ours.layer("n").channels == 5
    field = ours.layer("m").receptive_field
    assert field is not None
    assert field.size == (3, 3)


def test_activations_are_what_the_runtime_makes_of_the_codes(ours: inspector.Model) -> None:
    expected = plain_session(on_codes(is_dequantized=True))
    names = [o.name for o in expected.get_outputs()][1:]

    found = ours.activations(X, layers=[name.removeprefix("real_") for name in names])

    for name, values in zip(names, expected.run(names, {"x": X}), strict=True):
        np.testing.assert_array_equal(found[name.removeprefix("real_")], values)
        assert np.ptp(values) > 0


def test_features_are_what_the_last_dense_layer_reads(ours: inspector.Model) -> None:
    codes = Exposed(on_codes(), ["qf"]).run(X)["qf"].astype(np.float32)

    np.testing.assert_array_equal(ours.features(X), (codes - 128) * np.float32(STEPS["g"]))


def test_the_gradient_of_a_unit_is_in_its_real_unit(ours: inspector.Model) -> None:
    """∂n/∂x: behind one rectifier; the fourth of a difference over two steps of the lattice is exact but for kinks."""
    target = Unit("n", channel=2, position=(1, 1))
    found = ours.attribute(X[:1], method="saliency", target=target).maps[0]

    def value(x: np.ndarray) -> float:
        return ours.attribute(x, method="saliency", target=target).targets[0].value

    place = np.unravel_index(np.abs(found).argmax(), found.shape)
    step = np.zeros_like(X[:1])
    step[0][place] = STEPS["x"]
    exact = [
        (value(X[:1] + step) - value(X[:1])) / STEPS["x"],
        (value(X[:1]) - value(X[:1] - step)) / STEPS["x"],
    ]
    assert min(exact) - 1e-4 <= found[place] <= max(exact) + 1e-4
    assert found[place] != 0


def interpolated(line: np.ndarray, *, at: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.interp(at, known, line)


def enlarged(planes: np.ndarray, sizes: tuple[int, int]) -> np.ndarray:
    """Return planes enlarged bilinearly, one axis after the other, between the middles of their pixels."""
    for axis, size in zip((1, 2), sizes, strict=True):
        places = (np.arange(size) + 0.5) * planes.shape[axis] / size - 0.5
        known = np.arange(planes.shape[axis])
        along = functools.partial(interpolated, at=places, known=known)
        planes = np.apply_along_axis(along, axis, planes)
    return planes


def test_gradcam_weighs_maps_in_their_real_unit(ours: inspector.Model) -> None:
    """By the formula, with the derivative of the head written out: mean over the map, times the dense weights."""
    maps = ours.activations(X, layers=["n"])["n"].astype(np.float64)
    weights = WEIGHTS["c"][:, 3] / maps[0, 0].size
    expected = enlarged(np.maximum(np.einsum("c,nchw->nhw", weights, maps), 0), (12, 10))

    found = ours.attribute(X, method="gradcam", target=3, layer="n").maps

    assert expected.max() > 0
    np.testing.assert_allclose(found[:, 0], expected, rtol=0, atol=1e-5 * expected.max())
    np.testing.assert_array_equal(
        ours.attribute(X, method="gradcam", target=3).maps, found
    )  # the default layer


def test_relevance_of_a_layer_on_codes_starts_as_its_real_value(ours: inspector.Model) -> None:
    """Without biases z⁺ hands all of it down to the image."""
    found = ours.attribute(X, method="lrp", rule="zplus", target=Unit("n"))

    for values, target in zip(found.maps, found.targets, strict=True):
        assert values.sum() == pytest.approx(target.value, rel=1e-3)
