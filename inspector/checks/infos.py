"""What is known of the rules, as plain data: for the command line, documentation, and formats of findings."""

from __future__ import annotations

from inspect import getdoc

from inspector.checks.rule import Rule, in_order
from inspector.findings.rule_info import RuleInfo


def rule_infos() -> dict[str, RuleInfo]:
    """Return what is known of all rules, by their ids, family by family."""
    return {one.id: rule_info(one) for one in in_order()}


def rule_info(rule: Rule) -> RuleInfo:
    """Return what is known of a rule."""
    return RuleInfo(
        id=rule.id,
        family=rule.family,
        severity=rule.severity,
        title=rule.title,
        description=(getdoc(rule.look) or "").partition("\n")[2].strip(),
        rationale=rule.rationale,
        mend=rule.mend,
        needs=rule.needs,
        settings=tuple(rule.settings.values()),
    )
