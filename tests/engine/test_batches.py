"""Batches of any size on any export: the answers are those of the dynamic model, image by image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Unit
from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.face.local import LocalBackend
from inspector.model.read import read_model
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU
from inspector.runtime.session import Session
from tests.support.graphs import model, node
from tests.support.sessions import plain_session
from tests.support.small_cnn import CLASSES, HEIGHT, WIDTH, images, small_cnn

METHODS = ("saliency", "deconvnet", "guided")


def load(**changes: Any) -> inspector.Model:
    return inspector.load(small_cnn(**changes), device="cpu")


def reference(x: np.ndarray, **changes: Any) -> dict[str, np.ndarray]:
    """Return what each image alone gets from the dynamic model."""
    with load(**changes) as ours:
        alone = [x[i : i + 1] for i in range(len(x))]
        found = {
            m: np.concatenate([ours.attribute(one, method=m, target=1).maps for one in alone])
            for m in METHODS
        }
        found["unit"] = np.concatenate(
            [ours.attribute(one, target=Unit("conv2", channel=3)).maps for one in alone]
        )
        found["relu2"] = np.concatenate([ours.activations(one, layers=["relu2"])["relu2"] for one in alone])
        found["features"] = np.concatenate([ours.features(one) for one in alone])
        return found


@pytest.mark.parametrize("count", [1, 3, 7])
@pytest.mark.parametrize("batch", ["n", 1, 5])
def test_any_number_of_images_on_any_batch(batch: int | str, count: int) -> None:
    x = images(count)
    expected = reference(x)

    with load(batch=batch) as ours:
        for method in METHODS:
            np.testing.assert_allclose(
                ours.attribute(x, method=method, target=1).maps, expected[method], atol=2e-6
            )
        np.testing.assert_allclose(
            ours.attribute(x, target=Unit("conv2", channel=3)).maps, expected["unit"], atol=2e-6
        )
        np.testing.assert_allclose(
            ours.activations(x, layers=["relu2"])["relu2"], expected["relu2"], atol=2e-6
        )
        np.testing.assert_allclose(ours.features(x), expected["features"], atol=2e-6)
        assert len(ours.predict(x)) == count


@pytest.mark.parametrize("batch", ["n", 1, 5])
@pytest.mark.parametrize("count", [2, 5, 8])
def test_seeds_of_one_image_in_one_go_equal_one_by_one(batch: int | str, count: int) -> None:
    x = images(1)
    targets = [Unit("relu1", channel=i % 8, position=(i, i)) for i in range(count)]

    with load(batch=batch) as ours:
        together = ours.attribute(x, method="deconvnet", target=targets)
        alone = [ours.attribute(x, method="deconvnet", target=target) for target in targets]

    assert together.targets == tuple(a.targets[0] for a in alone)
    np.testing.assert_allclose(together.maps, np.concatenate([a.maps for a in alone]), atol=2e-6)


def test_all_classes_of_one_image_are_one_run_forward_and_one_back(
    ours_counted: tuple[inspector.Model, list[Any]],
) -> None:
    ours, runs = ours_counted

    ours.attribute(images(1), target=list(range(CLASSES)))

    assert runs == ["forward", "backward"]


@pytest.fixture
def ours_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[inspector.Model, list[Any]]]:
    """A model whose runs are noted."""
    runs, run = [], Session.run

    def noted(self: Session, feeds: dict[str, Any], fetch: list[str], **rest: Any) -> dict[str, Any]:
        runs.append("backward" if "grad/gradient" in fetch else "forward")
        return run(self, feeds, fetch, **rest)

    monkeypatch.setattr(Session, "run", noted)
    with load() as ours:
        yield ours, runs


def test_a_batch_larger_than_memory_allows_is_cut() -> None:
    x = images(7)
    data = read_model(small_cnn())
    with_room, without = (
        Engine(data, device=CPU, cache=SessionCache(max_bytes=1 << 30), batch_bytes=size)
        for size in (1 << 30, 1)
    )

    assert without.largest_batch(x.shape[1:]) == 1
    assert with_room.largest_batch(x.shape[1:]) > 7
    np.testing.assert_allclose(
        Run(with_room).forward(x, ["scores"])["scores"],
        Run(without).forward(x, ["scores"])["scores"],
        atol=1e-5,
    )


def test_seeds_beyond_what_memory_allows_are_cut() -> None:
    x, targets = images(1), [Unit("relu1", channel=i, position=(2, i)) for i in range(7)]
    found = []
    for size in (1 << 30, 1):
        engine = Engine(
            read_model(small_cnn()), device=CPU, cache=SessionCache(max_bytes=1 << 30), batch_bytes=size
        )
        found.append(inspector.Model(LocalBackend(engine), name="small").attribute(x, target=targets).maps)

    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    assert len(np.unique(np.abs(found[0]).sum(axis=(1, 2, 3)))) > 4


def test_nhwc_gives_the_same_in_its_own_layout() -> None:
    x = images(3)
    expected = reference(x)

    with load(layout="NHWC") as ours:
        given = images(3, layout="NHWC")
        for method in METHODS:
            found = ours.attribute(given, method=method, target=1)
            assert found.layout == "NHWC"
            np.testing.assert_allclose(found.maps.transpose(0, 3, 1, 2), expected[method], atol=2e-6)


def test_opset_7_gives_the_same() -> None:
    """MaxPool had no switches then."""
    x = images(2)
    with load() as new, load(opset=7) as old:
        for method in METHODS:
            np.testing.assert_allclose(
                old.attribute(x, method=method, target=1).maps,
                new.attribute(x, method=method, target=1).maps,
                atol=1e-6,
            )


@pytest.mark.parametrize("size", [(16, 12), (23, 18)])
def test_a_model_of_any_size_serves_the_sizes_it_is_given(size: tuple[int, int]) -> None:
    height, width = size
    x = images(2, height=height, width=width)
    session = plain_session(small_cnn(height="h", width="w"))

    with load(height="h", width="w") as ours:
        np.testing.assert_allclose(
            ours.activations(x, layers=["scores"])["scores"], session.run(None, {"x": x})[0], atol=1e-5
        )
        found = ours.attribute(x, target=2).maps
        with load(height=height, width=width) as fixed:
            np.testing.assert_allclose(found, fixed.attribute(x, target=2).maps, atol=2e-6)


def test_a_model_that_reads_its_image_directly_in_its_rule() -> None:
    """The image itself is saved for the way back: x·x needs x."""
    proto = model([node("Mul", ["x", "x"], "square"), node("ReduceSum", ["square"], "y", axes=[1, 2, 3], keepdims=0)],
                  shape=("n", 3, HEIGHT, WIDTH), opset=11)  # fmt: skip
    x = images(2)

    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        found = ours.attribute(x, target=Unit("square", channel=1, position=(2, 3)))

    expected = np.zeros_like(x)
    expected[:, 1, 2, 3] = 2 * x[:, 1, 2, 3]
    np.testing.assert_allclose(found.maps, expected, rtol=1e-6)


def test_many_images_of_any_size_are_cut_by_what_their_size_needs() -> None:
    engine = Engine(
        read_model(small_cnn(height="h", width="w")),
        device=CPU,
        cache=SessionCache(max_bytes=1 << 30),
        batch_bytes=1 << 20,
    )

    found = [engine.largest_batch((3, height, width)) for height, width in ((16, 12), (64, 48), (640, 480))]

    assert found[0] > found[1] > found[2] == 1
