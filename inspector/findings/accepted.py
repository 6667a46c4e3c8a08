"""Accepted findings: those of a day on which a model was taken as it is, in a file; what comes after is news."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from inspector.errors import InvalidInputError
from inspector.findings.checked import Checked
from inspector.findings.fingerprint import fingerprints
from inspector.types.results.base import unwritten

VERSION = 1
_MOST_BYTES = 64 << 20


def write_accepted(path: Path, checked: Iterable[Checked]) -> frozenset[str]:
    """Accept all findings that nobody silenced: write them in an order that diffs well, and return their fingerprints.

    InvalidInputError where the file cannot be written.
    """
    entries = [
        {
            "fingerprint": mark,
            "model": one.model,
            "rule": finding.id,
            "kind": finding.kind,
            "subject": finding.subject,
            "message": finding.message,
        }
        for one in checked
        for mark, finding in zip(fingerprints(one.model, one.findings), one.findings, strict=True)
        if not finding.silenced
    ]
    entries.sort(key=lambda entry: (entry["model"], entry["rule"], entry["subject"], entry["fingerprint"]))
    text = json.dumps({"version": VERSION, "accepted": entries}, indent=2, ensure_ascii=True) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritten(path, error, field="accept") from error
    return frozenset(entry["fingerprint"] for entry in entries)


def read_accepted(path: Path) -> frozenset[str]:
    """Return the fingerprints of accepted findings; InvalidInputError for what is no such file."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _odd(path, f"it has more than {_MOST_BYTES:,} bytes")
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _odd(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _odd(path, f"it is no JSON: {error}") from error
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise _odd(path, f"it is no file of accepted findings of version {VERSION}")
    entries = found.get("accepted")
    if not isinstance(entries, list):
        raise _odd(path, "its `accepted` is no list")
    marks = [entry.get("fingerprint") if isinstance(entry, dict) else None for entry in entries]
    texts = frozenset(mark for mark in marks if isinstance(mark, str))
    if not all(isinstance(mark, str) for mark in marks):
        raise _odd(path, "an entry has no fingerprint")
    return texts


def let_be(checked: Iterable[Checked], accepted: frozenset[str], *, file: str) -> list[Checked]:
    """Return the models with accepted findings marked as silenced, by the file that says so."""
    return [_let_be(one, accepted, file) for one in checked]


def _let_be(checked: Checked, accepted: frozenset[str], file: str) -> Checked:
    if checked.report is None:
        return checked
    marks = fingerprints(checked.model, checked.findings)
    findings = tuple(
        replace(one, silenced=f"accepted in {file}") if mark in accepted and not one.silenced else one
        for mark, one in zip(marks, checked.findings, strict=True)
    )
    return replace(checked, report=replace(checked.report, findings=findings))


def _odd(path: Path, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"The accepted findings {path} cannot be read: {why}. Write them with `inspector check … --accept {path}`.",
        reason="NO_ACCEPTED_FINDINGS",
        field="accepted",
    )
