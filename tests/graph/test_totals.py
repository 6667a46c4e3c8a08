"""Sums of maps go by names of their own, which a model may have given to its tensors."""

from __future__ import annotations

import numpy as np
import pytest

import inspector
from inspector.graph.totals import summed, totals_of
from tests.support.graphs import model, node


def test_the_name_of_sums_says_whose_they_are() -> None:
    assert summed(totals_of("a", axis=1, rank=4)) == "a"
    assert summed(totals_of("a/totals/b\n", axis=1, rank=4)) == "a/totals/b\n"


@pytest.mark.parametrize(
    "name", ["a", "a/totals/", "a/totals/b", "a/totals/1", "a/totals/x/y", "/totals/1/4"]
)
def test_other_names_are_those_of_tensors(name: str) -> None:
    assert summed(name) is None


@pytest.mark.parametrize("name", ["c/totals/b", "c/totals/1/4", "z/totals/1/4"])
def test_tensors_that_are_called_as_sums_are_answered_as_any(name: str) -> None:
    """The sums of `c` are then made of its maps, which come out of the run."""
    rng = np.random.default_rng(0)
    weights = {"w": rng.standard_normal((4, 3, 3, 3)).astype(np.float32)}
    x = rng.standard_normal((2, 3, 16, 16)).astype(np.float32)

    def loaded(second: str) -> inspector.Model:
        nodes = [
            node("Conv", ["x", "w"], "c"),
            node("Sigmoid", ["c"], second),
            node("GlobalAveragePool", [second], "p"),
            node("Flatten", ["p"], "y"),
        ]
        return inspector.load(
            model(nodes, shape=("n", 3, 16, 16), weights=weights).SerializeToString(), device="cpu"
        )

    with loaded(name) as one, loaded("plain") as other:
        mine, its = one.activations(x, layers=["c", name]), other.activations(x, layers=["c", "plain"])
        np.testing.assert_array_equal(mine["c"], its["c"])
        np.testing.assert_array_equal(mine[name], its["plain"])
        for own, twin in ((name, "plain"), ("c", "c")):
            found = one.occlude(x[:1], layer=own, size=4, stride=4)
            expected = other.occlude(x[:1], layer=twin, size=4, stride=4)
            assert found.channel == expected.channel
            np.testing.assert_allclose(found.activation, expected.activation, rtol=1e-4)
            np.testing.assert_allclose(found.probability, expected.probability, rtol=1e-5)
