"""Methods that run many images made of one: their targets share the runs forward, and nothing else of each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Class, Element, Unit
from inspector.runtime.session import Session
from inspector.types.targets import Target
from tests.support.small_cnn import images, small_cnn

X = images(3, seed=8)
METHODS = [("integrated_gradients", {"steps": 12}), ("smoothgrad", {"samples": 9, "noise": 0.2, "seed": 4})]
TARGETS: list[Target] = [Class(1), Class(4), Unit("relu2", 2, (1, 1)), Class(0), Element("scores", (2,))]


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(head="Softmax"), device="cpu") as loaded:
        yield loaded


@pytest.mark.parametrize(("method", "options"), METHODS)
@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_targets_that_share_images_have_the_maps_that_they_have_alone(
    ours: inspector.Model, method: str, options: dict[str, Any], batch: int | str
) -> None:
    targets = TARGETS * 3  # more than share their images at once
    alone = [ours.attribute(X[:1], method=method, target=one, **options) for one in TARGETS] * 3
    expected = np.concatenate([one.maps for one in alone])

    with inspector.load(small_cnn(head="Softmax", batch=batch), device="cpu") as other:
        found = other.attribute(X[:1], method=method, target=targets, **options)

    np.testing.assert_allclose(found.maps, expected, atol=1e-6 * np.abs(expected).max())
    assert [one.value for one in found.targets] == pytest.approx([one.targets[0].value for one in alone])


@pytest.mark.parametrize(("method", "options"), METHODS)
def test_every_target_on_every_image_is_as_alone(
    ours: inspector.Model, method: str, options: dict[str, Any]
) -> None:
    found = ours.attribute(X, method=method, target=TARGETS, cross=True, **options).maps

    expected = np.concatenate(
        [ours.attribute(x[None], method=method, target=one, **options).maps for x in X for one in TARGETS]
    )
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(("method", "options"), METHODS)
def test_more_targets_are_no_more_runs_forward(
    ours: inspector.Model, method: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    forward, run = list[int](), Session.run

    def spy(self: Session, feeds: dict[str, Any], fetch: list[str], **rest: Any) -> Any:
        if "x" in feeds:
            forward.append(len(feeds["x"]))
        return run(self, feeds, fetch, **rest)

    monkeypatch.setattr(Session, "run", spy)
    ours.attribute(X[:1], method=method, target=Class(1), **options)
    one = sum(forward)
    forward.clear()
    ours.attribute(X[:1], method=method, target=[Class(1), Class(4), Class(0)], **options)

    assert sum(forward) == one


@pytest.mark.parametrize(("method", "options"), METHODS)
def test_the_progress_of_several_targets_grows_to_the_whole(
    ours: inspector.Model, method: str, options: dict[str, Any]
) -> None:
    seen: list[tuple[int, int]] = []
    ours.attribute(
        X,
        method=method,
        target=TARGETS,
        cross=True,
        progress=lambda done, total: seen.append((done, total)),
        **options,
    )

    steps = options.get("steps") or options["samples"]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (len(X) * len(TARGETS) * steps,) * 2
