"""Which findings a silence silences, and when it is told that it silenced nothing."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.errors import InvalidInputError
from inspector.findings.checked import Checked, is_reason
from inspector.findings.fingerprint import fingerprints
from inspector.findings.silences import Silence, fits_model, silenced
from inspector.types.results.report import Verdict
from tests.findings.runs import RULES, finding, report


def marks(silence: Silence, **given: Any) -> list[str]:
    checked = Checked(model="models/float/a.onnx", report=report(finding(**given)))
    (one,), _ = silenced([checked], [silence], RULES.values())
    return [f.silenced for f in one.findings]


@pytest.mark.parametrize(
    ("given", "is_silenced"),
    [
        ({"rule": "weights-finite"}, True),
        ({"rule": "numbers"}, True),
        ({"rule": "weights-*"}, True),
        ({"rule": "health"}, False),
        ({"rule": "weights-finite", "subject": "conv1.*"}, True),
        ({"rule": "weights-finite", "subject": "conv1.weight"}, True),
        ({"rule": "weights-finite", "subject": "conv1"}, False),
        ({"rule": "weights-finite", "model": "a.onnx"}, True),
        ({"rule": "weights-finite", "model": "float/*.onnx"}, True),
        ({"rule": "weights-finite", "model": "models/*"}, True),
        ({"rule": "weights-finite", "model": "b.onnx"}, False),
        ({"rule": "weights-finite", "model": "oat/a.onnx"}, False),
    ],
)
def test_what_is_silenced(given: dict[str, str], is_silenced: bool) -> None:
    assert marks(Silence(reason="why", **given)) == (["why"] if is_silenced else [""])


def test_a_name_with_brackets_is_itself() -> None:
    assert marks(Silence(rule="weights-finite", subject="conv[0]", reason="why"), subject="conv[0]") == [
        "why"
    ]


def test_the_first_silence_gives_its_reason_and_both_are_used() -> None:
    silences = [Silence(rule="numbers", reason="first"), Silence(rule="weights-finite", reason="second")]
    (one,), notes = silenced([Checked(model="a", report=report(finding()))], silences, RULES.values())
    assert [f.silenced for f in one.findings] == ["first"]
    assert notes == []


@pytest.mark.parametrize(
    ("silence", "outcome", "is_told"),
    [
        (Silence(rule="fixed-batch", reason="r"), "passed", True),
        (Silence(rule="fixed-batch", reason="r", model="b.onnx"), "passed", False),
        (Silence(rule="fixed-batch", reason="r"), "skipped", False),
        (Silence(rule="fixed-batch", reason="r"), "failed", False),
        (Silence(rule="not-asked", reason="r"), "passed", False),
    ],
)
def test_a_silence_that_silenced_nothing_is_told_where_it_could(
    silence: Silence, outcome: str, is_told: bool
) -> None:
    found = report(finding(), verdicts=(Verdict(id="fixed-batch", outcome=outcome),))
    _, notes = silenced([Checked(model="a.onnx", report=found)], [silence], RULES.values())
    assert len(notes) == is_told
    assert all("fixed-batch" in note and "(Its reason was: r)" in note for note in notes)


def test_patterns_of_models() -> None:
    assert fits_model("./a/b.onnx", "a/b.onnx")
    assert fits_model("*.onnx", "/abs/b.onnx")
    assert not fits_model("*.onnx", "b.ort")


@pytest.mark.parametrize(
    ("severity", "fail_on", "fails"),
    [
        ("error", "error", True),
        ("warning", "error", False),
        ("warning", "warning", True),
        ("info", "warning", False),
        ("error", "never", False),
        ("of another version", "error", True),
    ],
)
def test_what_is_a_reason_to_fail(severity: str, fail_on: str, fails: bool) -> None:
    assert is_reason(finding(severity=severity), fail_on) == fails
    assert not is_reason(finding(severity=severity, silenced="r"), fail_on)


def test_a_severity_that_is_none_is_not_taken_for_another() -> None:
    with pytest.raises(InvalidInputError, match="Did you mean 'warning'") as caught:
        Checked(model="a.onnx", report=report(finding(severity="warning"))).fails("warnings")
    assert caught.value.field == "fail_on"


def test_a_fingerprint_stays_as_long_as_the_fault_does() -> None:
    (before,) = fingerprints("models/a.onnx", [finding(measured="2", message="2 are NaN.")])
    (after,) = fingerprints("models/a.onnx", [finding(measured="3", message="3 are NaN.", severity="info")])
    assert before == after
    others = [
        fingerprints("models/b.onnx", [finding()]),
        fingerprints("models/a.onnx", [finding(subject="conv2.weight")]),
        fingerprints("models/a.onnx", [finding(kind="layer")]),
        fingerprints("models/a.onnx", [finding(rule="other")]),
        fingerprints("models/a.onnx", [finding(subject="conv1.weighttensor", kind="")]),
    ]
    assert len({before, *(one for (one,) in others)}) == 6


def test_one_more_of_a_kind_is_news() -> None:
    one, two = fingerprints("a.onnx", [finding(), finding(measured="9")])
    assert one != two
    assert fingerprints("a.onnx", [finding()]) == [one]


def test_a_fingerprint_is_that_of_the_file_wherever_a_machine_keeps_it() -> None:
    assert fingerprints("/home/a/m.onnx", [finding()]) == fingerprints("/mnt/b/m.onnx", [finding()])
    assert fingerprints("a/m.onnx", [finding()]) != fingerprints("b/m.onnx", [finding()])
