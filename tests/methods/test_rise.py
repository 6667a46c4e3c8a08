"""RISE against a plain loop over the same masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Class, Unit
from inspector.engine.run import Run
from inspector.engine.scan import Scanned
from inspector.errors import InvalidInputError
from inspector.methods.attribution.masks import random_masks
from tests.support.graphs import Exposed, model, node
from tests.support.small_cnn import HEIGHT, WIDTH, images, proto, small_cnn

X = images(2, seed=8)
GRAY = 0.5
"""What the small CNN, which says nothing of its preprocessing, takes for gray: 127.5/255."""


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(head="Softmax"), device="cpu") as loaded:
        yield loaded


def drawn(count: int, *, cells: int = 7, keep: float = 0.5, seed: int = 0) -> np.ndarray:
    """Return the masks that the method draws."""
    return random_masks(
        count, size=(HEIGHT, WIDTH), cells=cells, keep=keep, generator=np.random.default_rng(seed)
    )


def plain_loop(
    image: np.ndarray, masks: np.ndarray, *, baseline: float, tensor: str, place: tuple[int, ...]
) -> np.ndarray:
    session = Exposed(proto(small_cnn(head="Softmax")), [tensor])
    total = np.zeros((HEIGHT, WIDTH))
    for mask in masks:
        masked = (image * mask + baseline * (1 - mask)).astype(np.float32)
        total += session.run(masked[None])[tensor][(0, *place)] * mask
    return total / masks.sum(axis=0)


@pytest.mark.parametrize(
    "options",
    [{}, {"cells": 3, "keep": 0.3}, {"seed": 5}, {"baseline": -1.5}, {"cells": 12, "keep": 1.0}],
    ids=str,
)
def test_it_equals_the_loop(ours: inspector.Model, options: dict[str, Any]) -> None:
    found = ours.attribute(X, method="rise", masks=90, target=[Class(1), Class(4)], **options)

    assert found.maps.shape == (2, 1, HEIGHT, WIDTH)
    masks = drawn(90, **{name: value for name, value in options.items() if name != "baseline"})
    for row, index in enumerate((1, 4)):
        expected = plain_loop(
            X[row],
            masks,
            baseline=options.get("baseline", GRAY),
            tensor="answer",
            place=(index,),
        )
        np.testing.assert_allclose(found.maps[row, 0], expected, rtol=1e-4)


def test_a_unit_is_watched_by_its_value(ours: inspector.Model) -> None:
    unit = Unit("conv2", channel=3, position=(2, 1))
    found = ours.attribute(X[:1], method="rise", masks=20, target=unit).maps[0, 0]

    expected = plain_loop(X[0], drawn(20), baseline=GRAY, tensor="conv2", place=(3, 2, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("others", [[], [Class(4), Class(0)], [Class(4), Unit("conv2", 3, (2, 1))]])
def test_targets_of_one_image_that_are_read_from_the_same_tensors_share_the_runs(
    ours: inspector.Model, others: list[Class | Unit], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = ours.attribute(X[:1], method="rise", masks=24, target=Class(1)).maps
    asked: list[int] = []
    together = Run.together

    def counted(run: Run, x: np.ndarray, tensors: Sequence[str]) -> Iterator[Scanned]:
        asked.append(len(x))
        return together(run, x, tensors)

    monkeypatch.setattr(Run, "together", counted)
    found = ours.attribute(X[:1], method="rise", masks=24, target=[Class(1), *others])

    sources = len({type(one) for one in (Class(1), *others)})
    assert sum(asked) - 24 * sources <= 1  # that on which the targets are chosen
    np.testing.assert_allclose(found.maps[:1], alone, rtol=1e-5)
    for number, one in enumerate(others, start=1):
        own = ours.attribute(X[:1], method="rise", masks=24, target=one).maps
        np.testing.assert_allclose(found.maps[number : number + 1], own, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch", [1, 5])
def test_the_masks_do_not_depend_on_the_batch(batch: int) -> None:
    with inspector.load(small_cnn(batch=batch, head="Softmax"), device="cpu") as fixed:
        found = fixed.attribute(X[:1], method="rise", masks=12, target=1).maps[0, 0]

    expected = plain_loop(X[0], drawn(12), baseline=GRAY, tensor="answer", place=(1,))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_other_layout_gives_the_same(ours: inspector.Model) -> None:
    expected = ours.attribute(X, method="rise", masks=30, target=1).maps
    with inspector.load(small_cnn(layout="NHWC", head="Softmax"), device="cpu") as other:
        found = other.attribute(images(2, seed=8, layout="NHWC"), method="rise", masks=30, target=1).maps

    np.testing.assert_allclose(found.transpose(0, 3, 1, 2), expected, rtol=1e-4)


def test_it_finds_the_pixels_that_matter() -> None:
    """The score is the mean of one corner: the map is brightest there."""
    weight = np.zeros((3 * 16 * 16, 2), np.float32)
    weight.reshape(3, 16, 16, 2)[:, :4, :4, 0] = 1 / 48
    nodes = [node("Flatten", ["x"], "f"), node("MatMul", ["f", "w"], "s"), node("Softmax", ["s"], "y")]
    data = model(nodes, shape=("n", 3, 16, 16), weights={"w": weight}).SerializeToString()
    with inspector.load(data, device="cpu") as ours:
        found = ours.attribute(
            np.full((1, 3, 16, 16), 5, np.float32), method="rise", target=0, masks=800, cells=4, baseline=0.0
        ).maps[0, 0]

    assert found[:4, :4].min() > found[8:, 8:].max()


@pytest.mark.parametrize(("size", "cells"), [((16, 12), 7), ((30, 30), 4), ((5, 9), 5), ((224, 224), 7)])
def test_masks(size: tuple[int, int], cells: int) -> None:
    masks = random_masks(400, size=size, cells=cells, keep=0.3, generator=np.random.default_rng(0))

    assert masks.shape == (400, *size)
    assert masks.dtype == np.float32
    assert masks.min() >= 0
    assert masks.max() <= 1
    np.testing.assert_allclose(masks.mean(axis=(1, 2)).mean(), 0.3, atol=0.02)
    np.testing.assert_allclose(masks.mean(axis=0), 0.3, atol=0.12)
    assert len(np.unique(masks[:, 0, 0])) > 2  # smooth, and shifted


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"masks": 0}, "options[masks]"),
        ({"cells": 0}, "options[cells]"),
        ({"cells": 13}, "options[cells]"),
        ({"keep": 0.0}, "options[keep]"),
        ({"keep": 1.5}, "options[keep]"),
        ({"keep": float("nan")}, "options[keep]"),
        ({"baseline": "pink"}, "options[baseline]"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_by_field(
    ours: inspector.Model, options: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as error:
        ours.attribute(X, method="rise", **options)
    assert error.value.field == field
