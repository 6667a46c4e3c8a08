"""The frame of `check`: which rules look, what they report, in which order."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import inspector
from inspector.checks.examination import Examination, SkippedError
from inspector.checks.rule import RULES, Found, Rule, rule
from inspector.errors import EngineError, InvalidInputError, NotFoundError, UserError
from inspector.runtime.cache import SessionCache
from inspector.types.results.report import Report
from tests.support.graphs import model, node
from tests.support.toys import SIDE, toy_cnn, toy_photo


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
    chosen = ("fixed-batch", "preprocessing-assumed", "weights-finite")
    found = report(batch=1, spoilt=True, select=chosen, severities=["preprocessing-assumed=warning"])
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
        rule("fixed-batch", family="validity", severity="info", rationale="", mend="")(lambda examination: ())


def test_every_rule_says_why_and_what_to_do() -> None:
    rules = [RULES.get(name) for name in RULES]
    assert all(one is not None and one.rationale and one.mend for one in rules)


def test_families_and_patterns_name_rules() -> None:
    found = report(batch=1, select=["validity"], ignore=["weights-*"])
    assert "fixed-batch" in {one.id for one in found.verdicts}
    assert all(RULES.get(one.id).family == "validity" for one in found.verdicts)  # type: ignore[union-attr]
    assert {one.id for one in report(batch=1, select=["*-batch"]).findings} == {"fixed-batch"}


def test_severities_are_the_request_s_and_off_is_not_asked() -> None:
    found = report(batch=1, select=["fixed-batch"], severities={"fixed-batch": "error"})
    assert [(one.id, one.severity) for one in found.findings] == [("fixed-batch", "error")]
    assert found.failed
    found = report(batch=1, select=["fixed-batch"], severities=["validity=error", "fixed-batch=off"])
    assert found.verdicts == ()
    with pytest.raises(InvalidInputError, match="error, warning, info, off") as caught:
        report(severities={"fixed-batch": "bad"})
    assert caught.value.field == "severities[0]"


def test_a_setting_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidInputError, match="has no setting 'size'; it has: none") as caught:
        report(**{"fixed-batch.size": 3})  # type: ignore[arg-type]
    assert caught.value.field == "options[fixed-batch.size]"
    with pytest.raises(NotFoundError, match="fixed-batch"):
        report(**{"fixed-batches.size": 3})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "says"), [(float("nan"), "is NaN"), ("nan", "is NaN"), ("many", "is 'many'; allowed: a number")]
)
def test_a_setting_is_a_number_with_which_something_can_be_found(value: Any, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says) as caught:
        report(**{"dominant-filters.dominance": value})
    assert caught.value.field == "options[dominant-filters.dominance]"


def test_every_verdict_says_what_became_of_a_rule() -> None:
    found = report(batch=1, select=["fixed-batch", "weights-finite"])
    assert {one.id: one.outcome for one in found.verdicts} == {
        "fixed-batch": "found",
        "weights-finite": "passed",
    }


def planted(monkeypatch: pytest.MonkeyPatch, look: Any, *, name: str = "planted", **words: Any) -> None:
    """Let there be one more rule of a name."""
    RULES.keys()
    one = Rule(id=name, family="numbers", severity="error", rationale="r", mend="m", look=look, **words)
    monkeypatch.setitem(RULES._items, name, one)


def test_a_rule_that_cannot_judge_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(examination: Examination) -> Iterator[Found]:
        if examination.model:
            raise SkippedError("the model has no such thing.")
        yield Found(message="never")

    planted(monkeypatch, look)
    (verdict,) = report(select=["planted"]).verdicts
    assert (verdict.outcome, verdict.reason) == ("skipped", "the model has no such thing.")


@pytest.mark.parametrize("need", ["images", "baseline", "expected", "boxes"])
def test_a_rule_without_what_it_needs_is_skipped(monkeypatch: pytest.MonkeyPatch, need: Any) -> None:
    planted(monkeypatch, lambda examination: [Found(message="never")], needs=(need,))
    found = report(select=["planted"])
    assert found.findings == ()
    assert found.verdicts[0].outcome == "skipped"
    assert "give" in found.verdicts[0].reason


def test_a_rule_that_ends_by_an_error_is_told_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(examination: Examination) -> Iterator[Found]:
        yield Found(message="seen before")
        raise EngineError("the runtime failed")

    planted(monkeypatch, look)
    found = report(select=["planted", "fixed-batch"])
    assert [one.outcome for one in found.verdicts] == ["passed", "failed"]
    assert [one.message for one in found.findings] == ["seen before"]
    assert found.failed
    assert any("planted failed: the runtime failed" in line for line in found.summary())


def test_a_bug_in_a_rule_hides_nothing_that_the_others_see(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(examination: Examination) -> Iterator[Found]:
        yield Found(message="seen before")
        raise ZeroDivisionError("division by zero")

    planted(monkeypatch, look)
    found = report(select=["planted", "weights-finite"], spoilt=True)
    assert [one.outcome for one in found.verdicts] == ["failed", "found"]
    assert found.verdicts[0].reason.startswith("ZeroDivisionError: division by zero (test_check.py:")
    assert found.failed


@pytest.mark.parametrize("given", ["missing", "broken"])
def test_a_baseline_that_cannot_be_loaded_is_the_callers_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
) -> None:
    def look(examination: Examination) -> Iterator[Found]:
        assert examination.baseline
        yield from ()

    planted(monkeypatch, look, needs=("baseline",))
    path = tmp_path / "baseline.onnx"
    if given == "broken":
        path.write_bytes(b"no model")
    with pytest.raises(UserError) as caught:
        report(select=["planted"], baseline=str(path))
    assert (caught.value.field or "").startswith("baseline")


def test_what_rules_share_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def measure(examination: Examination) -> int:
        taken.append(1)
        return 3

    def look(examination: Examination) -> Iterator[Found]:
        yield Found(message=str(examination.measured(measure) + examination.measured(measure)))

    planted(monkeypatch, look)
    assert report(select=["planted"]).findings[0].message == "6"
    assert taken == [1]


@pytest.mark.parametrize(
    "error", [EngineError("the runtime failed"), ValueError("a bug"), SkippedError("none")]
)
def test_what_rules_share_fails_once(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    taken: list[Any] = []

    def measure(examination: Examination) -> int:
        held = np.zeros(9)
        taken.append(weakref.ref(held))
        raise error

    def look(examination: Examination) -> Iterator[Found]:
        yield Found(message=str(examination.measured(measure)))

    for name in ("planted", "planted-too"):
        planted(monkeypatch, look, name=name)
    one, other = report(select=["planted", "planted-too"]).verdicts
    assert (one.outcome, one.reason) == (other.outcome, other.reason)
    assert str(error) in one.reason
    assert len(taken) == 1
    assert taken[0]() is None, "what the measure held is kept with its error"


def test_progress_moves_within_a_rule_and_never_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(examination: Examination) -> Iterator[Found]:
        for done, total in ((1, 2), (1, 4), (4, 4), (0, 0)):
            examination.run.control.tell(done, total)
        yield Found(message="seen")

    planted(monkeypatch, look)
    told: list[tuple[int, int]] = []
    with inspector.load(toy_cnn(), device="cpu") as model:
        model.check(select=["planted", "fixed-batch"], progress=lambda *step: told.append(step))
    assert told == [(100, 200), (149, 200), (199, 200), (200, 200)]


def test_progress_moves_with_the_images_of_the_pass_that_rules_share() -> None:
    images = list(np.random.default_rng(0).standard_normal((20, 3, SIDE, SIDE)).astype(np.float32))
    told: list[tuple[int, int]] = []
    with inspector.load(toy_cnn(), device="cpu") as model:
        model.check(images=images, select=["activations-finite"], progress=lambda *step: told.append(step))
    assert told == [(39, 100), (79, 100), (100, 100)]


def test_of_a_model_of_any_size_the_report_says_at_which_one_pictures_ran() -> None:
    given = [toy_photo(height=40, width=50), toy_photo(height=30, width=60)]
    nodes = [
        node("Relu", ["x"], "relu"),
        node("GlobalAveragePool", ["relu"], "mean"),
        node("Flatten", ["mean"], "y"),
    ]
    data = model(nodes, shape=("batch", 3, "height", "width")).SerializeToString()
    settled = {"resize": {"mode": "exact"}, "crop": {"height": 24, "width": 32}}
    for preprocessing, size in ((None, "at up to 40×50"), (settled, "")):
        with inspector.load(data, device="cpu", preprocessing=preprocessing) as loaded:
            notes = loaded.check(images=given, select=["activations-finite"]).notes
        told = [str(one) for one in notes if "size of its images" in one]
        assert len(told) == bool(size)
        assert all(size in one and "--preprocessing" in one for one in told)
    assert not any(
        "size of its images" in one for one in report(images=given, select=["activations-finite"]).notes
    )


def test_sessions_that_a_rule_alone_asks_for_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def look(examination: Examination) -> Iterator[Found]:
        engine = examination.run.engine
        image = engine.filled(np.zeros((1, 3, SIDE, SIDE), np.float32))
        engine.fetch(image, [output.name for output in engine.model.outputs])
        held.append(len(engine._cache))
        engine.fetch(image, [layer.output for layer in engine.model.layers])
        held.append(len(engine._cache))
        yield Found(message="seen")

    planted(monkeypatch, look)
    cache = SessionCache(max_bytes=1 << 30)
    with inspector.load(toy_cnn(), device="cpu", sessions=cache) as model:
        model.check(select=["planted"])
        assert held == [1, 2]
        assert len(cache) == 1, "the session of the outputs stays, which other rules ask"


def test_what_does_not_run_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(examination: Examination) -> Iterator[Found]:
        raise EngineError("the runtime failed")

    planted(monkeypatch, look)
    broken = Rule(
        id="runs",
        family="validity",
        severity="error",
        rationale="r",
        mend="m",
        look=lambda examination: [Found(message="it does not run")],
    )
    monkeypatch.setitem(RULES._items, "runs", broken)
    found = report(select=["planted", "runs"])
    assert [(one.id, one.outcome) for one in found.verdicts] == [("runs", "found"), ("planted", "skipped")]
    assert "does not run" in found.verdicts[1].reason
    assert found.failed
    assert [one.outcome for one in report(select=["planted"]).verdicts] == ["failed"]
