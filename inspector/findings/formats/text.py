"""Text for people: worst first, with what was measured, what is allowed, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from inspector.findings.checked import Checked, CheckRun
from inspector.findings.format import findings_format
from inspector.findings.words import counted
from inspector.types.results.report import SEVERITIES, Finding, Verdict
from inspector.types.visible import visible

BAD, DOUBTFUL, GOOD, QUIET, STRONG = "bold red", "yellow", "green", "dim", "bold"
_STYLES = {"error": BAD, "warning": DOUBTFUL, "info": "cyan"}


@dataclass(frozen=True)
class Span:
    """A part of a line, in one style."""

    text: str
    style: str = ""


Line = tuple[Span, ...]


@findings_format("text", what="people", suffixes=(".txt",), is_document=False)
def as_text(run: CheckRun) -> str:
    """Return what a terminal shows, without colors."""
    return "".join("".join(span.text for span in line) + "\n" for line in lines(run))


def lines(run: CheckRun) -> Iterator[Line]:
    """Yield the lines, in which nothing acts that others wrote."""
    for line in _lines(run):
        yield tuple(Span(visible(span.text), span.style) for span in line)


def _lines(run: CheckRun) -> Iterator[Line]:
    for one in run.checked:
        yield from _model(one, run)
        yield ()
    for note in run.notes:
        yield Span("note", QUIET), Span(f" {note}")
    yield (Span(total(run), BAD if run.failed else GOOD),)


def _model(one: Checked, run: CheckRun) -> Iterator[Line]:
    mark = Span("✗", BAD) if one.fails(run.fail_on) else Span("✓", GOOD)
    yield mark, Span(" "), Span(one.model, STRONG), Span(f"  {_counted(one)}", QUIET)
    if one.error is not None:
        yield Span("  error", BAD), Span(f" {one.error.message}"), Span(f" ({one.error.reason})", QUIET)
    if one.report is None:
        return
    verdicts = one.report.verdicts
    for verdict in verdicts:
        if verdict.outcome == "failed":
            yield Span("  failed", BAD), Span(f" {verdict.id}: {verdict.reason}")
    for (rule, _), group in groupby(one.open_findings, key=lambda f: (f.id, f.severity)):
        yield from _rule(rule, list(group))
    for finding in one.findings:
        if finding.silenced:
            yield (
                Span(
                    f"  silenced {finding.id}{_place(finding)}: {finding.message} ({finding.silenced})", QUIET
                ),
            )
    yield from _skipped(verdicts)
    for note in one.report.notes:
        yield (Span(f"  note: {note}", QUIET),)


def _rule(rule: str, group: list[Finding]) -> Iterator[Line]:
    """Yield the findings of one rule, which follow each other, and at the end how to mend them."""
    for one in group:
        yield (
            Span(f"  {one.severity}", _STYLES.get(one.severity, BAD)),
            Span(f" {rule}", STRONG),
            Span(f"{_place(one)}: {one.message}"),
        )
        parts = [("measured", one.measured), ("allowed", one.allowed)]
        told = ", ".join(f"{name} {value}" for name, value in parts if value)
        if told:
            yield (Span(f"    {told}", QUIET),)
    for mend in dict.fromkeys(one.mend for one in group if one.mend):
        yield (Span(f"    to mend: {mend}", QUIET),)


def _place(one: Finding) -> str:
    if not one.subject:
        return ""
    operator = f" ({one.operator})" if one.operator else ""
    return f" at {one.kind} {one.subject}{operator}"


def _skipped(verdicts: Iterable[Verdict]) -> Iterator[Line]:
    """Yield what was not looked at, those of one reason together."""
    reasons: dict[str, list[str]] = {}
    for one in verdicts:
        if one.outcome == "skipped":
            reasons.setdefault(one.reason, []).append(one.id)
    for reason, rules in reasons.items():
        yield (Span(f"  skipped {', '.join(rules)}: {reason}", QUIET),)


def _counted(one: Checked) -> str:
    if one.report is None:
        return "not checked"
    outcomes = [verdict.outcome for verdict in one.report.verdicts]
    open_ones = [finding.severity for finding in one.open_findings]
    parts = [(counted(len(outcomes), "rule"), True)]
    parts += [(counted(open_ones.count(name), name), name in open_ones) for name in SEVERITIES]
    silenced = len(one.findings) - len(open_ones)
    parts += [(f"{silenced} silenced", bool(silenced))]
    parts += [(f"{outcomes.count(name)} {name}", name in outcomes) for name in ("skipped", "failed")]
    return ", ".join(text for text, is_there in parts if is_there)


def total(run: CheckRun) -> str:
    """Return the run in a line."""
    failing = sum(one.fails(run.fail_on) for one in run.checked)
    missing = sum(one.report is None for one in run.checked)
    open_ones = [finding.severity for one in run.checked for finding in one.open_findings]
    found = [counted(open_ones.count(name), name) for name in SEVERITIES if name in open_ones] or [
        "nothing found"
    ]
    failed = f"{failing} to mend" if failing else "all in order" if not open_ones else "none of them to mend"
    tail = f"; {missing} could not be checked" if missing else ""
    return f"{counted(len(run.checked), 'model')}, {failed}: {', '.join(found)}{tail}"
