"""The graphs of a synthesis: transforms against NumPy's, gradients against finite differences, steps by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
import pytest
from onnx.reference import ReferenceEvaluator

from inspector.grad.backward import GRADIENT
from inspector.grad.synthesis.painting import GAIN, IMAGES, PARAMETERS, PULL, Painting
from inspector.graph.joined import joined
from inspector.graph.synthesis.canvas import Canvas
from inspector.graph.synthesis.colors import COLORS, unbounded
from inspector.graph.synthesis.frame import Frame
from inspector.graph.synthesis.optimizers import OPTIMIZERS, State
from inspector.graph.synthesis.parameterizations import Fourier, Parameterization, Phase, Pixels
from inspector.graph.synthesis.spectra import rfft2, write_irfft2
from inspector.graph.synthesis.views import NOISE, PLACE, Views
from inspector.graph.writer import Writer
from inspector.types.arrays import Array
from tests.support.numeric import to_float64

SIZE = (6, 9)
FRAME = Frame(
    gain=(3.0, 2.0, 4.0),
    offset=(-1.0, 0.5, 0.0),
    order=(2, 1, 0),
    axes=(1, 2, 0),
    shape=(*SIZE, 3),
    size=SIZE,
    dtype="float32",
)
PLAIN = Painting(
    canvas=Canvas(pictures=2, channels=3, size=SIZE),
    parameterization=Pixels(deviation=0.5),
    views=Views(size=SIZE),
    frame=FRAME,
    optimizer=OPTIMIZERS["adam"],
)
PHASE = Phase(magnitude=np.random.default_rng(1).uniform(0.5, 3, (3, 6, 5)))
PAINTINGS = {
    "pixels": PLAIN,
    "plain colors": replace(PLAIN, decorrelated=False),
    "fourier": replace(PLAIN, parameterization=Fourier(deviation=0.5)),
    "a steep spectrum": replace(PLAIN, parameterization=Fourier(decay=1.5, deviation=0.5)),
    "phases": replace(PLAIN, parameterization=PHASE),
    "moved": replace(PLAIN, views=Views(size=SIZE, jitter=2, scale=0.2, rotate=25, crops=2)),
    "crops with noise": replace(PLAIN, views=Views(size=SIZE, crop=(0.7, 0.4), crops=3, noise=0.1)),
    "parts of a larger canvas": replace(
        PLAIN, views=Views(size=(4, 5)), frame=replace(FRAME, shape=(4, 5, 3), size=(4, 5))
    ),
    "anchored": replace(
        PLAIN, anchor=np.random.default_rng(2).uniform(0, 1, (2, 3, *SIZE)).astype(np.float32), closeness=40.0
    ),
    "regularized": replace(
        PLAIN, regularizers=(("total_variation", 7.0), ("lp_norm", 3.0), ("l2_norm", 2.0))
    ),
}


def run(model: ir.Model, feeds: dict[str, Array]) -> dict[str, Array]:
    session = ort.InferenceSession(ir.to_proto(model).SerializeToString())
    names = [one.name for one in session.get_outputs()]
    taken = {one.name: feeds[one.name] for one in session.get_inputs()}
    return dict(zip(names, session.run(names, taken), strict=True))


def draws(painting: Painting) -> dict[str, Array]:
    generators = [np.random.default_rng([3, picture]) for picture in range(painting.canvas.pictures)]
    return dict(painting.views.draw(painting.canvas, generators, progress=0.5))


@pytest.mark.parametrize("name", PAINTINGS)
def test_gradients_of_all_parts_are_slopes(name: str) -> None:
    painting = PAINTINGS[name]
    generator = np.random.default_rng(0)
    parts = [painting.parameterization.start(painting.canvas, generator)]
    parameters = parts[0]
    pull = generator.normal(0, 1, (1, painting.rows * int(np.prod(painting.frame.shape)))).astype(np.float32)
    feeds = {PARAMETERS: parameters, PULL: pull, **draws(painting)}
    whole = joined([painting.forward, *painting.backward], outputs=[GAIN, GRADIENT], name="both")
    gradient = run(whole, feeds)[GRADIENT]
    forward = ReferenceEvaluator(to_float64(_spelled_newly(ir.to_proto(painting.forward))))
    wide = {
        key: value.astype(np.float64) if value.dtype == np.float32 else value for key, value in feeds.items()
    }
    direction = generator.normal(0, 1, parameters.shape)

    def gain(step: float) -> float:
        moved = {**wide, PARAMETERS: wide[PARAMETERS] + step * direction}
        return float(forward.run([GAIN], moved)[0][0])

    slope = (gain(1e-5) - gain(-1e-5)) / 2e-5
    assert float((gradient * direction).sum()) == pytest.approx(slope, rel=2e-4, abs=2e-4)
    assert abs(slope) > 1e-2


def _spelled_newly(model: onnx.ModelProto) -> onnx.ModelProto:
    """Name the mode of GridSample as from opset 20, the only name that the reference evaluator knows."""
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "GridSample" and attribute.name == "mode":
                attribute.s = b"linear"
    return model


@pytest.mark.parametrize("extent", [(6, 9), (8, 8), (1, 12), (5, 7)])
def test_the_transform_is_numpys(extent: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).normal(0, 1, (2, 3, *extent))
    spectrum = rfft2(picture).astype(np.float32)
    w = Writer(prefix="test/")
    given = w.input("spectrum", spectrum.shape)
    model = w.finish({"picture": (write_irfft2(w, given, extent), picture.shape)}, name="test")
    assert np.allclose(run(model, {"spectrum": spectrum})["picture"], picture, atol=1e-5)


@pytest.mark.parametrize("parameterization", [Pixels(), Fourier(), Fourier(decay=0.5)])
def test_a_picture_is_found_again_in_its_parameters(parameterization: Parameterization) -> None:
    painting = replace(PLAIN, parameterization=parameterization)
    picture = np.random.default_rng(0).uniform(0.1, 0.9, painting.canvas.shape)
    start = parameterization.of(unbounded(picture, decorrelated=True))
    feeds = {PARAMETERS: start, PULL: np.zeros((1, picture.size), np.float32)}
    images = run(painting.forward, feeds)[IMAGES]
    assert np.allclose(images, painting.frame.values(picture), atol=1e-4)
    assert np.allclose(painting.frame.pictures(images), picture, atol=1e-4)


def test_a_fourier_picture_is_the_recipes() -> None:
    """x = irfft2(s·z)/4, s = √(HW)/max(f, 1/max(H, W)); colors by Cᵀ; then a sigmoid: NumPy's own transform says so."""
    painting = PAINTINGS["fourier"]
    z = painting.parameterization.start(painting.canvas, np.random.default_rng(0)).astype(np.float64)
    height, width = SIZE
    f = np.sqrt(np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width)[None] ** 2)
    s = np.sqrt(height * width) / np.maximum(f, 1 / max(SIZE))
    raw = np.fft.irfft2(s * (z[:, :, :height] + 1j * z[:, :, height:]), s=SIZE) / 4
    colors = np.einsum("dc,nchw->ndhw", COLORS, raw)
    wanted = painting.frame.values(1 / (1 + np.exp(-colors)))
    feeds = {PARAMETERS: z.astype(np.float32), PULL: np.zeros((1, wanted.size), np.float32)}
    assert np.allclose(run(painting.forward, feeds)[IMAGES], wanted, atol=1e-4)


