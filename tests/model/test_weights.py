"""The weights of layers, by what they do: an impulse in one channel gives that channel's kernel."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

import inspector
from inspector.model.weights import weighted_layers, weights_of
from inspector.types.results.filters import Filters
from tests.support.graphs import model, node, run_exposed
from tests.support.in_process import engine_of
from tests.support.zoo import Zoo

RNG = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def filters_of(proto: onnx.ModelProto, layer: str) -> Filters:
    with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
        return loaded.filters(layer=layer)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_gives_its_filters_to_an_impulse(groups: int) -> None:
    proto = model(
        [node("Relu", ["x"], "r"), node("Conv", ["r", "w"], "y", group=groups, pads=[2, 2, 2, 2])],
        shape=(1, 4, 5, 5),
        weights={"w": floats(6, 4 // groups, 3, 3)},
    )
    found = filters_of(proto, "y")
    assert found.weights.shape == (6, 4 // groups, 3, 3)
    assert (found.groups, found.color) == (groups, "NONE")
    for channel in range(4):
        impulse = np.zeros((1, 4, 5, 5), np.float32)
        impulse[0, channel, 2, 2] = 1
        given = run_exposed(proto, impulse, ["y"])["y"][0][:, 2:5, 2:5][:, ::-1, ::-1]
        for number in range(6):
            group, own = divmod(channel, 4 // groups)
            wanted = found.weights[number, own] if number // (6 // groups) == group else np.zeros((3, 3))
            np.testing.assert_allclose(given[number], wanted, atol=1e-6)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_transposed_convolution_stamps_its_filters(groups: int) -> None:
    proto = model(
        [node("Relu", ["x"], "r"), node("ConvTranspose", ["r", "w"], "y", group=groups)],
        shape=(1, 4, 3, 3),
        weights={"w": floats(4, 6 // groups, 2, 3)},
    )
    found = filters_of(proto, "y")
    assert found.weights.shape == (6, 4 // groups, 2, 3)
    for channel in range(4):
        impulse = np.zeros((1, 4, 3, 3), np.float32)
        impulse[0, channel, 0, 0] = 1
        given = run_exposed(proto, impulse, ["y"])["y"][0][:, :2, :3]
        for number in range(6):
            group, own = divmod(channel, 4 // groups)
            wanted = found.weights[number, own] if number // (6 // groups) == group else np.zeros((2, 3))
            np.testing.assert_allclose(given[number], wanted, atol=1e-6)


@pytest.mark.parametrize("kind", ["Gemm", "Gemm transposed", "MatMul", "MatMul from the left"])
def test_a_dense_layer_has_a_row_per_unit(kind: str) -> None:
    weights = {"w": floats(5, 3) if kind in ("Gemm transposed", "MatMul from the left") else floats(3, 5)}
    dense = {
        "Gemm": node("Gemm", ["r", "w"], "y"),
        "Gemm transposed": node("Gemm", ["r", "w"], "y", transB=1),
        "MatMul": node("MatMul", ["r", "w"], "y"),
        "MatMul from the left": node("MatMul", ["w", "r"], "y"),
    }[kind]
    shape = (3, 1) if kind == "MatMul from the left" else (1, 3)
    proto = model([node("Relu", ["x"], "r"), dense], shape=shape, weights=weights)
    with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
        spec = engine_of(loaded).model
        found = weights_of(spec, spec.layer("y"))
        assert found is not None
        assert [layer.name for layer in weighted_layers(spec)] == ["y"]
    x = np.abs(floats(3))
    given = run_exposed(proto, x.reshape(shape), ["y"])["y"].reshape(-1)
    np.testing.assert_allclose(found.values @ x, given, rtol=1e-5)


def quantized(*, per_channel: bool) -> tuple[onnx.ModelProto, np.ndarray]:
    """Return a QLinearConv over an image, and the real weights that its codes stand for."""
    codes = RNG.integers(-100, 100, (4, 3, 3, 3)).astype(np.int8)
    scale = np.linspace(0.01, 0.04, 4).astype(np.float32) if per_channel else np.float32(0.02)
    zero = np.array([0, 1, 2, 3], np.int8) if per_channel else np.int8(5)
    weights: dict[str, np.ndarray | np.generic] = {
        "s": np.float32(0.1), "z": np.uint8(0), "w": codes, "ws": scale, "wz": zero,
    }  # fmt: skip
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], "q"),
        node("QLinearConv", ["q", "s", "z", "w", "ws", "wz", "s", "z"], "c"),
        node("DequantizeLinear", ["c", "s", "z"], "y"),
    ]
    scales, zeros = (np.asarray(one, np.float32).reshape(-1, 1, 1, 1) for one in (scale, zero))
    real = (codes.astype(np.float32) - zeros) * scales
    return model(nodes, shape=(1, 3, 6, 6), weights=weights), real


@pytest.mark.parametrize("per_channel", [False, True])
def test_codes_are_made_real(per_channel: bool) -> None:
    proto, real = quantized(per_channel=per_channel)
    found = filters_of(proto, "c")
    np.testing.assert_allclose(found.weights, real, rtol=1e-5)
    assert found.color == "RGB"


def test_the_first_layer_is_found_and_its_filters_are_chosen_and_ordered() -> None:
    weights = floats(5, 3, 3, 3) * np.array([30, 1, 500, 7, 120], np.float32).reshape(-1, 1, 1, 1)
    proto = model([node("Conv", ["x", "w"], "y")], weights={"w": weights}, shape=(1, 3, 8, 8))
    with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
        whole, some = loaded.filters(), loaded.filters(channels=[4, 1], scale="layer")
        strongest = loaded.filters(order="strength")
        with pytest.raises(inspector.errors.NotFoundError) as caught:
            loaded.filters(channels=[0, 5])
    assert caught.value.field == "channels[1]"
    assert (whole.layer, whole.color, whole.numbers) == ("y", "RGB", (0, 1, 2, 3, 4))
    np.testing.assert_array_equal(some.weights, weights[[4, 1]])
    assert some.numbers == (4, 1)
    assert strongest.numbers == (2, 4, 0, 3, 1)


def test_a_layer_without_weights_is_refused_with_those_that_have_some() -> None:
    proto = model(
        [node("Conv", ["x", "w"], "c"), node("Relu", ["c"], "y")], weights={"w": floats(2, 3, 1, 1)}
    )
    with (
        inspector.load(proto.SerializeToString(), device="cpu") as loaded,
        pytest.raises(inspector.errors.InvalidInputError, match="Layers with weights: c"),
    ):
        loaded.filters(layer="y")
    bare = model([node("Relu", ["x"], "y")])
    with (
        inspector.load(bare.SerializeToString(), device="cpu") as loaded,
        pytest.raises(inspector.errors.InvalidInputError, match="no layer with constant weights"),
    ):
        loaded.filters()


@pytest.mark.parametrize(
    ("name", "shape", "color"),
    [
        ("derived_squeezenet1.0_fp32", (64, 3, 3, 3), "RGB"),
        ("super_resolution_10", (64, 1, 5, 5), "GRAY"),
        ("mobilenet_v2_quant_nnstreamer", (32, 3, 3, 3), "RGB"),
        ("mobilenetv2_int8_static_edgeflow", (32, 3, 3, 3), "RGB"),
        ("mobilenetv2_int8_dynamic_edgeflow", (32, 3, 3, 3), "RGB"),
        ("yolox_nano", (16, 12, 3, 3), "NONE"),  # four neighbors of each pixel are put side by side before
    ],
)
def test_first_layers_of_the_zoo(zoo: Zoo, name: str, shape: tuple[int, ...], color: str) -> None:
    with inspector.load(zoo.model(name), device="cpu") as loaded:
        found = loaded.filters()
    assert (found.weights.shape, found.color) == (shape, color)
    assert np.isfinite(found.weights).all()
    assert found.to_pil().width > 100


def test_int8_filters_are_those_of_the_float_model(zoo: Zoo) -> None:
    with (
        inspector.load(zoo.model("derived_mobilenetv2_fp32_op15"), device="cpu") as real,
        inspector.load(zoo.model("mobilenetv2_int8_static_edgeflow"), device="cpu") as codes,
    ):
        one, other = real.filters().weights, codes.filters().weights
    cosine = np.sum(one * other) / np.linalg.norm(one) / np.linalg.norm(other)
    assert cosine > 0.99
