"""Which rules a request asks, and how bad what they find is."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from inspector.checks.rule import RULES, Rule, in_order
from inspector.errors import unknown_name, within
from inspector.findings.families import FAMILIES
from inspector.types.requests.check import OFF, CheckRequest


def chosen_rules(request: CheckRequest) -> list[Rule]:
    """Return the rules that are selected and not ignored, in order; NotFoundError for what names none."""
    selected = _named(request.select, field="select") if request.select else set(RULES)
    ignored = _named(request.ignore, field="ignore")
    off = {name for name, severity in severities_of(request).items() if severity == OFF}
    return [one for one in in_order() if one.id in selected and one.id not in ignored | off]


def severities_of(request: CheckRequest) -> dict[str, str]:
    """Return the severities that a request gives, by rules' ids; what is said later counts."""
    found: dict[str, str] = {}
    for index, pair in enumerate(request.severities):
        name, _, severity = pair.rpartition("=")
        with within(f"severities[{index}]", always=True):
            found |= dict.fromkeys(_matching(name), severity)
    return found


def _named(names: Sequence[str], *, field: str) -> set[str]:
    found: set[str] = set()
    for index, name in enumerate(names):
        with within(f"{field}[{index}]", always=True):
            found |= _matching(name)
    return found


def _matching(name: str) -> set[str]:
    """Return the ids of the rules that an id, a family or a pattern names; NotFoundError for what names none."""
    if name in RULES:
        return {name}
    found = {one.id for one in in_order() if one.family == name or fnmatchcase(one.id, name)}
    if not found and name not in FAMILIES:
        raise unknown_name("rule", name, [*RULES, *FAMILIES], field="")
    return found
