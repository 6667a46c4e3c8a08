"""golden-shape, golden-top and golden-cosine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest

from inspector.errors import InvalidInputError
from inspector.types.golden import Golden
from tests.checks.golden.recordings import (
    checked,
    found,
    images,
    outcomes,
    recorded,
    toy,
    two_outputs,
    with_weight,
)
from tests.support.graphs import model, node


def test_an_output_that_is_gone_is_found() -> None:
    golden = recorded(two_outputs())
    report = checked(toy(), golden)
    (finding,) = found(report, "golden-shape")
    assert (finding.severity, finding.subject, finding.kind) == ("error", "flat", "output")
    assert "is not among the model's outputs" in finding.message
    assert outcomes(report)["golden-values"] == "passed"  # of what is there


def test_an_output_of_which_nothing_was_recorded_is_told() -> None:
    report = checked(two_outputs(), recorded(toy()))
    assert report.findings == ()
    assert any(note.id == "golden_unrecorded" and "'flat'" in note for note in report.notes)


def test_an_output_of_another_shape_is_found_and_its_values_are_not_judged() -> None:
    golden = recorded(toy())
    wide = replace(golden, outputs={"scores": np.zeros((4, 6), np.float32)})
    report = checked(toy(), wide)
    (finding,) = report.findings
    assert finding.id == "golden-shape"
    assert "has the shape (5,) per image, and (6,) was recorded" in finding.message
    verdicts = {one.id: one for one in report.verdicts}
    assert verdicts["golden-values"].outcome == "skipped"
    assert "see golden-shape" in verdicts["golden-values"].reason
    assert verdicts["golden-cosine"].outcome == verdicts["golden-top"].outcome == "skipped"


@pytest.mark.parametrize("name", ["scores", "logits"])
def test_an_axis_of_size_1_more_is_found_and_values_are_judged_all_the_same(name: str) -> None:
    golden = recorded(toy())
    values = golden.outputs["scores"][:, :, None, None].copy()
    report = checked(toy(), replace(golden, outputs={name: values}))
    (finding,) = report.findings
    assert finding.id == "golden-shape"
    assert "has the shape (5,) per image, and (5, 1, 1) was recorded" in finding.message
    values[1, 3] += 1
    report = checked(toy(), replace(golden, outputs={name: values}))
    assert "at [3] of image 1" in found(report, "golden-values")[0].message


def test_answers_of_another_model_are_refused() -> None:
    golden = Golden(inputs={"x": images()}, outputs={"depth": np.zeros((4, 1, 8, 8), np.float32)})
    with pytest.raises(InvalidInputError, match=r"'depth' \(1, 8, 8\).* it gives 'scores' \(5,\)") as caught:
        checked(toy(), golden)
    assert caught.value.reason == "GOLDEN_OF_ANOTHER_MODEL"


def test_answers_of_another_number_of_images_are_refused() -> None:
    golden = recorded(toy())
    fewer = replace(golden, outputs={"scores": golden.outputs["scores"][:3]})
    with pytest.raises(InvalidInputError, match=r"shape \(3, 5\), and there are 4 images") as caught:
        checked(toy(), fewer)
    assert caught.value.field == "options[expected.scores]"


def test_rules_without_recorded_answers_are_skipped() -> None:
    report = checked(toy(), Golden(inputs={"x": images()}, outputs={}))
    assert set(outcomes(report).values()) == {"skipped"}


def test_other_classes_are_found_with_the_image() -> None:
    golden = recorded(toy())
    first = int(golden.outputs["scores"][0].argmax())
    other = (first + 1) % 5

    def swapped(values: np.ndarray) -> np.ndarray:
        values[..., [first, other]] = values[..., [other, first]]
        return values

    changed = with_weight(with_weight(toy(), "w3", swapped), "b3", swapped)
    (finding,) = found(checked(changed, golden), "golden-top")
    assert (finding.severity, finding.subject) == ("error", "scores")
    assert f"on image 0 class {other} wins instead of {first}" in finding.message
    assert "top-1" in finding.measured
    assert "top-5" not in finding.measured  # of five classes
    assert finding.allowed == "top-1 ≥ 100.0% (usual for float32 models)"


def many_classes(logits: np.ndarray) -> Golden:
    return Golden(inputs={"x": images(len(logits))}, outputs={"scores": logits.astype(np.float32)})


def of_many_classes() -> tuple[onnx.ModelProto, np.ndarray]:
    """Return a model of 20 classes, and what it answers."""
    weights = np.random.default_rng(2).standard_normal((3 * 256, 20)).astype(np.float32)
    nodes = [node("Flatten", ["x"], "flat"), node("Gemm", ["flat", "w"], "scores")]
    proto = model(nodes, shape=("n", 3, 16, 16), weights={"w": weights})
    return proto, images(10).reshape(10, -1) @ weights


def test_the_settings_say_on_how_many_images_classes_may_differ() -> None:
    proto, scores = of_many_classes()
    for row in scores[:2]:  # of two images, another one wins by little
        second = np.argsort(row)[-2]
        row[second] = row.max() * 1.01
    golden = many_classes(scores)
    (finding,) = found(checked(proto, golden, select=["golden-top"]), "golden-top")
    assert finding.measured == "top-1 80.0%, top-5 100.0%"
    lax = checked(proto, golden, **{"golden-top.top1": "0.8"}, select=["golden-top"])
    assert outcomes(lax) == {"golden-top": "passed"}


def test_classes_that_tie_are_as_good_as_each_other() -> None:
    proto, scores = of_many_classes()
    for row in scores:
        row[np.argsort(row)[-2]] = row.max() * (1 + 1e-7)
    report = checked(proto, many_classes(scores), select=["golden-top"])
    assert outcomes(report) == {"golden-top": "passed"}


def test_scores_that_are_no_numbers_agree_with_none() -> None:
    golden = recorded(toy())
    lost = with_weight(toy(), "b3", lambda bias: bias * np.nan)
    (finding,) = found(checked(lost, golden, select=["golden-top"]), "golden-top")
    assert finding.measured == "top-1 0.0%"


def test_an_output_that_points_elsewhere_is_found_with_the_worst_image() -> None:
    golden = recorded(toy())
    values = golden.outputs["scores"].copy()
    values[2] = -values[2]
    (finding,) = found(checked(toy(), replace(golden, outputs={"scores": values})), "golden-cosine")
    assert "On 1 of 4 images the output 'scores' points elsewhere" in finding.message
    assert "most on image 2: the cosine is -1.00000" in finding.message
    assert finding.allowed == "cosine ≥ 0.9999 (usual for float32 models)"


def test_the_scale_does_not_turn_an_output() -> None:
    golden = recorded(toy())
    scaled = replace(golden, outputs={"scores": golden.outputs["scores"] * np.float32(3)})
    report = checked(toy(), scaled)
    assert outcomes(report) == {
        "golden-cosine": "passed",
        "golden-shape": "passed",
        "golden-top": "passed",
        "golden-values": "found",
    }


def test_the_least_cosine_is_a_setting() -> None:
    golden = recorded(toy())
    noise = np.random.default_rng(1).normal(0, 0.3, (4, 5)).astype(np.float32)
    off = replace(
        golden, outputs={"scores": golden.outputs["scores"] + noise * golden.outputs["scores"].std()}
    )
    assert found(checked(toy(), off), "golden-cosine")
    assert not found(checked(toy(), off, **{"golden-cosine.least": "0.5"}), "golden-cosine")
