"""The frame of `check`: which rules look, what they report, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest

import inspector
from inspector.check.rule import RULES, rule
from inspector.errors import NotFoundError
from inspector.types.results.report import Report
from tests.support.toys import toy_cnn


def model_with(weights: Sequence[float], dtype: int) -> bytes:
    """Return a model that weighs the image's channels, computing in the weights' type."""
    helper, tensor = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["image"], ["cast"], to=dtype),
            helper.make_node("Mul", ["cast", "weights"], ["weighed"]),
            helper.make_node("Cast", ["weighed"], ["scores"], to=tensor.FLOAT),
        ],
        "weighed",
        [helper.make_tensor_value_info("image", tensor.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("scores", tensor.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor("weights", dtype, [1, len(weights), 1, 1], weights)],
    )
    opsets = [helper.make_opsetid("", 17)]
    made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return made


@pytest.mark.parametrize("dtype", ["DOUBLE", "FLOAT", "FLOAT16", "BFLOAT16"])
@pytest.mark.parametrize(("odd", "found"), [(1.0, 0), (np.nan, 1), (np.inf, 1)])
def test_weights_of_every_type_of_floats_are_judged(dtype: str, odd: float, found: int) -> None:
    data = model_with([odd, 1.0, 2.0], onnx.TensorProto.DataType.Value(dtype))
    with inspector.load(data, device="cpu") as model:
        findings = model.check(select=["weights-finite"]).findings
    assert len(findings) == found
    assert all(one.message.startswith("1 of 3 weights are NaN or infinite.") for one in findings)


def test_weights_beyond_float32_are_finite_where_they_are_float64() -> None:
    with inspector.load(model_with([1e300, 1.0, -1e300], onnx.TensorProto.DOUBLE), device="cpu") as model:
        assert model.check(select=["weights-finite"]).findings == ()


def report(*, batch: Any = None, spoilt: bool = False, **given: Any) -> Report:
    data = toy_cnn(batch=batch)
    if spoilt:
        proto = onnx.load_from_string(data)
        weight = next(one for one in proto.graph.initializer if len(one.dims) == 4)
        array = onnx.numpy_helper.to_array(weight).copy()
        array.flat[3] = np.nan
        weight.CopyFrom(onnx.numpy_helper.from_array(array, weight.name))
        data = proto.SerializeToString()
    with inspector.load(data, device="cpu") as model:
        return model.check(**given)


def test_findings_are_reported_worst_first() -> None:
    found = report(batch=1, spoilt=True)
    assert [(one.id, one.severity) for one in found.findings] == [
        ("weights-finite", "error"),
        ("preprocessing-assumed", "warning"),
        ("fixed-batch", "info"),
    ]
    assert found.findings[0].message.startswith("1 of ")


def test_a_model_that_is_as_it_should_be_gives_no_finding_of_that_kind() -> None:
    ids = [one.id for one in report().findings]
    assert "weights-finite" not in ids
    assert "fixed-batch" not in ids


def test_rules_are_selected_and_ignored_by_id() -> None:
    assert {one.id for one in report(batch=1, select=["fixed-batch"]).findings} == {"fixed-batch"}
    assert report(batch=1, select=["fixed-batch"], ignore=["fixed-batch"]).findings == ()


@pytest.mark.parametrize("field", ["select", "ignore"])
def test_a_rule_that_does_not_exist_is_named_with_the_nearest(field: str) -> None:
    given: dict[str, Any] = {field: ["fixed-batch", "fixed-batches"]}
    with pytest.raises(NotFoundError, match="fixed-batch") as caught:
        report(**given)
    assert caught.value.field == f"{field}[1]"


def test_two_rules_of_one_id_are_an_error() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        rule("fixed-batch", severity="info", rationale="", mend="")(lambda run: ())


def test_every_rule_says_why_and_what_to_do() -> None:
    rules = [RULES.get(name) for name in RULES]
    assert all(one is not None and one.rationale and one.mend for one in rules)
