"""Findings as one HTML page: per model what was found, worst first, what was looked at, and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import isnan

from inspector.findings.checked import Checked, CheckRun
from inspector.findings.columns import ERROR
from inspector.findings.format import findings_format
from inspector.findings.formats.text import total
from inspector.render.answer import answer_of
from inspector.render.blocks import Entry
from inspector.render.report import ReportPage
from inspector.render.result_page import add_answer
from inspector.types.results.figure import Panel
from inspector.types.results.report import SEVERITIES, Finding
from inspector.types.results.table import Table
from inspector.types.visible import visible


@findings_format("html", what="people: one page with tables and pictures", suffixes=(".html",))
def as_html(run: CheckRun) -> str:
    """Return one self-contained page."""
    page = ReportPage("inspector check", lead=total(run))
    for note in run.notes:
        page.add_note(visible(note))
    if len(run.checked) > 1:
        page.add_table(
            ("model", "", "errors", "warnings", "info", "silenced"), [_row(one, run) for one in run.checked]
        )
    for one in run.checked:
        page.add_section(visible(one.model))
        _add_model(page, one, run)
    return page.to_html()


def _row(one: Checked, run: CheckRun) -> tuple[str | int, ...]:
    open_ones = [finding.severity for finding in one.open_findings]
    told = "not checked" if one.report is None else "to mend" if one.fails(run.fail_on) else "in order"
    counts = (open_ones.count(name) for name in SEVERITIES)
    return (visible(one.model), told, *counts, len(one.findings) - len(open_ones))


def _add_model(page: ReportPage, one: Checked, run: CheckRun) -> None:
    if one.error is not None:
        page.add_note(visible(f"It could not be checked: {one.error.message} ({one.error.reason})"))
    report = one.report
    if report is None:
        return
    for note in report.notes:
        page.add_note(str(note))
    _add_findings(page, one, run)
    if report.facts:
        page.add_facts({name: _fact(value) for name, value in report.facts.items()})
    for panel in report.panels:
        page.add_group(panel.title, panel.caption)
        _adder(panel)(page)
    page.add_group("Rules that looked")
    page.add_table(
        ("rule", "", "what it finds", "why not", "seconds"),
        [
            (
                verdict.id,
                verdict.outcome,
                run.rule(verdict.id).title,
                verdict.reason,
                round(verdict.seconds, 3),
            )
            for verdict in report.verdicts
        ],
    )


def _add_findings(page: ReportPage, checked: Checked, run: CheckRun) -> None:
    open_ones = checked.open_findings
    if not open_ones:
        page.add_text("Nothing was found that nobody has silenced.")
    for severity in dict.fromkeys(one.severity for one in open_ones):
        page.add_group(severity.capitalize())
        group = [one for one in open_ones if one.severity == severity]
        for rule in dict.fromkeys(one.id for one in group):
            found = [one for one in group if one.id == rule]
            told = [_entry(one, {"measured": one.measured, "allowed": one.allowed}) for one in found]
            mends = " ".join(dict.fromkeys(one.mend for one in found if one.mend))
            page.add_entries(rule, told, remarks=_given({"why": run.rule(rule).rationale, "to mend": mends}))
    silenced = [one for one in checked.findings if one.silenced]
    if silenced:
        page.add_group("Silenced")
        for one in silenced:
            page.add_entries(one.id, [_entry(one, {"why it is no reason to fail": one.silenced})], remarks={})


def _entry(one: Finding, details: Mapping[str, str]) -> Entry:
    return Entry(place=_place(one), text=one.message, details=_given(details))


def _given(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text}


def _place(one: Finding) -> str:
    operator = f" ({one.operator})" if one.operator else ""
    return f"{one.kind} {one.subject}{operator}" if one.subject else one.kind


def _fact(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def _adder(panel: Panel) -> Callable[[ReportPage], None]:
    result = panel.result
    if isinstance(result, Table) and ERROR in result.columns:
        return partial(_add_bars, table=result)
    answer = answer_of(result, (), title=panel.title)
    return lambda page: add_answer(page, answer, title=panel.title, note=page.add_note)


def _add_bars(page: ReportPage, *, table: Table) -> None:
    """Add the layers, worst first, with how far each drifts as a bar, full at a relative error of 1.

    That stands beside the layer: on a narrow screen the other columns are out of sight.
    """
    place = table.columns.index(ERROR)
    turned = sorted(range(len(table.columns)), key=lambda column: (column != 0, column != place, column))
    rows = [[row.cells[column] for column in turned] for row in table.rows]
    columns, place = [table.columns[column] for column in turned], turned.index(place)
    drifts = [_number(cells[place]) for cells in rows]
    order = sorted(range(len(rows)), key=lambda index: -drifts[index])
    page.add_table(
        columns,
        [["" if cell is None else cell for cell in rows[index]] for index in order],
        bars=[min(1.0, drifts[index]) for index in order],
        bar_of=place,
    )


def _number(cell: object) -> float:
    """Return a cell's number; what is none drifts most."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return 0.0 if cell is None else float("inf")
    return float("inf") if isnan(cell) else abs(float(cell))
