"""golden-values: what differs is found at its place, what differs by harmless rounding is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest

from inspector.errors import InvalidInputError
from inspector.types.golden import Golden
from inspector.types.results.table import Table
from tests.checks.golden.recordings import (
    checked,
    found,
    images,
    normalized,
    outcomes,
    recorded,
    toy,
    two_outputs,
    with_other_names,
    with_weight,
)
from tests.support.quantized_cnn import quantized_cnn

PASSED = dict.fromkeys(("golden-cosine", "golden-shape", "golden-top", "golden-values"), "passed")


def test_a_model_agrees_with_its_own_recording() -> None:
    report = checked(toy(), recorded(toy()))
    assert outcomes(report) == PASSED
    assert report.findings == ()


def test_one_changed_weight_is_found_where_it_shows_most() -> None:
    golden = recorded(toy(), layers=["flat"])
    read = int(golden.layers["flat"].min(axis=0).argmax())  # a feature that every image has
    golden = replace(golden, layers={})

    def change(weights: np.ndarray) -> np.ndarray:
        weights[read, 2] += 0.25
        return weights

    report = checked(with_weight(toy(), "w3", change), golden)
    (finding,) = found(report, "golden-values")
    assert (finding.severity, finding.subject, finding.kind) == ("error", "scores", "output")
    assert "values of the output 'scores' differ from what was recorded" in finding.message
    assert "at [2] of image" in finding.message
    assert "usual for float32 models" in finding.allowed
    places = next(one.result for one in report.panels if one.title.endswith("differs most"))
    assert isinstance(places, Table)
    assert {row.cells[2] for row in places.rows} == {"2"}
    name, image, _, expected, now, away = places.rows[0].cells
    assert name == "scores"
    assert expected == golden.outputs["scores"][image, 2]  # type: ignore[index]
    assert away == pytest.approx(abs(now - expected))  # type: ignore[operator]


def test_a_tiny_change_of_one_weight_is_found_where_it_is_more_than_noise() -> None:
    golden = recorded(toy())
    changed = with_weight(toy(), "b3", lambda bias: bias + np.float32(3e-4))
    assert outcomes(checked(changed, golden))["golden-values"] == "passed"
    report = checked(changed, golden, **{"golden-values.calibrated": True})
    (finding,) = found(report, "golden-values")
    assert "calibrated: 10" in finding.allowed


@pytest.mark.parametrize("settings", [{}, {"golden-values.calibrated": "true"}])
def test_a_folded_normalization_is_no_difference(settings: Any) -> None:
    golden = recorded(normalized(folded=False))
    assert outcomes(checked(normalized(folded=True), golden, **settings)) == PASSED


def test_other_names_are_no_difference_and_are_told() -> None:
    report = checked(with_other_names(toy()), recorded(toy()))
    assert outcomes(report) == PASSED
    assert [str(note) for note in report.notes if note.id == "golden_renamed"] == [
        "What was recorded as 'scores' is the output 'other/scores' here."
    ]


def test_several_outputs_of_other_names_are_found_by_their_shapes_and_values() -> None:
    proto = two_outputs()
    golden = recorded(proto)
    assert outcomes(checked(with_other_names(proto), golden)) == PASSED
    same = recorded(toy())
    twice = replace(same, outputs={"one": same.outputs["scores"], "two": -same.outputs["scores"]})
    report = checked(toy(), twice)
    assert [one.subject for one in found(report, "golden-shape")] == ["two"]


SETTINGS: dict[str, Any] = {
    "absolute as a text": ({"golden-values.absolute": "1e-3"}, True),
    "absolute, too small": ({"golden-values.absolute": 1e-5}, False),
    "relative": ({"golden-values.relative": 2e-4}, True),
    "relative, too small": ({"golden-values.relative": 5e-5}, False),
    "ulp": ({"golden-values.ulp": "2000"}, True),
    "ulp, too few": ({"golden-values.ulp": 500}, False),
    "the widest counts": ({"golden-values.absolute": 0, "golden-values.ulp": 2000}, True),
    "none at all": ({"golden-values.absolute": 0}, False),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_tolerances_are_absolute_relative_and_in_units_in_the_last_place(name: str) -> None:
    settings, passes = SETTINGS[name]
    golden = recorded(toy())
    off = {"scores": (golden.outputs["scores"] * np.float32(1 + 1e-4))}
    report = checked(toy(), replace(golden, outputs=off), **settings)
    assert outcomes(report)["golden-values"] == ("passed" if passes else "found")
    assert all("(as set)" in one.allowed for one in report.findings)


def test_ulps_are_of_the_coarser_type() -> None:
    golden = recorded(toy())
    half = replace(golden, outputs={"scores": golden.outputs["scores"].astype(np.float16)})
    assert outcomes(checked(toy(), half, **{"golden-values.ulp": 1}))["golden-values"] == "passed"
    wide = replace(golden, outputs={"scores": golden.outputs["scores"].astype(np.float64)})
    assert outcomes(checked(toy(), wide, **{"golden-values.ulp": 1}))["golden-values"] == "passed"


@pytest.mark.parametrize("value", [-1, np.nan, np.inf])
@pytest.mark.parametrize("name", ["absolute", "relative", "ulp", "factor"])
def test_a_tolerance_that_is_none_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidInputError, match=f"setting {name} of golden-values") as caught:
        checked(toy(), recorded(toy()), **{f"golden-values.{name}": value})
    assert caught.value.field == f"options[golden-values.{name}]"


def test_a_tolerance_that_is_set_and_calibrated_is_refused() -> None:
    settings = {"golden-values.absolute": 1e-3, "golden-values.calibrated": True}
    with pytest.raises(InvalidInputError, match="one of both"):
        checked(toy(), recorded(toy()), **settings)


def test_the_report_says_how_far_each_tensor_is_off_and_may_be() -> None:
    report = checked(toy(), recorded(toy()), **{"golden-values.calibrated": True, "golden-values.factor": 20})
    table = report.panels[0].result
    assert isinstance(table, Table)
    assert table.columns == ("tensor", "kind", "absolute", "relative", "ulp", "least cosine", "allowed")
    assert "calibrated: 20" in str(table.rows[0].cells[-1])


def test_the_same_nan_and_infinity_agree_and_others_do_not() -> None:
    golden = recorded(toy())
    lost = golden.outputs["scores"].copy()
    lost[1, 3] = np.nan
    report = checked(toy(), replace(golden, outputs={"scores": lost}), select=["golden-values"])
    (finding,) = report.findings
    assert "for nan at [3] of image 1" in finding.message
    infinite = with_weight(toy(), "b3", lambda bias: bias + np.array([0, 0, np.inf, 0, np.nan], np.float32))
    assert checked(infinite, recorded(infinite), select=["golden-values"]).findings == ()
    report = checked(infinite, golden, select=["golden-values", "golden-cosine"])
    assert {one.id for one in report.findings} == {"golden-values", "golden-cosine"}
    assert "no number, for NaN or infinity" in found(report, "golden-cosine")[0].message


def test_recorded_layers_tell_which_differs_first() -> None:
    golden = recorded(toy(), layers="all")
    assert list(golden.layers)[:3] == ["conv1", "relu1", "pool1"]
    changed = with_weight(toy(), "w2", lambda weights: weights * np.float32(1.2))
    findings = found(checked(changed, golden), "golden-values")
    layers = [one for one in findings if one.kind == "layer"]
    assert [one.subject for one in layers[:2]] == ["conv2", "relu2"]
    assert layers[0].operator == "Conv"
    assert "the first of the recorded layers, in graph order" in layers[0].message
    assert not any("the first of" in one.message for one in findings if one is not layers[0])


def test_recorded_layers_that_another_export_does_not_have_are_left_out_and_told() -> None:
    report = checked(normalized(folded=True), recorded(normalized(folded=False), layers=["conv", "relu"]))
    assert outcomes(report) == PASSED
    assert any(note.id == "golden_layers" and "'conv'" in note for note in report.notes)


def test_a_quantized_model_may_be_some_steps_away_from_its_own_answers() -> None:
    proto = quantized_cnn()
    data = np.random.default_rng(1).normal(0, 1, (4, 3, 24, 24)).astype(np.float32)
    golden = recorded(proto, data)
    (name,) = golden.outputs
    step = 8 / 255

    def off(by: float) -> Golden:
        values = golden.outputs[name].copy()
        values[2, 1] += np.float32(by * step)
        return replace(golden, outputs={name: values})

    assert found(checked(proto, off(8)), "golden-values") == []
    (finding,) = found(checked(proto, off(9)), "golden-values")
    assert "8 steps of its quantizer" in finding.allowed


@pytest.mark.parametrize(
    ("model", "recorded_of", "by", "allowed"),
    [
        ("quantized", "quantized", 0.04, "usual for a quantized model and itself"),
        ("quantized", "quantized", 0.02, ""),
        ("quantized", "float32", 0.2, ""),
        ("quantized", "unknown", 0.2, ""),
        ("quantized", "unknown", 0.3, "usual for quantized models"),
        ("float", "quantized", 0.2, ""),
        ("float", "float16", 0.005, ""),
        ("float", "float32", 0.005, "usual for float32 models"),
        ("float", "unknown", 0.005, "usual for float32 models"),
    ],
)
def test_the_less_exact_of_both_models_says_how_far_apart_they_may_be(
    model: str, recorded_of: str, by: float, allowed: str
) -> None:
    proto, data = toy(), images()
    if model == "quantized":
        proto = quantized_cnn()
        proto.graph.output[0].name = "scores"  # before its quantizer
        data = np.random.default_rng(1).normal(0, 1, (4, 3, 24, 24)).astype(np.float32)
    golden = recorded(proto, data)
    assert golden.header["precision"] == ("quantized" if model == "quantized" else "float32")
    values = golden.outputs["scores"].copy()
    place = np.unravel_index(np.abs(values).argmin(), values.shape)
    values[place] += np.float32(by * np.abs(values).max())
    off = replace(golden, outputs={"scores": values}, header={"precision": recorded_of})
    findings = found(checked(proto, off, select=["golden-values"]), "golden-values")
    assert [allowed in one.allowed for one in findings] == ([True] if allowed else [])


def test_one_recorded_image_needs_no_axis_of_images() -> None:
    golden = recorded(toy(), images(1))
    flat = Golden(inputs={"x": golden.inputs["x"][0]}, outputs={"scores": golden.outputs["scores"][0]})
    assert outcomes(checked(toy(), flat)) == PASSED


def test_a_fixed_batch_and_many_images_are_compared_image_by_image() -> None:
    proto = toy()
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 3
    golden = recorded(toy(), images(70))
    assert outcomes(checked(proto, golden)) == PASSED
    outputs = {"scores": golden.outputs["scores"][::-1].copy()}
    assert found(checked(proto, replace(golden, outputs=outputs)), "golden-values")


def of_numbers() -> onnx.ModelProto:
    """Return a model that gives the number of the class, and no scores."""
    proto = toy()
    proto.graph.node.append(onnx.helper.make_node("ArgMax", ["scores"], ["class"], axis=1, keepdims=0))
    proto.graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info("class", onnx.TensorProto.INT64, None))
    return proto


@pytest.mark.parametrize("settings", [{}, {"golden-values.calibrated": True}])
def test_whole_numbers_must_be_equal(settings: Any) -> None:
    golden = recorded(of_numbers())
    numbers = golden.outputs["class"]
    assert numbers.dtype == np.int64
    assert not checked(of_numbers(), golden, **settings).findings
    # A service gets an array of one axis as numbers.
    assert not checked(
        of_numbers(), golden, **settings, **{"expected.class": tuple(map(float, numbers))}
    ).findings
    given: Any = tuple(map(float, numbers + np.array([0, 1, 0, 0])))
    other = replace(golden, outputs={"class": given})
    (finding,) = found(checked(of_numbers(), other, **settings), "golden-values")
    assert f"{numbers[1]:g} for {numbers[1] + 1:g} of image 1" in finding.message
    assert finding.allowed == "|difference| ≤ 0 (whole numbers)"


@pytest.mark.parametrize(("noise", "outcome"), [(0.0, "found"), (1e-3, "found"), (2e-2, "passed")])
def test_what_is_within_ten_times_the_noise_is_no_finding(
    monkeypatch: pytest.MonkeyPatch, noise: float, outcome: str
) -> None:
    golden = recorded(toy())
    off = replace(golden, outputs={"scores": golden.outputs["scores"] + np.float32(0.1)})
    monkeypatch.setattr("inspector.checks.golden.chosen.level_noise", lambda *_: {"scores": noise})
    assert outcomes(checked(toy(), off))["golden-values"] == outcome
    settings = {"golden-values.calibrated": False}
    assert outcomes(checked(toy(), off, **settings))["golden-values"] == "found"


def test_noise_that_is_no_number_is_no_tolerance(monkeypatch: pytest.MonkeyPatch) -> None:
    golden = recorded(toy())
    monkeypatch.setattr("inspector.checks.golden.chosen.level_noise", lambda *_: {"scores": np.inf})
    report = checked(toy(), golden, **{"golden-values.calibrated": True})
    verdict = next(one for one in report.verdicts if one.id == "golden-values")
    assert verdict.outcome == "skipped"
    assert "levels differ in which values of the output 'scores' are finite" in verdict.reason
    off = replace(golden, outputs={"scores": golden.outputs["scores"] + np.float32(0.1)})
    assert outcomes(checked(toy(), off))["golden-values"] == "found"
