"""Batches of images that are made of one image: each made once, and run at the size that is found to be the fastest."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.engine.run import Run
from inspector.engine.sweeping.batches import Batches
from tests.support.small_cnn import images, proto, small_cnn
from tests.support.sweeps import loaded_engine

COUNT = 30
X = images(COUNT, seed=4)


@pytest.mark.parametrize("batch", ["n", 1, 4], ids=str)
def test_every_image_is_made_once_and_answers_as_alone(batch: int | str) -> None:
    engine = loaded_engine(proto(small_cnn(batch=batch)))
    run, made = Run(engine), list[int]()

    def make(numbers: range) -> np.ndarray:
        made.extend(numbers)
        return X[numbers.start : numbers.stop]

    rows, done = [], 0
    for ran in Batches(run, X.shape[1:], ["scores"], count=COUNT)(range(COUNT), make):
        assert ran.numbers.start == done
        np.testing.assert_array_equal(ran.images, X[done : ran.numbers.stop])
        rows.append(ran.found["scores"])
        done = ran.numbers.stop
    assert made == list(range(COUNT))
    expected = np.concatenate([run.forward(one[None], ["scores"])["scores"] for one in X])
    np.testing.assert_allclose(np.concatenate(rows), expected, rtol=1e-4, atol=1e-5)


def test_the_size_is_found_once_and_kept() -> None:
    run = Run(loaded_engine(proto(small_cnn())))

    def sizes() -> list[int]:
        seen: list[int] = []

        def make(numbers: range) -> np.ndarray:
            seen.append(len(numbers))
            return X[numbers.start : numbers.stop]

        batches = Batches(run, X.shape[1:], ["scores"], count=COUNT)
        for _ in range(20):
            list(batches(range(COUNT), make))
        return seen

    assert len(set(sizes())) > 2  # some were tried
    later = sizes()
    assert set(later) <= {later[0], COUNT % later[0]}
