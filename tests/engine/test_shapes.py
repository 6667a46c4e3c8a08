"""The shapes of the runtime win: over what inference cannot know, and over what a model declares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest

import inspector
from inspector import Class
from inspector.graph.sized import shapes_at
from tests.support.graphs import model, node
from tests.support.in_process import engine_of
from tests.support.sessions import plain_session

RANDOM = np.random.default_rng(5)
WEIGHTS: dict[str, np.ndarray | np.generic] = {
    "w": RANDOM.standard_normal((4, 3, 3, 3)).astype(np.float32),
    "v": RANDOM.standard_normal((2, 4, 3, 3)).astype(np.float32),
    "share": np.float32(0.7),
    "lead": np.array([1, 4]),
    "two": np.array([2]),
    "four": np.array([4]),
}


def unforeseen(size: int | str) -> onnx.ModelProto:
    """Return a model that resizes a map to a size which only a run can tell: Round is not followed."""
    return model(
        [
            node("Conv", ["x", "w"], "a", pads=[1, 1, 1, 1]),
            node("Sigmoid", ["a"], "s"),
            node("Shape", ["s"], "shape"),
            node("Slice", ["shape", "two", "four"], "hw"),
            node("Cast", ["hw"], "floats", to=onnx.TensorProto.FLOAT),
            node("Mul", ["floats", "share"], "shares"),
            node("Round", ["shares"], "rounded"),
            node("Cast", ["rounded"], "small", to=onnx.TensorProto.INT64),
            node("Concat", ["lead", "small"], "sizes", axis=0),
            node("Resize", ["s", "", "", "sizes"], "r", mode="linear"),
            node("Conv", ["r", "v"], "m"),
            node("GlobalAveragePool", ["m"], "g"),
            node("Flatten", ["g"], "y"),
        ],
        shape=(1, 3, size, size),
        weights=WEIGHTS,
    )


def lying(proto: onnx.ModelProto, name: str, shape: list[int]) -> onnx.ModelProto:
    proto.graph.value_info.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    return proto


@pytest.mark.parametrize(
    "made",
    [
        lambda: unforeseen(11),
        lambda: unforeseen("side"),
        lambda: lying(unforeseen(11), "r", [1, 4, 9, 9]),
        lambda: lying(lying(unforeseen(11), "r", [1, 4, 6, 6]), "m", [1, 2, 4, 4]),
    ],
    ids=["unknown", "of a free size", "declared wrongly", "declared wrongly, twice"],
)
def test_gradients_rest_on_the_shapes_of_the_runtime(made: Callable[[], onnx.ModelProto]) -> None:
    proto = made()
    x = RANDOM.standard_normal((1, 3, 11, 11)).astype(np.float32)
    direction = RANDOM.standard_normal(x.shape).astype(np.float32)
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        gradient = ours.attribute(x, target=Class(1)).maps
    session = plain_session(proto)
    ahead, behind = (session.run(None, {"x": x + sign * 1e-2 * direction})[0] for sign in (1, -1))
    assert np.sum(gradient * direction) == pytest.approx(float(ahead[0, 1] - behind[0, 1]) / 2e-2, rel=1e-2)


def test_shapes_that_follow_from_values_are_left_open() -> None:
    proto = model(
        [
            node("Conv", ["x", "w"], "a", pads=[1, 1, 1, 1]),
            node("Round", ["a"], "rounded"),
            node("NonZero", ["a"], "places"),
            node("Shape", ["places"], "counted"),
            node("Expand", ["two", "counted"], "many"),
        ],
        shape=(1, 3, 6, 6),
        weights=WEIGHTS,
        outputs=["rounded", "many"],
    )
    proto.graph.output[1].type.tensor_type.elem_type = onnx.TensorProto.INT64
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        engine = engine_of(ours)
        inferred = shapes_at(engine.model, (3, 6, 6))
        known = engine.shapes.of(np.ones((1, 3, 6, 6), np.float32), inferred, otherwise=pytest.fail)
    assert known["rounded"] == (1, 4, 6, 6)
    assert {known.get(name) for name in ("places", "many")} == {
        inferred.get(name) for name in ("places", "many")
    }


@pytest.mark.parametrize("length", [640, "samples"], ids=str)
def test_a_spectrogram_of_a_signal_without_channels_has_its_gradient(length: int | str) -> None:
    """ONNX infers nothing of an STFT while its length is free; the signal is (batch, samples)."""
    weights: dict[str, np.ndarray | np.generic] = {
        "step": np.int64(32), "window": np.hanning(64).astype(np.float32), "frame": np.int64(64), "real": np.int64(0),
        "one": np.array([1]), "w": RANDOM.standard_normal((3, 1, 3, 3)).astype(np.float32),
    }  # fmt: skip
    proto = model(
        [
            node("STFT", ["x", "step", "window", "frame"], "stft", onesided=1),
            node("Gather", ["stft", "real"], "re", axis=3),
            node("Unsqueeze", ["re", "one"], "map"),
            node("Conv", ["map", "w"], "c", pads=[1, 1, 1, 1]),
            node("Mul", ["c", "c"], "square"),
            node("GlobalAveragePool", ["square"], "g"),
            node("Flatten", ["g"], "y"),
        ],
        shape=(1, length),
        weights=weights,
    )
    x = RANDOM.standard_normal((1, 640)).astype(np.float32)
    direction = RANDOM.standard_normal(x.shape).astype(np.float32)
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        assert ours.layer("c").shape[:3:2] == (1, 19 if length == 640 else None)
        gradient = ours.attribute(x, target=Class(1)).maps
    session = plain_session(proto)
    ahead, behind = (session.run(None, {"x": x + sign * 1e-2 * direction})[0] for sign in (1, -1))
    assert np.sum(gradient * direction) == pytest.approx(float(ahead[0, 1] - behind[0, 1]) / 2e-2, rel=1e-2)
