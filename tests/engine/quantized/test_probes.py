"""Pictures on which answers are compared: the same in every process, and such that the model takes them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import inspector
from inspector.engine.quantized import probes as module
from inspector.engine.quantized.probes import SIDE, probes
from tests.support.graphs import model, node
from tests.support.in_process import engine_of
from tests.support.small_cnn import small_cnn


def test_pictures_are_pictures_and_no_two_are_alike() -> None:
    drawn = [draw() for draw in module._PICTURES]
    assert all(one.shape == (SIDE, SIDE, 3) and one.dtype == np.uint8 for one in drawn)
    assert len({hashlib.sha256(one.tobytes()).hexdigest() for one in drawn}) == len(drawn)
    for again, one in zip((draw() for draw in module._PICTURES), drawn, strict=True):
        np.testing.assert_array_equal(again, one)
    assert sum(one.std() > 20 for one in drawn) >= len(drawn) - 1


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("size", [16, "s"])
def test_they_are_as_the_model_takes_them(layout: str, size: int | str) -> None:
    source = small_cnn(layout=layout, height=size, width=size if size != "s" else "t")
    with inspector.load(source, device="cpu") as loaded:
        found = list(probes(engine_of(loaded).model))
        assert len(found) == len(module._PICTURES)
        for one in found:
            loaded.predict(one)


def test_a_model_of_signals_gets_noise_and_one_of_unknown_or_vast_size_nothing() -> None:
    conv = node("Conv", ["x", "w"], "y")
    weights = {"w": np.ones((2, 5, 3), np.float32)}
    for length, count in ((40, module._ARRAYS), ("length", 0), (module._MOST_VALUES, 0)):
        proto = model([conv], shape=("n", 5, length), weights=weights)
        with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
            found = list(probes(engine_of(loaded).model))
            assert len(found) == count
            for one in found:
                assert one.shape == (1, 5, 40)
