"""Images of one batch are answered as each is alone, whatever the graph does with the axis of the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Element
from inspector.errors import InspectorError
from tests.support.graphs import run_exposed
from tests.support.random_graphs import IMAGE, random_graph

pytestmark = pytest.mark.slow

SEEDS = range(48)
IMAGES = np.random.default_rng(7).standard_normal((3, *IMAGE)).astype(np.float32)
IMAGES[1] *= 4


def asked(call: Callable[[], Any]) -> Any:
    """Return what a call gives, or the class and reason of its error."""
    try:
        return call()
    except InspectorError as error:
        return type(error), error.reason


def same(found: Any, expected: Any) -> None:
    if isinstance(expected, np.ndarray):
        assert isinstance(found, np.ndarray), found
        scale = np.abs(expected[np.isfinite(expected)]).max(initial=1e-3)
        np.testing.assert_allclose(found / scale, expected / scale, atol=2e-4)
    else:
        assert found == expected


def answers(ours: inspector.Model, x: np.ndarray, output: str) -> list[Any]:
    """Return what is said of each image: its tensor, its classes, and its saliency; an error is that of all."""
    layer = next(known.name for known in ours.layers() if known.output == output)
    values = asked(lambda: ours.activations(x, layers=[layer])[layer])
    maps = asked(lambda: ours.attribute(x, target=Element(output)).maps)
    classes = asked(lambda: [np.array([c.score for c in one.classes]) for one in ours.predict(x)])
    return [values, maps, classes]


@pytest.mark.parametrize("batch", ["n", 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_batch_equals_the_singles(seed: int, batch: int | str) -> None:
    graph = random_graph(seed)
    data = graph.proto(batch).SerializeToString()

    with inspector.load(data, device="cpu") as ours:
        together = answers(ours, IMAGES, graph.at)
        alone = [answers(ours, one[None], graph.at) for one in IMAGES]
        for place, found in enumerate(together):
            for index, single in enumerate(alone):
                if isinstance(found, tuple):
                    assert found in [other[place] for other in alone] or found[1] == "SHAPES_DIFFER"
                elif not isinstance(single[place], tuple):
                    same(found[index], single[place][0])
        if batch == "n":
            for one, single in zip(IMAGES, alone, strict=True):
                truth = run_exposed(graph.proto("n"), one[None], [graph.at])[graph.at]
                same(single[0].reshape(truth.shape), truth)


@pytest.mark.parametrize("seed", SEEDS[::3])
def test_occlusion_is_the_same_with_any_batch(seed: int) -> None:
    graph = random_graph(seed)
    with inspector.load(graph.proto("n").SerializeToString(), device="cpu") as ours:
        layer = next(known for known in ours.layers() if len(known.shape) == 4).name

        def occluded(batch: int | None) -> Any:
            target = Element(graph.at)
            return ours.occlude(IMAGES[0], target=target, layer=layer, size=3, stride=2, batch=batch)

        alone = asked(lambda: occluded(1))
        for found in (asked(lambda: occluded(3)), asked(lambda: occluded(None))):
            if isinstance(alone, tuple):
                assert found == alone
                continue
            same(found.probability, alone.probability)
            same(found.activation, alone.activation)
            np.testing.assert_array_equal(found.label, alone.label)
