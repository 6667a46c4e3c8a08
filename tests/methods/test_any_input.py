"""Every method on every kind of input: signals, images and volumes, channels anywhere and of any number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import pytest

import inspector
from inspector import Element
from inspector.methods.notes import CAUTION
from inspector.types.layouts import channel_axis, space_of, spatial_axes
from tests.support.fronts import Front, random_front
from tests.support.graphs import model, node
from tests.support.sessions import plain_session

pytestmark = pytest.mark.slow

METHODS: Mapping[str, dict[str, Any]] = {
    "saliency": {},
    "smoothgrad": {"samples": 2},
    "integrated_gradients": {"steps": 2},
    "gradcam": {},
    "guided_gradcam": {},
    "rise": {"masks": 6},
}
SEEDS = range(48)
SPOT = 5.0


def image_of(front: Front, rng: np.random.Generator) -> np.ndarray:
    """Return one random image for a front."""
    shape = [1 if letter == "N" else front.sizes[letter] for letter in front.layout]
    return rng.uniform(0, 2, shape).astype(np.float32)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_method_takes_every_input(seed: int) -> None:
    front = random_front(seed)
    proto, image = front.finish(), image_of(front, front.rng)
    with inspector.load(proto, device="cpu") as model:
        found = model.info.input
        assert found.layout == front.layout, front.done
        if "reverse_channels" not in front.done or not front.free_channels:
            assert found.channels == front.sizes.get("C", 1)
        for method, options in METHODS.items():
            answer = model.attribute(image, method=method, target=Element("scores", (1,)), **options)
            sizes = answer.maps.shape
            assert [sizes[axis] for axis in spatial_axes(answer.layout)] == [
                front.sizes[s] for s in front.space
            ]
            assert np.isfinite(answer.maps).all()
            assert len(answer.pictures()) == 1
        sweep = model.occlude(image, target=Element("scores", (1,)), fill=0.25)
        assert sweep.done.all()
        assert len(sweep.pictures()) == 1
    at = tuple(int(front.rng.integers(size)) for size in sweep.probability.shape)
    np.testing.assert_allclose(
        sweep.probability[at], runtime_score(proto, covered(image, front, sweep, at)), rtol=2e-4, atol=1e-4
    )


def covered(image: np.ndarray, front: Front, sweep: Any, at: tuple[int, ...]) -> np.ndarray:
    """Return the image with the box of one position in it."""
    copy = image.copy()
    box = [slice(None)] * image.ndim
    for letter, starts, size, place in zip(front.space, sweep.starts, sweep.size, at, strict=True):
        box[front.layout.index(letter)] = slice(starts[place], starts[place] + size)
    copy[tuple(box)] = 0.25
    return copy


def runtime_score(proto: bytes, image: np.ndarray) -> float:
    (scores,) = plain_session(proto).run(None, {"x": image})
    return float(np.asarray(scores)[0, 1])


# --- where something lies


def peaked(front: Front) -> np.ndarray:
    """Return a filter that answers a bright spot most where the spot is, in every channel."""
    bump = np.ones(())
    for _ in front.space:
        bump = np.multiply.outer(bump, np.array([0.2, 1.0, 0.2]))
    return np.broadcast_to(bump, (1, front.sizes.get("C", 1), *bump.shape)).astype(np.float32).copy()


def spot_image(front: Front, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return an image that is dark but for one pixel of what the network reads, and where that is."""
    place = tuple(
        int(rng.integers(first + 1, end - 1)) for first, end in (front.kept[one] for one in front.space)
    )
    image = np.zeros([1 if letter == "N" else front.sizes[letter] for letter in front.layout], np.float32)
    index: list[Any] = [slice(None)] * image.ndim
    for letter, where in zip(front.space, place, strict=True):
        index[front.layout.index(letter)] = where
    image[tuple(index)] = SPOT
    return image, place


def peak(values: np.ndarray, layout: str) -> tuple[int, ...]:
    """Return where a map is largest, channels summed."""
    axis = channel_axis(layout)
    plane = np.abs(values[0] if axis is None else values.sum(axis=axis)[0])
    return tuple(int(one) for one in np.unravel_index(int(plane.argmax()), plane.shape))


