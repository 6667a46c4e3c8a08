"""JUnit's XML, as CI systems show tests: a suite per model, a case per rule."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from inspector.findings.checked import Checked, CheckRun, is_reason
from inspector.findings.format import findings_format
from inspector.types.results.report import Finding, Report, Verdict
from inspector.types.visible import visible

_NO_XML = re.compile("[\ufffe\uffff]")


@findings_format("junit", what="test reports of CI systems", suffixes=(".xml",))
def as_junit(run: CheckRun) -> str:
    """Return the document: what is a reason to fail is a failure, all other findings are output of their cases."""
    root = Element("testsuites", name="inspector check")
    for one in run.checked:
        _suite(root, one, run.fail_on)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in root):.3f}")
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, one: Checked, fail_on: str) -> None:
    suite = SubElement(root, "testsuite", name=_text(one.model))
    facts = {} if one.report is None else one.report.facts
    if facts:
        properties = SubElement(suite, "properties")
        for name, value in facts.items():
            SubElement(properties, "property", name=_text(name), value=f"{value:g}")
    if one.error is not None:
        case = SubElement(suite, "testcase", name="load", classname=_text(one.model), time="0.000")
        SubElement(case, "error", type=_text(one.error.reason), message=_text(one.error.message))
    verdicts = () if one.report is None else _all_verdicts(one.report)
    for verdict in verdicts:
        _case(suite, one, verdict, fail_on)
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in suite.iter("testcase"))))
    suite.set("time", f"{sum(verdict.seconds for verdict in verdicts):.3f}")


def _all_verdicts(report: Report) -> list[Verdict]:
    """Return the verdicts, and one for each rule that found something and has none, as reports of old services have."""
    there = {one.id for one in report.verdicts}
    ids = dict.fromkeys(one.id for one in report.findings if one.id not in there)
    return [*report.verdicts, *(Verdict(id=name, outcome="found") for name in ids)]


def _case(suite: Element, one: Checked, verdict: Verdict, fail_on: str) -> None:
    """Add the case of a rule, which has one outcome: an error where the rule failed, whatever it had found before."""
    case = SubElement(
        suite,
        "testcase",
        name=_text(verdict.id),
        classname=_text(one.model),
        time=f"{verdict.seconds:.3f}",
    )
    findings = [finding for finding in one.findings if finding.id == verdict.id]
    reasons = [finding for finding in findings if is_reason(finding, fail_on)]
    if verdict.outcome == "failed":
        found = SubElement(case, "error", type="failed", message=_text(verdict.reason))
        found.text = _all(reasons) or None
    elif reasons:
        message = (
            reasons[0].message if len(reasons) == 1 else f"{len(reasons)} findings: {reasons[0].message}"
        )
        failure = SubElement(case, "failure", type=_text(reasons[0].severity), message=_text(message))
        failure.text = _all(reasons)
    elif verdict.outcome == "skipped":
        SubElement(case, "skipped", message=_text(verdict.reason))
    rest = [finding for finding in findings if finding not in reasons]
    if rest:
        SubElement(case, "system-out").text = _all(rest)


def _all(findings: list[Finding]) -> str:
    return _text("\n".join(map(_told, findings)), lines=True)


def _told(one: Finding) -> str:
    place = f" at {one.kind} {visible(one.subject)}" if one.subject else ""
    parts = [
        ("measured", one.measured),
        ("allowed", one.allowed),
        ("to mend", one.mend),
        ("silenced", one.silenced),
    ]
    more = [f"  {name}: {visible(text)}" for name, text in parts if text]
    return "\n".join([f"{one.severity}{place}: {visible(one.message)}", *more])


def _text(text: str, *, lines: bool = False) -> str:
    """Return a text that XML can hold: what acts is written out, and what no document may hold."""
    return _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", visible(text, lines=lines))
