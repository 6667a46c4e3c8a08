"""Figures by measurement stop between their steps, when their caller leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.errors import CancelledError
from inspector.types.control import Cancellation
from tests.support.toys import toy_cnn, toy_image

IMAGES = [toy_image(seed) for seed in range(4)]
BOXES = np.array([[(1, 1, 5, 5)] * 4], np.float64)
ASKED: dict[str, Callable[..., Any]] = {
    "invariance": lambda m, **control: m.invariance(IMAGES, **control),
    "health": lambda m, **control: m.health(IMAGES * 40, **control),
    "correspondence": lambda m, **control: m.correspondence(IMAGES, boxes=BOXES, **control),
    "probe": lambda m, **control: m.probe(IMAGES, classes=["a", "a", "b", "b"], **control),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_who_leaves_is_noticed_after_the_next_step(ask: Callable[..., Any]) -> None:
    token, steps = Cancellation(), []

    def leave(done: int, total: int) -> None:
        steps.append((done, total))
        token.cancel()

    with inspector.load(toy_cnn(), device="cpu") as ours, pytest.raises(CancelledError):
        ask(ours, progress=leave, cancellation=token)
    assert len(steps) == 1
    assert steps[0][0] < steps[0][1]
