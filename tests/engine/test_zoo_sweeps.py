"""Sweeps over the zoo's models: crops against whole images, in random boxes, and the plain loop against single runs."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.engine.sweeping.plain import PlainLoop
from inspector.engine.sweeping.prepare import taken_apart
from inspector.graph.incremental.work import Rounding
from inspector.types.layouts import spatial_axes
from tests.support.sweeps import on_crops, random_variants
from tests.support.zoo import Zoo, zoo_models
from tests.support.zoo_subjects import Subject, subject

TOLERANCE = 1e-5
HALF_TOLERANCE = 5e-3
COUNT = 6


@pytest.fixture(scope="module", params=zoo_models())
def one(request: pytest.FixtureRequest, zoo: Zoo) -> Subject:
    return subject(zoo, request.param)


def test_crops_give_what_whole_images_give(one: Subject) -> None:
    engine, image = one.engine, one.x.shape[1:]
    if engine.model.input.batch not in (None, 1) or engine.model.input.batch_axis is None:
        pytest.skip("it takes no images one by one")
    sessions = taken_apart(engine, image, one.outputs)
    stages = len(sessions.parting.stages)
    if not stages:
        pytest.skip("nothing of it can be computed on crops")
    if sessions.parting.is_coded and sessions.parting.rounding is not Rounding.INTEGERS:
        pytest.skip("between its codes it rounds sums of floats, so that crops are not taken")
    axes = spatial_axes(engine.model.input.layout)
    variants = random_variants(one.x, axes, np.random.default_rng(7), count=COUNT)
    expected = [one.run.forward(variants.image_of(at), one.outputs) for at in range(COUNT)]
    for number in sorted({1, (stages + 1) // 2, stages}):
        found = on_crops(engine, sessions, variants, one.outputs, stages=number, count=4)
        for name in one.outputs:
            own = np.concatenate([row[name] for row in expected])
            half = "float16" in engine.model.dtypes.values()
            scale = (HALF_TOLERANCE if half else TOLERANCE) * float(np.abs(own).max())
            np.testing.assert_allclose(
                found[name], own, rtol=0, atol=scale, err_msg=f"{name}, {number} stages"
            )


def test_the_plain_loop_gives_what_single_runs_give(one: Subject) -> None:
    axes = spatial_axes(one.engine.model.input.layout)
    variants = random_variants(one.x, axes, np.random.default_rng(8), count=COUNT)
    done = 0
    for numbers, found in PlainLoop(one.run, variants, one.outputs, at_most=None)(range(COUNT)):
        assert numbers.start == done
        done = numbers.stop
        for at in numbers:
            expected = one.run.forward(variants.image_of(at), one.outputs)
            for name in one.outputs:
                np.testing.assert_allclose(
                    found[name][at - numbers.start],
                    expected[name][0],
                    rtol=1e-3,
                    atol=1e-3 * np.abs(expected[name]).max(),
                )
    assert done == COUNT
