"""Variants made on the device are those made on the host, and so are answers; the CPU is made to be such a device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.engine.sweeping.laid import laid_loop
from inspector.engine.sweeping.plain import PlainLoop
from inspector.engine.sweeping.variants import Variants
from inspector.errors import EngineError
from inspector.graph.laid import BOXES, COLOR, IMAGE, LAID
from inspector.runtime.device import Device
from inspector.runtime.session import Session
from inspector.runtime.tensor import DeviceTensor
from tests.support.layered import Layered
from tests.support.small_cnn import images, small_cnn
from tests.support.sweeps import loaded_engine, random_variants, whole

COUNT = 23


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device, "has_own_memory", property(lambda self: True))


@pytest.fixture
def net() -> Layered:
    net = Layered(5)
    net.image = (3, 24, 20)
    net.at = net.add("Conv", [net.at, net.random(4, net.channels, 3, 3)], pads=[1] * 4)
    net.at = net.add("Flatten", [net.add("GlobalAveragePool", [net.add("Relu", [net.at])])])
    return net


@pytest.fixture
def engine(net: Layered) -> Engine:
    return loaded_engine(net.proto(net.at))


def one_color(image: np.ndarray, color: np.ndarray, axes: tuple[int, ...], *, count: int = COUNT) -> Variants:
    rng = np.random.default_rng(3)
    boxes = random_variants(image, axes, rng, count=count).boxes
    boxes[-1] = boxes[-1][:, :1]  # of no size: the image as it is
    return Variants(image=image, axes=axes, boxes=boxes, patch=np.asarray(color).astype(image.dtype))


def variants_of(net: Layered, *, count: int = COUNT) -> Variants:
    image = np.random.default_rng(3).standard_normal((1, *net.image)).astype(np.float32)
    return one_color(image, np.array([0.5, -2, 3], np.float32).reshape(3, 1, 1), (2, 3), count=count)


@pytest.mark.parametrize("kind", ["float32", "float16", "uint8"])
@pytest.mark.parametrize(
    ("shape", "color", "axes"),
    [
        ((3, 9, 8), (3, 1, 1), (2, 3)),
        ((3, 9, 8), (), (2, 3)),
        ((9, 8, 3), (3,), (1, 2)),
        ((2, 17), (2, 1), (2,)),
        ((2, 5, 6, 7), (2, 1, 1, 1), (2, 3, 4)),
        ((9, 8), (), (1, 2)),
    ],
    ids=str,
)
def test_the_graph_makes_what_the_host_makes(
    engine: Engine, kind: str, shape: tuple[int, ...], color: tuple[int, ...], axes: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(1)
    image = (rng.random((1, *shape)) * 9 + 1).astype(kind)
    variants = one_color(image, rng.random(color) * 9, axes)
    assert not callable(variants.patch)
    session = engine.sessions.laid(shape, dtype=image.dtype, axes=axes)
    over = np.broadcast_to(variants.patch, (1, *np.broadcast_shapes(color, (1,) * len(shape))))
    found = session.run({IMAGE: image, COLOR: np.ascontiguousarray(over), BOXES: variants.boxes}, [LAID])

    expected = np.concatenate([variants.image_of(number).copy() for number in range(len(variants))])
    np.testing.assert_array_equal(found[LAID].numpy(), expected)
    assert (expected[:-1] != image).any()


@pytest.mark.parametrize("plans", [False, True])
@pytest.mark.parametrize("at_most", [None, 5])
@pytest.mark.usefixtures("elsewhere")
def test_answers_are_those_of_each_variant_alone(
    net: Layered, engine: Engine, monkeypatch: pytest.MonkeyPatch, plans: bool, at_most: int | None
) -> None:
    monkeypatch.setattr(Device, "plans_by_shape", property(lambda self: plans))
    variants, tensors = variants_of(net), (net.at,)
    loop = PlainLoop(Run(engine), variants, tensors, at_most=at_most)
    parts = list(loop(range(2, COUNT)))

    assert [number for part, _ in parts for number in part] == list(range(2, COUNT))
    expected = whole(net.proto(net.at), variants, tensors)[net.at][2:]
    found = np.concatenate([values[net.at] for _, values in parts])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.usefixtures("elsewhere")
def test_nothing_but_boxes_goes_to_the_device(
    net: Layered, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = variants_of(net)
    loop = PlainLoop(Run(engine), variants, (net.at,), at_most=None)
    placed: list[Mapping[str, Any]] = []
    run = Session.run

    def spy(self: Session, feeds: Mapping[str, Any], *given: Any, **more: Any) -> Any:
        placed.append({name: feed for name, feed in feeds.items() if not isinstance(feed, DeviceTensor)})
        return run(self, feeds, *given, **more)

    monkeypatch.setattr(Session, "run", spy)
    list(loop(range(COUNT)))
    assert [set(each) for each in placed] == [{BOXES}, set()]


@pytest.mark.usefixtures("elsewhere")
def test_what_fails_there_is_made_on_the_host(
    net: Layered, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = variants_of(net)
    loop = PlainLoop(Run(engine), variants, (net.at,), at_most=4)
    forward, failed = Engine.run_forward, []

    def failing(self: Engine, chunk: Any, *given: Any, **more: Any) -> Any:
        if isinstance(chunk, DeviceTensor):
            failed.append(chunk.shape[0])
            if len(failed) == 3:
                raise EngineError("planted", reason="RUN_FAILED")
        return forward(self, chunk, *given, **more)

    monkeypatch.setattr(Engine, "run_forward", failing)
    parts = list(loop(range(COUNT)))
    assert (failed, parts[2][0].start) == ([4, 4, 4], 8)
    found = np.concatenate([values[net.at] for _, values in parts])
    expected = whole(net.proto(net.at), variants, (net.at,))[net.at]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.usefixtures("elsewhere")
def test_images_that_run_alone_do_so(net: Layered) -> None:
    at = net.add("Sub", [net.at, net.add("ReduceMean", [net.at], axes=[0])])
    other = loaded_engine(net.proto(at))
    assert laid_loop(Run(other), variants_of(net), (at,), at_most=None) is None


def test_it_is_for_one_color_on_a_device_of_its_own_memory(
    net: Layered, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants, run = variants_of(net), Run(engine)
    assert laid_loop(run, variants, (net.at,), at_most=None) is None
    monkeypatch.setattr(Device, "has_own_memory", property(lambda self: True))
    assert laid_loop(run, variants, (net.at,), at_most=None) is not None
    assert laid_loop(run, variants, (net.at,), at_most=1) is None
    several = random_variants(variants.image, variants.axes, np.random.default_rng(0))
    assert laid_loop(run, several, (net.at,), at_most=None) is None


@pytest.mark.usefixtures("elsewhere")
def test_occlusion_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import inspector  # noqa: PLC0415

    x = images(1)
    with inspector.load(small_cnn(), device="cpu") as model:
        there = model.occlude(x, target=1, size=3, stride=1)
        monkeypatch.setattr(Device, "has_own_memory", property(lambda self: False))
        here = model.occlude(x, target=1, size=3, stride=1)
    for one in ("probability", "activation"):
        np.testing.assert_allclose(getattr(there, one), getattr(here, one), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(there.label, here.label)
