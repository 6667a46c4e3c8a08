"""What a run on large images would hold is estimated, and refused, before it begins."""

from __future__ import annotations

import numpy as np
import pytest

import inspector
from inspector.errors import LimitExceededError
from inspector.graph.sized import peak_bytes, tensor_bytes
from inspector.model.checks.limits import ON_A_SERVER, Limits
from inspector.model.read import read_model
from tests.support.graphs import model, node


def chain(size: int | str, count: int = 6) -> bytes:
    nodes = [node("Relu", ["x"], "t0")]
    nodes += [node("Sigmoid", [f"t{index}"], f"t{index + 1}") for index in range(count)]
    nodes += [node("GlobalAveragePool", [f"t{count}"], "p"), node("Flatten", ["p"], "y")]
    found: bytes = model(nodes, shape=("n", 3, size, size)).SerializeToString()
    return found


def picture(side: int) -> np.ndarray:
    return np.zeros((1, 3, side, side), np.float32)


def loaded(data: bytes, most: int) -> inspector.Model:
    return inspector.load(data, device="cpu", limits=Limits(max_run_bytes=most))


def test_a_run_holds_what_is_still_read() -> None:
    one = read_model(chain(16))
    sizes = tensor_bytes(one, one.shapes)
    each = 4 * 3 * 16 * 16
    assert peak_bytes(one, sizes) == 2 * each
    branched = read_model(
        model(
            [node("Relu", ["x"], "a"), node("Sigmoid", ["a"], "b"), node("Tanh", ["b"], "c"),
             node("Add", ["a", "c"], "d"), node("GlobalAveragePool", ["d"], "p"), node("Flatten", ["p"], "y")],
            shape=("n", 3, 16, 16),
        ).SerializeToString()
    )  # fmt: skip
    assert peak_bytes(branched, tensor_bytes(branched, branched.shapes)) == 3 * each


def test_images_too_large_for_a_free_size_are_refused_before_they_run() -> None:
    each = 4 * 3 * 64 * 64
    with loaded(chain("s"), 4 * each) as one:
        one.activations(picture(64), layers=["t1"])
        with pytest.raises(
            LimitExceededError, match=r"Give smaller images. Raise Limits.max_run_bytes"
        ) as caught:
            one.activations(picture(128), layers=["t1"])
        assert (caught.value.reason, caught.value.field) == ("IMAGE_TOO_LARGE", "images")
        with pytest.raises(LimitExceededError):
            one.activations(picture(64), layers=[f"t{index}" for index in range(6)])


def test_images_that_fit_are_not_refused_for_running_together() -> None:
    each = 4 * 3 * 64 * 64
    layers = [f"t{index}" for index in range(6)]
    with loaded(chain("s"), 10 * each) as one:
        assert len(one.activations(picture(64), layers=layers)) == len(layers)
        together = one.activations([picture(64)] * 10, layers=layers)
        assert [len(values) for values in together.values()] == [10] * len(layers)


def test_a_known_size_is_never_refused() -> None:
    with loaded(chain(64), 1) as one:
        one.activations(picture(64), layers=["t1"])


def test_images_too_large_together_are_refused_at_the_first() -> None:
    limits = Limits(max_input_bytes=10 * 4 * 3 * 16 * 16, remedy=ON_A_SERVER)
    with inspector.load(chain("s"), device="cpu", limits=limits) as one:
        one.activations([picture(16)] * 10, layers=["t1"])
        with pytest.raises(
            LimitExceededError, match=r"11 images like the first.*ask whoever runs this server"
        ):
            one.activations([picture(16)] * 11, layers=["t1"])
