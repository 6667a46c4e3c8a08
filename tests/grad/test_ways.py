"""The ways to write one derivative: all of one result, whichever was measured to be the fastest."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.grad.backward import GRADIENT, SEED, write_backward
from inspector.grad.policies.saturation import code_range
from inspector.grad.policies.table import policy_named
from inspector.grad.ways import convolution, pooling
from inspector.grad.ways.convolution import Layer, Way
from inspector.grad.ways.pooling import Unpooling
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.convolution import input_gradient
from inspector.grad.writing.quantization import bounds_of_codes
from inspector.grad.writing.window import Window
from tests.support.graphs import model, node
from tests.support.numeric import backward_of, run_all, to_float64, vjp
from tests.support.sessions import plain_session

SEEDS = 3


def operators(proto: onnx.ModelProto, x: np.ndarray, *, target: str = "x", source: str = "y") -> Counter[str]:
    values = run_all(proto, {"x": x})
    backward = backward_of(to_float64(proto), values, wrt=target, source=source, dtype=ir.DataType.FLOAT)
    return Counter(part.op_type for part in backward.model.graph)


# --- convolutions


def gradient(layer: Layer, filters: np.ndarray, signal: np.ndarray, way: Way) -> np.ndarray:
    b = Builder(shapes={}, dtypes={}, dtype=ir.DataType.FLOAT, reached=set())
    gy = b.input("gy", [None, *signal.shape[1:]])
    gx = input_gradient(b, gy, layer, weight=b.constant(filters), array=filters, way=way)
    proto = ir.to_proto(b.finish({"gx": (gx, [None] * signal.ndim)}, name="one"))
    return plain_session(proto).run(["gx"], {"gy": signal})[0]


GEOMETRIES = [
    (kernel, stride, dilation, pad, size)
    for kernel, stride, dilation, pad, size in itertools.product(
        (1, 2, 3, 5), (1, 2, 3), (1, 2), (0, 1, 2), (9, 10)
    )
    if pad < kernel and size + 2 * pad >= dilation * (kernel - 1) + 1
]


@pytest.mark.parametrize("channels", ["depthwise", "few", "many"])
@pytest.mark.parametrize(("kernel", "stride", "dilation", "pad", "size"), GEOMETRIES)
def test_all_ways_through_a_convolution_have_one_result(
    channels: str, kernel: int, stride: int, dilation: int, pad: int, size: int
) -> None:
    rng = np.random.default_rng(kernel + 10 * stride + 100 * pad + size)
    group, filters, inputs = {"depthwise": (4, 4, 4), "few": (1, 5, 3), "many": (1, 6, 20)}[channels]
    weight = rng.standard_normal((filters, inputs // group, kernel, kernel)).astype(np.float32)
    places = (size + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
    window = Window(
        kernel=(kernel, kernel), strides=(stride, stride), dilations=(dilation, dilation), pads=(pad,) * 4
    )
    layer = Layer(window=window, group=group, channels=inputs, inputs=(size, size), outputs=(places, places))
    signal = rng.standard_normal((SEEDS, filters, places, places)).astype(np.float32)

    found = {way: gradient(layer, weight, signal, way) for way in convolution.ways(layer)}

    expected = found.pop(Way.TRANSPOSED)
    assert expected.shape == (SEEDS, inputs, size, size)
    assert convolution.way_of(layer) in convolution.ways(layer)
    for way, one in found.items():
        np.testing.assert_allclose(
            one, expected, rtol=0, atol=1e-5 * np.abs(expected).max(), err_msg=way.name
        )


def test_a_strided_depthwise_layer_takes_no_transposed_convolution() -> None:
    weights = {"w": np.random.default_rng(0).standard_normal((4, 1, 3, 3)).astype(np.float32)}
    conv = node("Conv", ["x", "w"], "y", group=4, strides=[2, 2], pads=[1, 1, 1, 1])
    x = np.ones((1, 4, 8, 8), np.float32)

    assert "ConvTranspose" not in operators(model([conv], shape=x.shape, weights=weights), x)


# --- poolings


def switched(proto: onnx.ModelProto, x: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Return the signal put where the Indices of ONNX Runtime's MaxPool say, image by image."""
    told = onnx.ModelProto()
    told.CopyFrom(proto)
    told.graph.node[0].output.append("places")
    told.graph.output.append(onnx.helper.make_tensor_value_info("places", onnx.TensorProto.INT64, None))
    gx = np.zeros((len(signal), *x.shape[1:]), np.float32)
    for seed, one in enumerate(signal):
        image = x[seed % len(x)][None]
        places = plain_session(told).run(["places"], {"x": image})[0]
        np.add.at(gx[seed].reshape(-1), places.reshape(-1), one.reshape(-1))
    return gx


