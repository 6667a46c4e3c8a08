"""Runs of `check` that formats are tried on."""

from __future__ import annotations

from typing import Any

from inspector.errors import InvalidModelError
from inspector.findings.checked import Checked, CheckRun
from inspector.findings.rule_info import RuleInfo
from inspector.types.options import OptionInfo
from inspector.types.results.figure import Panel
from inspector.types.results.report import Finding, Report, Verdict
from inspector.types.results.table import Row, Table

HOSTILE = (
    "e\x1b]0;own\x07\x1b[31mred\x9b1A\r\n::error::forged\x00\u202egnp.\u2028<script>alert(1)</script>[bold]&\x7f"
    "\"'%0A::stop-commands::x##[add-mask]y]]>\ufffe\ud800[here](http://elsewhere){0},;"
)
RULES = {
    "weights-finite": RuleInfo(
        id="weights-finite",
        family="numbers",
        severity="error",
        title="Find weights that are no numbers.",
        rationale="NaN spreads.",
        mend="Export another.",
        needs=("images",),
        settings=(OptionInfo(name="share", types=("number",), default=0.5),),
    ),
    "fixed-batch": RuleInfo(
        id="fixed-batch",
        family="validity",
        severity="info",
        title="Find a fixed batch.",
        rationale="r",
        mend="m",
    ),
}


def finding(rule: str = "weights-finite", severity: str = "error", **given: Any) -> Finding:
    words = {"message": "2 weights are NaN.", "subject": "conv1.weight", "kind": "tensor", "measured": "2"}
    return Finding(
        **{"id": rule, "severity": severity, "mend": "Export another.", "allowed": "0", **words, **given}
    )


def report(*findings: Finding, **given: Any) -> Report:
    found = dict.fromkeys(one.id for one in findings)
    verdicts = [Verdict(id=name, outcome="found", seconds=0.25) for name in found]
    return Report(
        title="a model: 3 rules",
        findings=findings,
        verdicts=(*verdicts, *given.pop("verdicts", ())),
        facts={"parameters": 1234.0},
        panels=(drift(),),
        **given,
    )


def drift() -> Panel:
    columns = ("layer", "baseline", "operator", "cosine", "relative error", "snr, dB", "difference")
    rows = (
        Row(cells=("conv1", "conv1", "Conv", 0.999, 0.01, 40.0, 0.1)),
        Row(cells=("conv2", "conv2", "Conv", 0.5, 0.8, 2.0, 3.0)),
        Row(cells=("conv3", "conv3", "Conv", float("nan"), float("nan"), float("-inf"), float("inf"))),
    )
    return Panel(
        title="layers-drift", result=Table(columns=columns, rows=rows), caption="How far layers drift."
    )


def run_of(*checked: Checked, **given: Any) -> CheckRun:
    return CheckRun(checked=checked, rules=RULES, **given)


def every_kind(name: str = "models/a b.onnx", word: str = "conv1.weight") -> CheckRun:
    """A run with findings of all severities, a silenced one, verdicts of every outcome, and a model that is none."""
    found = report(
        finding(
            subject=word, message=f"{word}: 2 weights are NaN.", measured=word, allowed=word, operator=word
        ),
        finding(subject=word, severity="warning", rule="drift", message="It drifts.", mend=word),
        finding(subject=word, severity="info", rule="fixed-batch", kind="input"),
        finding(subject="other", silenced=f"as it should be {word}"),
        verdicts=(
            Verdict(id="names", outcome="passed", seconds=0.5),
            Verdict(id="golden-values", outcome="skipped", reason=f"it needs {word}"),
            Verdict(id="batch-works", outcome="failed", reason=f"the runtime ended by {word}"),
        ),
        notes=(f"assumed {word}",),
    )
    return run_of(
        Checked(model=name, report=found),
        Checked(model=f"rejects/{word}", error=InvalidModelError(f"{word} is no model.", reason="BROKEN")),
        notes=(f"The silence of {word} silenced nothing.",),
    )
