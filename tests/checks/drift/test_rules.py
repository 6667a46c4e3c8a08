"""The rules of drift: each with a pair that breaks it, and one that does not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

import inspector
from inspector.checks.rules.drift.top_drift import _at_most
from tests.checks.drift.pairs import CLASSES, SIDE, change, network, pictures, report
from tests.support.graphs import model, node


def shifted() -> onnx.ModelProto:
    """The classes come in another order."""
    return change(network(), "dense", lambda w: w[:, ::-1])


@pytest.mark.parametrize("rule", ["outputs-drift", "top-drift"])
def test_answers_that_are_others_are_found(tmp_path: Path, rule: str) -> None:
    found = report(tmp_path, shifted(), network(), select=[rule])
    assert {(one.id, one.kind, one.subject) for one in found.findings} == {(rule, "output", "scores")}
    assert all(one.measured and one.allowed for one in found.findings)
    assert report(tmp_path, network(prefix="other_"), network(), select=[rule]).findings == ()


def test_agreement_is_told_and_its_limits_are_settings(tmp_path: Path) -> None:
    found = report(tmp_path, shifted(), network(), select=["top-drift"])
    scores = np.stack([one.ravel() for one in _scores(network())])
    same = (scores.argmax(axis=1) == CLASSES - 1 - scores.argmax(axis=1)).mean()
    assert found.facts["top1_agreement"] == same == 0
    (finding,) = [one for one in found.findings if "another class" in one.message]
    assert finding.measured == f"the same class on 0 of {len(pictures())}"
    loose = {"top-drift.top1": 0.0, "top-drift.top5": 0.0}
    assert report(tmp_path, shifted(), network(), select=["top-drift"], **loose).findings == ()


def _scores(proto: onnx.ModelProto) -> list[np.ndarray]:
    with inspector.load(proto.SerializeToString(), device="cpu") as one:
        return [np.asarray([entry.score for entry in sorted(found.classes, key=lambda entry: entry.index)])
                for found in one.predict(pictures(), top=CLASSES)]  # fmt: skip


def test_few_images_are_not_enough_where_chance_explains_them(tmp_path: Path) -> None:
    assert _at_most(1, 2) > 0.7
    assert _at_most(8, 10) > 0.7
    assert _at_most(3, 10) < 0.7
    assert _at_most(0, 1) < 0.7


def test_limits_are_those_of_the_coarser_model(tmp_path: Path) -> None:
    near = change(network(), "dense", lambda w: w * 1.03)
    found = report(tmp_path, near, network(), select=["outputs-drift", "layers-drift"])
    assert {one.id for one in found.findings} == {"outputs-drift", "layers-drift"}
    assert "0.01, as one of both computes on floats" in found.findings[0].allowed
    loose = {"outputs-drift.single": 0.05, "layers-drift.single": 0.05}
    assert report(tmp_path, near, network(), select=["outputs-drift", "layers-drift"], **loose).findings == ()


def test_an_output_that_is_missing_or_of_another_shape_is_found(tmp_path: Path) -> None:
    two = network()
    two.graph.output.append(onnx.helper.make_tensor_value_info("pool", onnx.TensorProto.FLOAT, None))
    found = report(tmp_path, network(), two, select=["outputs-drift"])
    assert [(one.subject, one.kind) for one in found.findings] == [("pool", "output")]
    fewer = change(network(), "dense", lambda w: w[:, :-1])
    found = report(tmp_path, fewer, network(), select=["outputs-drift"])
    assert [one.measured for one in found.findings] == ["another shape on 8 of 8 images"]


@pytest.mark.parametrize("rule", ["saliency-drift", "occlusion-drift"])
def test_maps_of_another_network_are_found_and_those_of_another_export_are_not(
    tmp_path: Path, rule: str
) -> None:
    other = network()
    for index in range(4):
        change(other, f"w{index}", lambda w: np.random.default_rng(9).standard_normal(w.shape) / 4)
    found = report(tmp_path, other, network(), select=[rule])
    assert [(one.id, one.severity) for one in found.findings] == [(rule, "warning")]
    twin = report(tmp_path, network(normalized=True), network(), select=[rule])
    assert twin.findings == ()
    assert twin.facts[f"{rule.removesuffix('-drift')}_rank_correlation"] == pytest.approx(1, abs=1e-3)
    count = 4 if rule == "occlusion-drift" else 8
    assert [len(panel.result.table()[1]) for panel in twin.panels] == [count]


def test_a_model_without_classes_has_no_top_and_no_maps_to_compare(tmp_path: Path) -> None:
    flat = model([node("Conv", ["x", "w"], "picture", pads=[1, 1, 1, 1])], shape=("n", 3, SIDE, SIDE),
                 weights={"w": np.ones((3, 3, 3, 3), np.float32)})  # fmt: skip
    found = report(tmp_path, flat, flat, select=["top-drift", "saliency-drift", "occlusion-drift"])
    assert {one.outcome for one in found.verdicts} == {"skipped"}
    assert all(one.reason for one in found.verdicts)


def test_a_layer_that_only_one_model_has_is_told(tmp_path: Path) -> None:
    more = network()
    place = [one.output[0] for one in more.graph.node].index("relu3")
    more.graph.node[place].output[0] = more.graph.node[place].name = "before"
    more.graph.node.insert(place + 1, node("Conv", ["before", "extra"], "relu3"))
    more.graph.initializer.append(onnx.numpy_helper.from_array(
        np.random.default_rng(8).standard_normal((6, 6, 5, 5)).astype(np.float32) / 12, "extra"))  # fmt: skip
    found = report(tmp_path, more, network(), select=["layers-unmatched"])
    assert [(one.subject, one.severity) for one in found.findings] == [("relu3", "info")]
    assert report(tmp_path, network(), network(normalized=True), select=["layers-unmatched"]).findings == ()
    assert found.facts["unmatched_layers"] == 1


def test_layers_that_only_one_model_has_are_told_together(tmp_path: Path) -> None:
    more = network()
    place = [one.output[0] for one in more.graph.node].index("relu3")
    rng = np.random.default_rng(8)
    for index, last in ((1, "between"), (2, "relu3")):
        more.graph.node[place].output[0] = more.graph.node[place].name = f"before{index}"
        place += 1
        more.graph.node.insert(place, node("Conv", [f"before{index}", f"extra{index}"], last))
        weights = rng.standard_normal((6, 6, 3 + index, 3 + index)).astype(np.float32) / 12
        more.graph.initializer.append(onnx.numpy_helper.from_array(weights, f"extra{index}"))
    (finding,) = report(tmp_path, more, network(), select=["layers-unmatched"]).findings
    assert (finding.subject, finding.severity) == ("layers of the model", "info")
    assert finding.message.startswith("2 convolutions and dense layers of the model correspond to no layer")


def with_preprocessing(**given: object) -> onnx.ModelProto:
    made = network()
    told = {
        "color": "RGB",
        "resize": {"mode": "exact"},
        "scale": 1 / 255,
        "mean": [0.0],
        "std": [1.0],
    } | given
    made.metadata_props.add(key="inspector.preprocessing", value=json.dumps(told))
    return made


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"color": "BGR"}, "color is BGR, the baseline's RGB"),
        ({"mean": [0.5], "std": [0.5]}, "a pixel of 0 becomes -1"),
        ({"scale": 1.0}, "a pixel of 255 becomes 255"),
        ({"resize": {"mode": "short_side", "size": 14}}, "resize is short_side"),
    ],
)
def test_preprocessing_that_differs_is_named(tmp_path: Path, given: dict[str, object], said: str) -> None:
    found = report(
        tmp_path, with_preprocessing(**given), with_preprocessing(), select=["preprocessing-differs"]
    )
    (finding,) = found.findings
    assert (finding.kind, finding.severity) == ("input", "warning")
    assert said in finding.message


def test_the_same_preprocessing_in_other_words_is_the_same(tmp_path: Path) -> None:
    other = with_preprocessing(scale=1.0, mean=[0.0, 0.0, 0.0], std=[255.0, 255.0, 255.0])
    assert report(tmp_path, other, with_preprocessing(), select=["preprocessing-differs"]).findings == ()
    assert report(tmp_path, network(), with_preprocessing(), select=["preprocessing-differs"]).findings == ()


def test_each_model_prepares_pictures_as_it_ships_and_one_that_says_nothing_as_the_other(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (20, 30, 3), dtype=np.uint8) for _ in range(3)]
    bright = with_preprocessing(scale=2 / 255)
    found = report(tmp_path, with_preprocessing(), bright, images=photos, select=["outputs-drift"])
    assert [one.id for one in found.findings] == ["outputs-drift"]
    found = report(tmp_path, bright, network(), images=photos, select=["outputs-drift"])
    assert found.findings == ()
    assert "baseline_prepared_alike" in {one.id for one in found.notes}