POOLS: list[dict[str, Any]] = [
    {"kernel_shape": [2, 2], "strides": [2, 2]},
    {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [3, 2], "strides": [3, 2], "ceil_mode": 1},
    {"kernel_shape": [3, 3], "strides": [3, 3], "pads": [1, 2, 0, 1]},
    {"kernel_shape": [4, 4], "strides": [4, 4], "auto_pad": "SAME_UPPER"},
    {"kernel_shape": [4, 3], "strides": [4, 3], "auto_pad": "SAME_LOWER"},
    {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]},
    {"kernel_shape": [2, 3], "strides": [1, 1], "pads": [0, 1, 1, 2]},
    {"kernel_shape": [5, 1], "pads": [2, 0, 2, 0]},
    {"kernel_shape": [1, 1]},
    {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"},
    {"kernel_shape": [2, 2], "auto_pad": "SAME_LOWER"},
    {"kernel_shape": [3, 2], "auto_pad": "VALID", "ceil_mode": 1},
    {"kernel_shape": [9, 9], "pads": [4, 4, 4, 4]},
]  # fmt: skip


def assert_the_first_maximum_takes_all(
    pool: dict[str, Any], size: tuple[int, int], images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values are few, so that windows have several maxima, and of them whole windows of zeros."""
    rng = np.random.default_rng(sum(size))
    x = np.maximum(rng.integers(-3, 3, (images, 3, *size)), 0).astype(np.float32)
    x[:, 1] -= 4  # all below zero: what lies beside the map is no maximum
    proto = model([node("MaxPool", ["x"], "y", **pool)], shape=("n", 3, *size), opset=12)
    y = plain_session(proto).run(["y"], {"x": x})[0]
    signal = rng.standard_normal((SEEDS if images == 1 else images, *y.shape[1:])).astype(np.float32)

    monkeypatch.setattr(pooling, "way_of", lambda window: pooling.ways(window)[-1])
    graph = ir.from_proto(proto)
    backward = write_backward(
        graph, source="y", target="x", policy=policy_named("gradient"),
        shapes={"x": (1, 3, *size), "y": (1, *y.shape[1:])},
    )  # fmt: skip
    fed = {SEED: signal} | {name: {"x": x, "y": y}[name] for name in backward.saved}
    found = plain_session(ir.to_proto(backward.model)).run([GRADIENT], fed)[0]

    assert not backward.switches
    expected = switched(proto, x, signal)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("images", [1, 2], ids=["one image, many seeds", "a batch"])
@pytest.mark.parametrize("size", [(9, 8), (7, 11), (12, 12)], ids=str)
@pytest.mark.parametrize("pool", POOLS, ids=str)
def test_the_first_maximum_takes_all_whichever_way(
    pool: dict[str, Any], size: tuple[int, int], images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_the_first_maximum_takes_all(pool, size, images, monkeypatch)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 2), (1, 6)], ids=str)
@pytest.mark.parametrize("kernel", [5, 9, 13])
def test_the_first_maximum_takes_all_of_windows_larger_than_the_map(
    kernel: int, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in spatial pyramids over small images: some elements of the windows are padding in all of them."""
    pool = {"kernel_shape": [kernel] * 2, "pads": [kernel // 2] * 4}
    assert_the_first_maximum_takes_all(pool, size, 1, monkeypatch)


def test_windows_that_overlap_and_skip_take_the_switches() -> None:
    window = Window(kernel=(3, 3), strides=(2, 2), dilations=(1, 1), pads=(0,) * 4)

    assert pooling.ways(window) == (Unpooling.SWITCHES,)


def test_windows_side_by_side_share_their_mean_by_enlarging() -> None:
    x = np.random.default_rng(0).standard_normal((1, 2, 6, 4)).astype(np.float32)
    proto = model([node("AveragePool", ["x"], "y", kernel_shape=[3, 2], strides=[3, 2])], shape=x.shape)
    signal = np.arange(8, dtype=np.float32).reshape(1, 2, 2, 2)

    found = vjp(proto, {"x": x}, wrt="x", source="y", seed=signal, dtype=ir.DataType.FLOAT)

    assert "ConvTranspose" not in operators(proto, x)
    np.testing.assert_allclose(found, signal.repeat(3, axis=2).repeat(2, axis=3) / 6)


# --- slices

SLICES = [(0, 99, 2), (1, 99, 2), (2, 9, 3), (5, 99, 2), (4, 99, 3), (-1, -99, -2), (8, 1, -3), (3, 8, 2)]


@pytest.mark.parametrize("axis", [2, 3])
@pytest.mark.parametrize(("start", "end", "step"), SLICES)
def test_what_steps_along_rows_or_columns_is_spread_at_once(
    axis: int, start: int, end: int, step: int
) -> None:
    shape = (2, 3, 10, 11)
    x, weights = np.zeros(shape, np.float32), {
        name: np.asarray([number]) for name, number in zip("seat", (start, end, axis, step), strict=True)
    }  # fmt: skip
    proto = model([node("Slice", ["x", "s", "e", "a", "t"], "y")], shape=shape, weights=weights)
    y = plain_session(proto).run(["y"], {"x": x})[0]
    signal = np.random.default_rng(1).standard_normal(y.shape).astype(np.float32)

    found = vjp(proto, {"x": x}, wrt="x", source="y", seed=signal, dtype=ir.DataType.FLOAT)

    expected = np.zeros(shape, np.float32)
    # Python has no end before the first element.
    stop = None if step < 0 and end < -shape[axis] else end
    expected[(slice(None),) * axis + (slice(start, stop, step),)] = signal
    np.testing.assert_array_equal(found, expected)
    assert operators(proto, x)["ConvTranspose"] == 1


def test_a_slice_of_channels_and_rows_keeps_its_channels_apart() -> None:
    shape = (1, 6, 8, 5)
    weights = {
        "s": np.asarray([1, 1]),
        "e": np.asarray([5, 99]),
        "a": np.asarray([1, 2]),
        "t": np.asarray([2, 2]),
    }
    proto = model([node("Slice", ["x", "s", "e", "a", "t"], "y")], shape=shape, weights=weights)
    signal = np.random.default_rng(1).standard_normal((1, 2, 4, 5)).astype(np.float32)

    found = vjp(
        proto, {"x": np.zeros(shape, np.float32)}, wrt="x", source="y", seed=signal, dtype=ir.DataType.FLOAT
    )

    expected = np.zeros(shape, np.float32)
    expected[:, 1:5:2, 1::2] = signal
    np.testing.assert_array_equal(found, expected)


# --- concatenations

LAYERS = 6


def dense_block() -> onnx.ModelProto:
    """Return a block whose every layer reads what all before it gave."""
    rng = np.random.default_rng(2)
    nodes, weights, features = [], {}, ["x"]
    for layer in range(LAYERS):
        joined = "x" if not layer else f"joined{layer}"
        if layer:
            nodes.append(node("Concat", list(features), joined, axis=1))
        weights[f"w{layer}"] = rng.standard_normal((2, 3 + 2 * layer, 3, 3)).astype(np.float32)
        nodes.append(node("Conv", [joined, f"w{layer}"], f"f{layer}", pads=[1, 1, 1, 1]))
        features.append(f"f{layer}")
    nodes.append(node("Concat", list(features), "y", axis=1))
    return model(nodes, shape=(1, 3, 5, 6), weights=weights, opset=17)


@pytest.mark.parametrize("target", ["x", "f1", "joined2", "joined4", "f4"])
def test_a_dense_block_has_its_gradient_at_every_tensor(target: str) -> None:
    """That of the tensor itself: what other layers read of the same features is no part of it."""
    proto = dense_block()
    x = np.random.default_rng(3).standard_normal((1, 3, 5, 6)).astype(np.float32)
    values = run_all(proto, {"x": x})
    seed = np.random.default_rng(4).standard_normal(values["y"].shape)
    change = np.random.default_rng(5).standard_normal(values[target].shape).astype(np.float32)

    found = vjp(to_float64(proto), {"x": x}, wrt=target, source="y", seed=seed, values=values,
                dtype=ir.DataType.FLOAT)  # fmt: skip

    moved = _moved(proto, target, values, change)
    assert np.sum(found * change) == pytest.approx(np.sum(seed * (moved - values["y"])), rel=1e-4)


def _moved(
    proto: onnx.ModelProto, target: str, values: dict[str, np.ndarray], change: np.ndarray
) -> np.ndarray:
    """Return y, which is linear in every tensor, with one of them moved."""
    rest = onnx.ModelProto()
    rest.CopyFrom(proto)
    kept = [part for part in proto.graph.node if part.output[0] != target]
    del rest.graph.node[:]
    rest.graph.node.extend(kept)
    if target != "x":
        rest.graph.input.append(onnx.helper.make_tensor_value_info(target, 1, values[target].shape))
    fed = {"x": values["x"]} | {target: values[target] + change}
    return plain_session(rest).run(["y"], fed)[0]


def test_a_dense_block_adds_once_for_each_layer() -> None:
    found = operators(dense_block(), np.zeros((1, 3, 5, 6), np.float32))

    assert found["Add"] <= 2 * LAYERS
    assert found["Split"] == LAYERS


# --- normalizations


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("order", ["behind", "before"])
def test_a_normalization_beside_a_convolution_is_no_pass_of_its_own(order: str, stride: int) -> None:
    rng = np.random.default_rng(0)
    weights = {"w": rng.standard_normal((16, 16, 3, 3)).astype(np.float32)}
    weights |= {name: rng.uniform(0.5, 2, 16).astype(np.float32) for name in ("scale", "bias", "mean", "var")}
    first, second = ("x", "conv") if order == "behind" else ("relu", "x")
    conv = node(
        "Conv", [first, "w"], "y" if order == "before" else "conv", pads=[1, 1, 1, 1], strides=[stride] * 2
    )
    norm = node("BatchNormalization", [second, "scale", "bias", "mean", "var"], "norm")
    relu = node("Relu", ["norm"], "y" if order == "behind" else "relu")
    nodes = [conv, norm, relu] if order == "behind" else [norm, relu, conv]
    proto = model(nodes, shape=(1, 16, 40, 32), weights=weights, opset=15)
    x = rng.standard_normal((1, 16, 40, 32)).astype(np.float32)
    values = run_all(proto, {"x": x})
    seed = rng.standard_normal(values["y"].shape).astype(np.float32)

    found = vjp(to_float64(proto), {"x": x}, wrt="x", source="y", seed=seed, values=values,
                dtype=ir.DataType.FLOAT)  # fmt: skip

    expected = vjp(
        to_float64(proto), {"x": x.astype(np.float64)}, wrt="x", source="y", seed=seed.astype(np.float64)
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    if order == "behind":
        assert operators(proto, x)["Mul"] == 1  # the mask


# --- bounds of quantizers


@pytest.mark.parametrize("dtype", [ir.DataType.INT8, ir.DataType.UINT8, ir.DataType.INT16, ir.DataType.UINT4])
def test_the_bounds_are_the_last_numbers_that_are_not_cut_off(dtype: ir.DataType) -> None:
    low, high = code_range(dtype)
    rng = np.random.default_rng(0)
    for step in np.exp(rng.uniform(-40, 20, 200)).astype(np.float32):
        zero = float(rng.integers(int(low), int(high) + 1))
        first, last = map(np.float32, bounds_of_codes(np.asarray(step), np.asarray(zero), low, high))

        assert np.rint(first / step) + zero == low
        assert np.rint(last / step) + zero == high
        assert np.rint(np.nextafter(first, np.float32(-np.inf)) / step) + zero < low
        assert np.rint(np.nextafter(last, np.float32(np.inf)) / step) + zero > high