def test_a_spectrum_stays_whatever_its_phases() -> None:
    canvas = Canvas(pictures=1, channels=3, size=SIZE)
    w = Writer(prefix="test/")
    given = w.input("phases", PHASE.shape(canvas))
    model = w.finish({"picture": (PHASE.write(w, given, canvas), canvas.shape)}, name="test")
    picture = run(model, {"phases": PHASE.start(canvas, np.random.default_rng(0))})["picture"]
    found = np.abs(np.fft.rfft2(picture))[0]
    # Of frequencies that are their own mirror image only the real part is there.
    free = np.ones((6, 5), np.bool_)
    free[:, 0] = False
    assert np.allclose(found[:, free], PHASE.magnitude[:, free], rtol=1e-4)


def test_views_show_what_they_say() -> None:
    views = Views(size=(4, 4), jitter=3)
    canvas = Canvas(pictures=1, channels=1, size=(4, 4))
    picture = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    w = Writer(prefix="test/")
    model = w.finish(
        {"seen": (views.write(w, w.input("x", (1, 1, 4, 4)), canvas), (1, 1, 4, 4))}, name="test"
    )
    right = np.asarray([[[1, 0, 2 / 4], [0, 1, 0]]], np.float32)  # one pixel to the right
    seen = run(model, {"x": picture, PLACE: right})["seen"]
    assert np.allclose(seen[0, 0, :, :3], picture[0, 0, :, 1:])
    assert np.allclose(seen[0, 0, :, 3], 0.5)
    turned = np.asarray([[[0, 1, 0], [-1, 0, 0]]], np.float32)
    assert np.allclose(run(model, {"x": picture, PLACE: turned})["seen"][0, 0], np.rot90(picture[0, 0], -1))


