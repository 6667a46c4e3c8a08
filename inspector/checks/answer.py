"""The verb `check`: every wanted rule looks at the model."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from inspector.checks.chosen import chosen_rules, severities_of
from inspector.checks.examination import Examination, SkippedError
from inspector.checks.rule import Found, Need, Rule
from inspector.checks.settings import settings_of
from inspector.checks.steps import Steps
from inspector.engine.run import Run
from inspector.errors import CancelledError, InspectorError, InvalidInputError, UserError
from inspector.findings.words import counted
from inspector.methods.verbs import answers
from inspector.runtime.cache import briefly
from inspector.types.options import Card
from inspector.types.requests.check import CheckRequest
from inspector.types.results.report import SEVERITIES, Finding, Report, Verdict

_GIVEN = ("images", "boxes", "options", "baseline")
"""Fields of the request: an error about one of them is the caller's, whichever rule met it."""
_RUNS = "runs"
"""The rule that finds that a model does not run: what others would say of it is the same once more."""


_CARD = Card(
    formula="Rules look one after the other at the file, its weights, and what it computes of the images; each finds "
    "something, nothing, says why it cannot judge, or fails.",
    source="Rules of its own: docs/rules.md says of each what it finds and why.",
    shows="What of a model will not work, is probably wrong, or costs more than it need, where, and how to mend it.",
    hides="What no rule knows. A model in order may still be a bad one: nothing here knows whether an answer is true, "
    "and a rule that was skipped saw nothing.",
    cost="A few forward passes without images; with them less than 40 of each, and more with a baseline.",
)


@answers(CheckRequest, card=_CARD)
def check(run: Run, request: CheckRequest) -> Report:
    """Return what the wanted rules find, worst first; NotFoundError where there is no rule of an id."""
    rules = chosen_rules(request)
    severities = severities_of(request)
    settings = settings_of(request)
    steps = Steps(run, rules=len(rules))
    examination = Examination(run, request)
    findings: list[Finding] = []
    verdicts: list[Verdict] = []
    for index, one in enumerate(rules):
        run.control.cancellation.raise_if_cancelled()
        found, verdict = _look(
            one,
            examination,
            settings.get(one.id, {}),
            severities.get(one.id, one.severity),
            does_run=all(finding.id != _RUNS for finding in findings),
        )
        findings += found
        verdicts.append(verdict)
        steps.passed(index + 1)
    examination.note_sizes()
    findings.sort(key=lambda finding: [*SEVERITIES].index(finding.severity))  # type: ignore[arg-type]
    return Report(
        title=f"{run.engine.model.name}: {counted(len(rules), 'rule')}",
        findings=tuple(findings),
        verdicts=tuple(verdicts),
        facts=examination.facts,
        panels=tuple(examination.panels),
        notes=run.notes,
    )


def _look(
    rule: Rule, examination: Examination, settings: Mapping[str, Any], severity: str, *, does_run: bool
) -> tuple[list[Finding], Verdict]:
    begun = time.monotonic()
    outcome, reason, found = "passed", "", []
    try:
        _require(rule, examination)
        with briefly():  # the next rule asks for other layers
            for one in rule.found(examination, settings):
                found.append(_finding(rule, one, severity))  # noqa: PERF401 — what was seen before an error stays
        outcome = "found" if found else "passed"
    except SkippedError as error:
        outcome, reason = "skipped", str(error)
    except CancelledError:
        raise
    except InspectorError as error:
        if _is_the_callers(error):
            raise
        if does_run:
            outcome, reason = "failed", error.message
        else:
            outcome, reason = "skipped", f"the model does not run, as the rule {_RUNS!r} tells."
    except Exception as error:  # noqa: BLE001 — a bug in one rule hides nothing that the others see
        outcome, reason = "failed", f"{type(error).__name__}: {error} ({_place_of(error)})"
    seconds = time.monotonic() - begun
    return found, Verdict(id=rule.id, outcome=outcome, reason=reason, seconds=seconds)


def _is_the_callers(error: InspectorError) -> bool:
    field = error.field or ""
    is_unloadable = isinstance(error, UserError) and field.startswith("baseline")
    return is_unloadable or (isinstance(error, InvalidInputError) and field.startswith(_GIVEN))


def _place_of(error: Exception) -> str:
    """Return where an error was raised, as who mends it looks for it: "values.py:38"."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"


def _finding(rule: Rule, found: Found, severity: str) -> Finding:
    return Finding(
        id=rule.id,
        severity=severity,
        message=found.message,
        subject=found.subject,
        kind=found.kind,
        operator=found.operator,
        measured=found.measured,
        allowed=found.allowed,
        mend=rule.mend,
    )


_LACKS: Mapping[Need, str] = {
    "images": "it needs images; give --data.",
    "baseline": "it needs another model to compare with; give --baseline.",
    "expected": "it needs recorded answers; record them with `inspector record`, and give them with --golden.",
    "boxes": "it needs to know where the objects are; give boxes beside the images.",
    "runs": "the model has inputs beside the image, so it cannot be run on images alone.",
}


def _require(rule: Rule, examination: Examination) -> None:
    """Raise SkippedError where something is not there that the rule cannot do without."""
    there: Mapping[Need, bool] = {
        "images": examination.has_images,
        "baseline": bool(examination.request.baseline),
        "expected": bool(examination.expected),
        "boxes": examination.request.boxes is not None,
        "runs": not examination.model.other_inputs,
    }
    for need in rule.needs:
        if not there[need]:
            raise SkippedError(_LACKS[need])
