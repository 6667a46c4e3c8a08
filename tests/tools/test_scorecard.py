"""The scorecard of `check`: every rule has a planted fault that it finds, and what is counted is counted right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.rule import RULES, Found, Rule
from tools.scorecard.bases import BASES, Base, answers
from tools.scorecard.bench import Bench
from tools.scorecard.corpus import LOADS, UNPLANTED, Fault, Given, Twin, UnfitError, faults, twins
from tools.scorecard.editing import behind, change, nodes_of, put
from tools.scorecard.page import complaints, rendered, rules_of
from tools.scorecard.run import quick_trials
from tools.scorecard.scores import Score, scores
from tools.scorecard.trials import Trial, try_fault, try_good, try_twin

SMALL = ("small-cnn",)


ALL = ("small-cnn", "demo", "demo-batchnorm", "demo-int8")
"""Those that come with the project, the fastest first."""


def small(*names: str) -> list[Base]:
    found = dict(BASES.items())
    return [found[name] for name in names or SMALL]


@pytest.fixture(name="bench")
def fixture_bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_every_rule_has_a_planted_fault_and_its_row_on_the_page() -> None:
    assert complaints() == []


def test_every_rule_finds_a_fault_that_was_planted_for_it() -> None:
    found = {one.rule for one in quick_trials(faults(), small(*ALL)) if one.outcome == "found"}
    assert {*RULES, LOADS} - found - set(UNPLANTED) == set()


def test_every_change_fits_a_good_model() -> None:
    bench_bases = small(*ALL)
    changes: list[Fault | Twin] = [*faults(), *twins()]
    for one in changes:
        if all(isinstance(name, str) for name in one.on):
            assert any(fits(one, base) for base in bench_bases if not one.on or base.name in one.on), one.name


def fits(one: Fault | Twin, base: Base) -> bool:
    try:
        one.change(base.make())
    except UnfitError:
        return False
    return True


def planted(monkeypatch: pytest.MonkeyPatch, look: Any) -> None:
    """Let there be one more rule, `planted`."""
    RULES.keys()
    one = Rule(id="planted", family="numbers", severity="error", rationale="r", mend="m", look=look)
    monkeypatch.setitem(RULES._items, "planted", one)


def zeroed(proto: onnx.ModelProto) -> onnx.ModelProto:
    return change(proto, nodes_of(proto, "Conv")[0].input[1], np.zeros_like)


def same(proto: onnx.ModelProto) -> onnx.ModelProto:
    return proto


def fault_of(made: Any = zeroed, *, rule: str = "planted", subject: Any = None) -> Fault:
    return Fault(name="zeroed", rules=(rule,), change=made, subject=subject, on=(), given=Given())


TWIN = Twin(name="same", harmless="Nothing.", change=same, tells=(), on=(), given=Given())


def score_of(bench: Bench, *made: Fault) -> Score:
    trials = [one for fault in made or (fault_of(),) for one in try_fault(bench, fault, small())]
    trials += [*try_good(bench, small()[0], rules=["planted"])]
    trials += [*try_twin(bench, TWIN, small(), rules=["planted"])]
    return scores(["planted"], trials)["planted"]


def dead_weights(examination: Examination) -> Iterator[Found]:
    for name, value in examination.model.ir.graph.initializers.items():
        if value.const_value is not None and not np.any(value.const_value.numpy()):
            yield Found(message=f"{name} is 0.", subject=name, kind="tensor")


def test_a_rule_that_finds_what_it_should_and_nothing_else_has_full_marks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(monkeypatch, dead_weights)
    score = score_of(bench)
    assert (score.recall, score.precision, len(score.found), score.quiet) == (1.0, 1.0, 1, 2)


def test_a_rule_that_never_finds_anything_has_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(monkeypatch, lambda examination: ())
    score = score_of(bench)
    assert (score.recall, score.precision) == (0.0, 0.0)
    assert [one.told for one in score.missed] == ["passed"]


def test_a_rule_that_always_finds_something_has_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(monkeypatch, lambda examination: [Found(message="This model is odd.")])
    score = score_of(bench)
    assert (score.recall, score.precision) == (0.0, 0.0)
    assert [(one.base, one.told) for one in score.alarms] == [("small-cnn", "This model is odd.")]


def test_a_rule_that_fails_on_a_good_model_is_wrong_about_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(examination: Examination) -> Iterator[Found]:
        raise ZeroDivisionError(examination.model.name)

    planted(monkeypatch, look)
    score = score_of(bench)
    assert (score.recall, score.precision) == (0.0, 0.0)
    (told,) = (one.told for one in score.missed)
    assert told.startswith("failed: ZeroDivisionError: small-cnn")
    (told,) = (one.told for one in score.alarms)
    assert told.startswith("failed: ZeroDivisionError: small-cnn")


def test_a_good_model_that_a_rule_cannot_judge_does_not_count(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(examination: Examination) -> Iterator[Found]:
        raise SkippedError(f"{examination.model.name} has no such thing.")

    planted(monkeypatch, look)
    score = score_of(bench)
    assert (score.quiet, score.alarms) == (0, [])
    assert [one.told for one in score.missed] == ["skipped: small-cnn has no such thing."]


def test_a_fault_that_is_found_elsewhere_is_not_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    planted(monkeypatch, dead_weights)
    (trial,) = try_fault(bench, fault_of(subject=lambda proto: ["w2"]), small())
    assert (trial.outcome, trial.told) == ("elsewhere", "w1: w1 is 0.")
    (trial,) = try_fault(bench, fault_of(subject=lambda proto: ["w2", "w1"]), small())
    assert trial.outcome == "found"


def test_twins_are_judged_by_what_the_good_model_has_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(proto: onnx.ModelProto) -> onnx.ModelProto:
        put(proto, "dead", np.zeros((8, 1, 1), np.float32))
        behind(proto, nodes_of(proto, "Conv")[0], "Add", "dead")
        return proto

    planted(monkeypatch, dead_weights)
    twin = Twin(name="zeroed", harmless="", change=spoilt, tells=(), on=(), given=Given())
    (trial,) = try_twin(bench, twin, small(), rules=["planted"])
    assert (trial.outcome, trial.told) == ("alarm", "dead is 0.")
    teller = Twin(name="zeroed", harmless="", change=spoilt, tells=("planted",), on=(), given=Given())
    (trial,) = try_twin(bench, teller, small(), rules=["planted"])
    assert trial.outcome == "quiet"


def test_a_file_that_does_not_load_is_seen_by_no_rule(bench: Bench) -> None:
    def cut(proto: onnx.ModelProto) -> bytes:
        return bytes(proto.SerializeToString()[:100])

    (trial,) = try_fault(bench, fault_of(cut, rule="weights-finite"), small())
    assert trial.outcome == "refused"
    assert scores(["weights-finite"], [trial])["weights-finite"].recall is None
    (trial,) = try_fault(bench, fault_of(cut, rule=LOADS), small())
    assert trial.outcome == "found"
    (trial,) = try_fault(bench, fault_of(same, rule=LOADS), small())
    assert trial.outcome == "missed"


def test_what_computes_something_else_is_no_twin(bench: Bench) -> None:
    twin = Twin(name="zeroed", harmless="", change=zeroed, tells=(), on=(), given=Given())
    assert list(try_twin(bench, twin, small(), rules=["weights-finite"])) == []


def test_twins_compute_the_same(bench: Bench) -> None:
    """Else a finding would be none of the rule's mistakes."""
    for base in small("demo", "demo-batchnorm", "small-cnn"):
        good = answers(bench.good(base), base.images()[:3])
        for twin in twins():
            if twin.tells or (twin.on and base.name not in twin.on):
                continue
            try:
                data = bench.changed(base, twin.change)
            except UnfitError:
                continue
            made = onnx.load_model(data) if isinstance(data, Path) else onnx.load_from_string(data)
            for name, values in answers(made, base.images()[:3]).items():
                np.testing.assert_allclose(values, good[name], rtol=1e-4, atol=1e-4, err_msg=twin.name)


def test_the_page_has_a_row_for_every_rule() -> None:
    trial = Trial(rule="weights-finite", planted="a|b", base="demo", outcome="missed", told="<b>\nno | pipe")
    page = rendered(scores(RULES, [trial]), [], ["demo"])
    assert rules_of(page) == set(RULES)
    assert "(demo): &lt;b> no \\| pipe" in page