def test_draws_belong_to_a_picture_in_any_company() -> None:
    painting = PAINTINGS["crops with noise"]
    both = draws(painting)
    one = painting.views.draw(
        replace(painting.canvas, pictures=1), [np.random.default_rng([3, 1])], progress=0.5
    )
    assert np.array_equal(both[PLACE][3:], one[PLACE])
    assert np.array_equal(both[NOISE][3:], one[NOISE])


# --- optimizers, by hand


def by_ascent(g: Array, _state: dict[str, Any], _t: int) -> Array:
    return g / np.sqrt((g**2).mean(axis=(1, 2), keepdims=True))


def by_momentum(g: Array, state: dict[str, Any], _t: int) -> Array:
    unit = g / np.sqrt((g**2).mean(axis=(1, 2), keepdims=True))
    state["v"] = 0.9 * state["v"] + 0.1 * unit
    found: Array = state["v"]
    return found


def by_rmsprop(g: Array, state: dict[str, Any], _t: int) -> Array:
    state["v"] = 0.9 * state["v"] + 0.1 * g**2
    return g / (np.sqrt(state["v"]) + 1e-8)


def by_adam(g: Array, state: dict[str, Any], t: int) -> Array:
    state["m"] = 0.9 * state["m"] + 0.1 * g
    state["v"] = 0.999 * state["v"] + 0.001 * g**2
    return (state["m"] / (1 - 0.9**t)) / (np.sqrt(state["v"] / (1 - 0.999**t)) + 1e-8)


def by_nadam(g: Array, state: dict[str, Any], t: int) -> Array:
    state["m"] = 0.9 * state["m"] + 0.1 * g
    state["v"] = 0.999 * state["v"] + 0.001 * g**2
    ahead = 0.9 * state["m"] / (1 - 0.9 ** (t + 1)) + 0.1 * g / (1 - 0.9**t)
    return ahead / (np.sqrt(state["v"] / (1 - 0.999**t)) + 1e-8)


HANDS: dict[str, Callable[[Array, dict[str, Any], int], Array]] = {
    "ascent": by_ascent,
    "momentum": by_momentum,
    "rmsprop": by_rmsprop,
    "adam": by_adam,
    "nadam": by_nadam,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_step_as_by_hand(name: str) -> None:
    optimizer, shape = OPTIMIZERS[name], (2, 3, 4)
    w = Writer(prefix="test/")
    slots = [w.input(f"slot{index}", shape) for index in range(optimizer.slots)]
    state = State(
        value=w.input("x", shape),
        gradient=w.input("g", shape),
        slots=slots,
        rate=w.input("rate", (1,)),
        count=w.input("count", (1,)),
        rank=3,
    )
    new, kept = optimizer.write(w, state)
    ends = {"new": (new, shape)} | {f"kept{index}": (one, shape) for index, one in enumerate(kept)}
    model = w.finish(ends, name="test")
    generator = np.random.default_rng(0)
    x = wanted = generator.normal(0, 1, shape)
    memory: dict[str, Any] = {"m": np.zeros(shape), "v": np.zeros(shape)}
    held = {f"slot{index}": np.zeros(shape, np.float32) for index in range(optimizer.slots)}
    for t in (1, 2, 3, 4):
        g = generator.normal(0, 1, shape)
        numbers = {"rate": np.full(1, 0.3, np.float32), "count": np.full(1, t, np.float32)}
        feeds = {"x": x.astype(np.float32), "g": g.astype(np.float32), **numbers, **held}
        found = run(model, feeds)
        wanted = wanted + 0.3 * HANDS[name](g, memory, t)
        x = found["new"]
        held = {f"slot{index}": found[f"kept{index}"] for index in range(optimizer.slots)}
        assert np.allclose(x, wanted, atol=1e-5)
