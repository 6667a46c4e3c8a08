"""Boxes are chosen in one run, from numbers that were followed before; and they are those that each alone leads to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import inspector
from inspector.engine.run import Run
from inspector.face.local import LocalBackend
from inspector.model.heads.head import BOXES
from inspector.resolve.boxes import elements
from inspector.resolve.boxes.choice import choose_box
from inspector.runtime.session import Session
from inspector.types.targets import Class
from tests.support.all_tails import all_tails
from tests.support.tails import SIDE, network

TAILS = {name: tail for name, tail in all_tails().items() if tail.meaning == BOXES}


def images(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, 3, SIDE, SIDE)).astype(np.float32)


@pytest.mark.parametrize("name", TAILS)
def test_a_box_is_what_following_it_alone_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tail, found, values = TAILS[name], [], []
    for most in (elements._MOST, 0):
        monkeypatch.setattr(elements, "_MOST", most)
        exported = network(tail, seed=1, batch="n").SerializeToString()
        with inspector.load(exported, device="cpu", labels=tail.labels) as model:
            assert isinstance(model.backend, LocalBackend)
            run = Run(model.backend.engine)
            chosen = [choose_box(run, x[None], Class(), image=0) for x in images(4)]
        found.append([(one.resolved.tensor, one.places.tolist(), one.resolved.channel) for one in chosen])
        values.append([one.resolved.value for one in chosen])
    assert found[0] == found[1]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-5, atol=1e-6)


def test_targets_of_one_image_share_the_run_that_finds_their_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    runs, bare = [], Session.run

    def spy(self: Session, feeds: dict[str, Any], fetch: list[str], **rest: Any) -> dict[str, Any]:
        runs.append(tuple(fetch))
        return bare(self, feeds, fetch, **rest)

    tail = TAILS["two scales"]
    with inspector.load(network(tail, seed=1, batch="n").SerializeToString(), device="cpu") as model:
        x = images(2)
        model.attribute(x[:1])
        monkeypatch.setattr(Session, "run", spy)
        model.attribute(x[:1])
        assert len(runs) == 2, "one finds the box and saves what the other takes back"
        runs.clear()
        several = model.attribute(x[:1], target=[Class(index) for index in range(3)])
        assert sum("grad/gradient" not in fetched for fetched in runs) <= 3, "one finds all, one each scale's"
        alone = [model.attribute(x[:1], target=index).maps[0] for index in range(3)]
        np.testing.assert_allclose(several.maps, np.stack(alone), rtol=1e-4, atol=1e-6)
        both = model.attribute(x)
        for one, given in zip(both.targets, x, strict=True):
            (same,) = model.attribute(given[None]).targets
            assert (one.tensor, one.position) == (same.tensor, same.position)
