"""Filters that hold NaN or infinity are no filters to compare: the others are judged as ever."""

from __future__ import annotations

import warnings

import numpy as np
import onnx
import pytest

import inspector
from tests.support.toys import toy_cnn

RULES = ("zero-filters", "duplicate-filters", "dominant-filters", "aliased-first-layer")


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_no_number_hides_nothing_and_ends_no_rule(odd: float) -> None:
    proto = onnx.load_from_string(toy_cnn())
    weight = next(one for one in proto.graph.initializer if len(one.dims) == 4)
    array = onnx.numpy_helper.to_array(weight).copy()
    array[0].flat[0] = odd
    array[1:] = 0
    weight.CopyFrom(onnx.numpy_helper.from_array(array, weight.name))
    with inspector.load(proto.SerializeToString(), device="cpu") as model, warnings.catch_warnings():
        warnings.simplefilter("error")
        found = model.check(select=[*RULES, "weights-finite"])
    assert not [one for one in found.verdicts if one.outcome == "failed"]
    assert {one.id for one in found.findings} >= {"zero-filters", "weights-finite"}