@pytest.mark.parametrize("seed", SEEDS)
def test_methods_find_the_spot(seed: int) -> None:
    """The network's score grows with one bright pixel only: every method must point at it, however the graph turns."""
    stride = 1 + seed % 2
    front = random_front(seed, steps=4)
    rng = np.random.default_rng(seed)
    image, place = spot_image(front, rng)
    kernel = peaked(front)
    proto = onnx.load_from_string(front.finish(kernel=kernel, stride=stride, classes=1))
    weights = next(one for one in proto.graph.initializer if one.name == "v")
    weights.CopyFrom(onnx.numpy_helper.from_array(np.ones((1, 1), np.float32), "v"))
    target = Element("scores", (0,))
    with inspector.load(proto.SerializeToString(), device="cpu") as model:
        for method in ("saliency", "gradient_x_input", "gradcam", "guided_gradcam"):
            found = model.attribute(image, method=method, target=target)
            off = np.abs(np.subtract(peak(found.maps, found.layout), place))
            assert off.max() <= stride, f"{method} {front.layout} {front.done}"
            assert {note.id for note in found.notes} <= {CAUTION}
        sweep = model.occlude(image, target=target, size=1, stride=1, fill=0.0)
        least = np.unravel_index(int(sweep.probability.argmin()), sweep.probability.shape)
        assert tuple(map(int, least)) == place
        if stride == 1 and np.prod(sweep.probability.shape) < 700:
            rise = model.attribute(image, method="rise", target=target, masks=300, baseline=0.0)
            reach = [max(2, size // 4) for size in sweep.probability.shape]
            assert (np.abs(np.subtract(peak(rise.maps, rise.layout), place)) <= reach).all()
        layer, unit = model.layer("relu"), model.attribute(image, target=inspector.Unit("relu"))
    field, position = layer.receptive_field, unit.targets[0].position
    assert field is not None
    sizes = [front.sizes[letter] for letter in front.space]
    for (first, end), where in zip(field.windows(position, size=sizes), place, strict=True):
        assert first <= where < end


def test_space_of_layouts() -> None:
    assert [space_of(one) for one in ("NCHW", "NLC", "NC", "DHW", "NDHWC")] == ["HW", "L", "", "DHW", "DHW"]


# --- a spectrum that the graph computes


@pytest.mark.parametrize("samples", [512, "samples"])
@pytest.mark.parametrize("shape", [(1, 512), (1, 512, 1)])
def test_a_waveform_through_a_spectrum(samples: int | str, shape: tuple[int, ...]) -> None:
    """The gradient is that of central differences; maps over time lie along the waveform, and say that they do."""
    rng = np.random.default_rng(0)
    nodes = [
        node("STFT", ["x", "step", "window", "length"], "frames"),
        node("Transpose", ["frames"], "bins", perm=[0, 3, 2, 1]),
        node("Conv", ["bins", "w"], "conv", pads=[1, 1, 1, 1]),
        node("Relu", ["conv"], "relu"),
        node("GlobalAveragePool", ["relu"], "mean"),
        node("Flatten", ["mean"], "scores"),
    ]
    weights: dict[str, Any] = {
        "step": np.int64(32),
        "length": np.int64(64),
        "window": np.hanning(64).astype(np.float32),
        "w": rng.standard_normal((2, 2, 3, 3)).astype(np.float32),
    }
    declared = [1, samples, *shape[2:]]
    proto = model(nodes, shape=declared, weights=weights).SerializeToString()
    wave = rng.standard_normal(shape).astype(np.float32)
    with inspector.load(proto, device="cpu") as loaded:
        assert space_of(loaded.info.input.layout) == "L"
        gradient = loaded.attribute(wave, target=Element("scores", (1,))).maps
        session, step = plain_session(proto), 1e-2
        for at in (100, 256, 301):
            ends = []
            for sign in (1, -1):
                moved = wave.copy()
                moved[0, at] += sign * step
                ends.append(float(session.run(None, {"x": moved})[0][0, 1]))
            np.testing.assert_allclose(
                gradient[0, at], (ends[0] - ends[1]) / (2 * step), rtol=0.02, atol=1e-4
            )
        burst = np.zeros(shape, np.float32)
        burst[0, 380:400] = np.resize(rng.standard_normal(20), burst[0, 380:400].shape)
        found = loaded.attribute(burst, method="gradcam", layer="relu", target=Element("scores"))
        assert [note.id for note in found.notes] == ["places_unknown"]
        again = loaded.attribute(burst, method="gradcam", layer="relu", target=Element("scores"))
        assert again.notes == found.notes  # also where it is known from before how the layer lies
        assert found.maps.reshape(-1).argmax() == pytest.approx(390, abs=64) or not found.maps.any()
