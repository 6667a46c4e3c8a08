"""One planted fault, or one good twin, and what the rules say of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from inspector.checks.rule import RULES
from inspector.types.results.report import Finding
from tools.scorecard.bases import Base
from tools.scorecard.bench import Bench, Looked, bases_of
from tools.scorecard.corpus import LOADS, Fault, Given, Twin, UnfitError

Outcome = Literal["found", "missed", "elsewhere", "refused", "quiet", "alarm", "skipped"]
"""Of a fault: found; missed; found, but elsewhere; not loaded, so that no rule saw it. Of a good model: the rest."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What one rule made of one model."""

    rule: str
    planted: str
    """The fault's or twin's name; empty for a good model as it is."""
    base: str
    outcome: Outcome
    told: str = ""
    """What it said, or why it said nothing."""


def try_fault(bench: Bench, fault: Fault, bases: Sequence[Base]) -> Iterator[Trial]:
    """Yield what each rule that should find a fault makes of it, on each of the good models that have a part for it."""
    rules = [one for one in fault.rules if one in RULES]
    for base in bases_of(fault.on, bases):
        try:
            data = bench.changed(base, fault.change)
        except UnfitError:
            continue
        looked = bench.look(data, base, fault.given, rules=rules or ["weights-finite"])
        for rule in fault.rules:
            outcome: Outcome
            if rule == LOADS:
                outcome, told = ("found", looked.refused) if looked.refused else ("missed", "It was loaded.")
            elif rule not in RULES:
                outcome, told = "missed", "There is no such rule."
            elif looked.refused:
                outcome, told = "refused", looked.refused
            else:
                good = bench.look_at_good(base, fault.given, rules=rules)
                names = set(fault.subject(bench.good(base))) if fault.subject else None
                outcome, told = _judged(rule, looked, good, names)
            yield Trial(rule=rule, planted=fault.name, base=base.name, outcome=outcome, told=told)


def try_twin(
    bench: Bench, twin: Twin, bases: Sequence[Base], *, rules: Sequence[str] = ()
) -> Iterator[Trial]:
    """Yield what each rule makes of a good twin: an alarm where it finds more than in the good model."""
    for base in bases_of(twin.on, bases):
        try:
            data = bench.changed(base, twin.change)
            bench.require_same(data, base, exactly="golden-values" not in twin.tells)
        except UnfitError:
            continue
        looked = bench.look(data, base, twin.given, rules=rules)
        if looked.refused:
            yield Trial(rule=LOADS, planted=twin.name, base=base.name, outcome="alarm", told=looked.refused)
            continue
        good = bench.look_at_good(base, twin.given, rules=rules)
        for rule in looked.rules:
            yield _of_good(rule, looked, good, base, planted=twin.name, tells=twin.tells)


def try_good(bench: Bench, base: Base, *, rules: Sequence[str] = ()) -> Iterator[Trial]:
    """Yield what each rule makes of a good model as it is, as its own baseline."""
    looked = bench.look_at_good(base, Given(baseline=True, expected=True), rules=rules)
    if looked.refused:
        raise ValueError(f"The good model {base.name} does not load: {looked.refused}")
    for rule in looked.rules:
        yield _of_good(rule, looked, None, base, planted="", tells=tuple(base.tells))


def _of_good(
    rule: str, looked: Looked, good: Looked | None, base: Base, *, planted: str, tells: tuple[str, ...]
) -> Trial:
    outcome: Outcome = "skipped" if looked.outcome(rule)[0] == "skipped" else "quiet"
    told = "" if rule in tells else _alarm(rule, looked, good)
    return Trial(rule=rule, planted=planted, base=base.name, outcome="alarm" if told else outcome, told=told)


def _judged(rule: str, looked: Looked, good: Looked, names: set[str] | None) -> tuple[Outcome, str]:
    known = {_content(one) for one in good.findings(rule)}
    fresh = [one for one in looked.findings(rule) if _content(one) not in known]
    if not fresh:
        outcome, reason = looked.outcome(rule)
        return "missed", f"{outcome}: {reason}" if reason else outcome
    told = fresh[0].message
    if names is None or any(one.subject in names for one in fresh):
        return "found", told
    return "elsewhere", f"{', '.join(sorted({one.subject for one in fresh})[:4])}: {told}"


def _alarm(rule: str, looked: Looked, good: Looked | None) -> str:
    """Return what a rule says of a good model that it does not say of the other, or how it failed."""
    outcome, reason = looked.outcome(rule)
    if outcome == "failed" and (good is None or good.outcome(rule)[0] != "failed"):
        return f"failed: {reason}"
    found, known = looked.findings(rule), good.findings(rule) if good else []
    if len(found) <= len(known):  # names may differ by right
        return ""
    said = {_content(one) for one in known}
    return next((one.message for one in found if _content(one) not in said), found[-1].message)


def _content(finding: Finding) -> Finding:
    return replace(finding, severity="", mend="")
