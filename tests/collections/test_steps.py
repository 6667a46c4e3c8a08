"""Searches of any size go in steps: they can be stopped, and hold no more than what is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.collections import neighbors as module
from inspector.collections.checks import MOST_NEIGHBORS, require_room
from inspector.collections.neighbors import nearest, neighbors
from inspector.errors import CancelledError, LimitExceededError
from inspector.types.collections import Metric
from inspector.types.control import Cancellation

RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.standard_normal((200, 8)).astype(np.float32)
ASKED = RANDOM.standard_normal((5, 8)).astype(np.float32)


@pytest.mark.parametrize("k", [1, 7, 60, 200])
@pytest.mark.parametrize("step", [1, 64, 1 << 28])
def test_steps_of_any_size_find_the_same(k: int, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = neighbors(VECTORS, ASKED, k=k, metric="euclidean")
    monkeypatch.setattr(module, "_STEP", step)
    found = neighbors(VECTORS, ASKED, k=k, metric="euclidean")
    np.testing.assert_array_equal(found.indices, whole.indices)
    np.testing.assert_array_equal(found.distances, whole.distances)


def test_a_cancelled_search_ends_within_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STEP", 1)
    token, compared = Cancellation(), 0

    def compare(asked: np.ndarray, block: np.ndarray) -> np.ndarray:
        nonlocal compared
        compared += len(block)
        token.cancel()
        return np.zeros((len(asked), len(block)))

    monkeypatch.setitem(module._DISTANCES, Metric.COSINE, compare)
    with pytest.raises(CancelledError):
        nearest([VECTORS], ASKED, k=3, metric=Metric.COSINE, cancellation=token)
    assert compared == 1


def test_more_neighbors_than_can_be_held_are_refused() -> None:
    assert require_room(MOST_NEIGHBORS // 4, queries=4) == MOST_NEIGHBORS // 4
    with pytest.raises(LimitExceededError, match="Ask for fewer") as caught:
        require_room(MOST_NEIGHBORS, queries=2)
    assert caught.value.field == "k"
