"""The findings as a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.attacks.probe import Finding

_BEGIN, _END = "<!-- attacks: begin -->", "<!-- attacks: end -->"
_HEAD = (
    "| class | what the caller does | answer | s | MiB | others' p99, ms: before, meanwhile | |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)


def markdown(findings: Sequence[Finding]) -> str:
    """Return one row per finding, by class, and the failures below."""
    rows = [_row(finding) for finding in sorted(findings, key=lambda finding: finding.kind)]
    failures = [f"- **{finding.name}**: {words}" for finding in findings for words in finding.failures]
    return "\n".join([*_HEAD, *rows, *(["", *failures] if failures else [])]) + "\n"


def put_into(page: Path, findings: Sequence[Finding]) -> None:
    """Replace the table of a page, which stands between two comments."""
    text = page.read_text(encoding="utf-8")
    table = f"{_BEGIN}\n{markdown(findings)}{_END}"
    pattern = re.compile(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", re.DOTALL)
    page.write_text(pattern.sub(lambda _: table, text), encoding="utf-8")


def _row(finding: Finding) -> str:
    before, meanwhile = finding.before, finding.meanwhile
    others = f"{before.p99:.0f}, {meanwhile.p99:.0f}" if before and meanwhile else ""
    answers = "; ".join(f"`{answer}`" for answer in finding.answers[:4])
    cells = (
        finding.kind,
        finding.does,
        answers,
        f"{finding.seconds:.1f}",
        str(finding.peak >> 20),
        others,
        "failed" if finding.failures else "",
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
