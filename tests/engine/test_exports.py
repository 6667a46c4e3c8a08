"""Exports that ONNX's own tools misread: what the runtime does is what counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Unit
from inspector.engine.sessions import Backward
from inspector.runtime.tensor import DeviceTensor
from tests.support.graphs import model, node
from tests.support.in_process import engine_of

RNG = np.random.default_rng(0)
WEIGHT = RNG.standard_normal((4, 2, 2, 2)).astype(np.float32)


@pytest.mark.parametrize("op_type", ["AveragePool", "MaxPool"])
@pytest.mark.parametrize("opset", [10, 11, 17, 19, 22])
@pytest.mark.parametrize(
    ("size", "strides", "pads"),
    [
        ((8, 10), [3, 2], [1, 1, 1, 1]),
        ((7, 8), [2, 4], [0, 0, 0, 0]),
        ((8, 10), [2, 2], [0, 2, 2, 0]),
        ((9, 11), [2, 4], [1, 0, 0, 2]),
    ],
)
def test_a_last_window_in_the_padding_alone_is_none(
    op_type: str, opset: int, size: tuple[int, int], strides: list[int], pads: list[int]
) -> None:
    """Before opset 22, ONNX's shape inference counts it for ceil_mode."""
    pool = node(op_type, ["x"], "pool", kernel_shape=[3, 3], strides=strides, pads=pads, ceil_mode=1)
    proto = model(
        [pool, node("Conv", ["pool", "w"], "y", strides=[2, 1])],
        shape=("n", 2, *size),
        weights={"w": WEIGHT},
        opset=opset,
    )
    x, step = RNG.standard_normal((2, 1, 2, *size)).astype(np.float32)
    unit = Unit("y", channel=1, position=(0, 0))

    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        pooled = ours.activations(x, layers=["pool"])["pool"]
        assert ours.layer("pool").shape == pooled.shape
        gradient = ours.attribute(x, target=unit).maps
        step *= 1e-3  # small enough for every maximum to stay
        change = (
            ours.attribute(x + step, target=unit).targets[0].value
            - ours.attribute(x - step, target=unit).targets[0].value
        )

    assert np.sum(gradient * step) * 2 == pytest.approx(change, rel=1e-2, abs=1e-5)


def test_weights_are_held_once_by_all_sessions() -> None:
    weight = RNG.standard_normal((3 * 16 * 12, 40)).astype(np.float32)
    nodes = [node("Flatten", ["x"], "flat"), node("Gemm", ["flat", "w"], "y")]
    data = model(nodes, shape=("n", 3, 16, 12), weights={"w": weight}).SerializeToString()
    x = np.ones((1, 3, 16, 12), np.float32)

    with inspector.load(data, device="cpu") as ours:
        ours.predict(x)
        ours.attribute(x, target=0)
        ours.activations(x, layers=["flat", "y"])
        own: Any = engine_of(ours).sessions
        cached = [held.session for key, held in own._cache._sessions.items() if key[0] == own._key]

    sessions = [value.session if isinstance(value, Backward) else value for value in cached]
    held = [session._weights["w"] for session in sessions]
    assert len(held) == 3
    assert len({id(tensor) for tensor in held}) == 1


def test_only_the_scores_and_the_map_come_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched, numpy = [], DeviceTensor.numpy

    def noted(self: DeviceTensor) -> np.ndarray:
        fetched.append(self.shape)
        return numpy(self)

    nodes = [
        node("Conv", ["x", "w"], "conv"),
        node("Relu", ["conv"], "relu"),
        node("GlobalAveragePool", ["relu"], "y"),
    ]
    proto = model(nodes, shape=("n", 2, 9, 9), weights={"w": WEIGHT})

    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        ours.predict(np.ones((1, 2, 9, 9), np.float32))  # what the output means is measured once
        monkeypatch.setattr(DeviceTensor, "numpy", noted)
        ours.attribute(
            np.ones((3, 2, 9, 9), np.float32), target=0
        )  # which is not dead: that would be looked into

    assert fetched == [(3, 4, 1, 1), (3, 2, 9, 9)]


@pytest.mark.parametrize("shape", [(400,), (16, 16)], ids=str)
def test_constants_between_transpositions_are_read_as_they_are(shape: tuple[int, ...]) -> None:
    """Layers in NHWC within a model in NCHW: ONNX Runtime moves the Transposes, and transposes the constants."""
    channels = shape[-1]
    scale = RNG.standard_normal(shape).astype(np.float32)
    kernel = RNG.standard_normal((channels, channels, 1, 1)).astype(np.float32)
    nodes = [
        node("Conv", ["x", "k"], "first"),
        node("Transpose", ["first"], "channels_last", perm=[0, 2, 3, 1]),
        node("Mul", ["channels_last", "scale"], "scaled"),
        node("Transpose", ["scaled"], "channels_first", perm=[0, 3, 1, 2]),
        node("Conv", ["channels_first", "k"], "y"),
    ]
    proto = model(nodes, shape=("n", channels, 16, 16), weights={"scale": scale, "k": kernel})
    x = RNG.standard_normal((1, channels, 16, 16)).astype(np.float32)

    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        found = ours.activations(x, layers=["y"])["y"]

    products = kernel[:, :, 0, 0]
    scaled = np.einsum("oc,nchw->nhwo", products, x) * scale
    expected = np.einsum("oc,nhwc->nohw", products, scaled)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
