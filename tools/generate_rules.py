"""Write docs/rules.md: of every rule of `check` what it finds, why it matters, how to mend it, and its settings.

python -m tools.generate_rules [--check | --print]

It is made of the rules' own words, which `inspector check --explain ID` prints too.
"""

from __future__ import annotations

import sys
from textwrap import dedent

from inspector.face.check import known_rules
from inspector.findings.families import FAMILIES
from inspector.findings.rule_info import NEEDS, RuleInfo, default_of
from tools.pages import ROOT, run, table

PAGE = ROOT / "docs" / "rules.md"

FAMILY_TITLES = {
    "validity": "Validity: is this a file that loads and runs wherever models are served?",
    "preprocessing": "Preprocessing: do pixels reach the model as in training?",
    "numbers": "Numbers: do the numbers stay numbers, and are they the same twice?",
    "golden": "Golden: are the answers those that were recorded?",
    "drift": "Drift: where, and how far, does it compute something else than the baseline?",
    "health": "Health: which parts of the network do nothing, or the same?",
    "attention": "Attention: does it look at the object?",
    "inspectability": "Inspectability: what of it can be looked into?",
    "budget": "Budget: what does it cost?",
}


def page() -> str:
    """Return the page."""
    rules = known_rules()
    parts = [
        "# The rules of `check`",
        "Written by `make rules` from the rules' own words; CI compares it with them. In a shell, `inspector check "
        "--explain ID` prints one. [How to use them](check.md): which rules look, their settings, silences, CI.",
        table(
            ("rule", "severity", "needs", "what it finds"),
            [
                (f"[`{one.id}`](#{one.id})", one.severity, ", ".join(one.needs), one.title)
                for one in rules.values()
            ],
        ),
    ]
    for family in FAMILIES:
        own = [one for one in rules.values() if one.family == family]
        if own:
            parts += [f"## {FAMILY_TITLES[family]}", *map(_entry, own)]
    return "\n\n".join(parts) + "\n"


def _entry(one: RuleInfo) -> str:
    facts = [
        ("Severity", one.severity),
        ("Why", one.rationale),
        ("To mend", one.mend),
        ("Needs", ", ".join(NEEDS.get(need, need) for need in one.needs)),
    ]
    lines = "\n".join(f"- **{name}.** {' '.join(text.split())}" for name, text in facts if text)
    parts = [f"### {one.id}", one.title, *([dedent(one.description)] if one.description else []), lines]
    if one.settings:
        rows = [(f"`{info.name}`", f"`{default_of(info)}`", info.allowed) for info in one.settings]
        parts.append(table(("setting", "default", "allowed"), rows))
    return "\n\n".join(parts)


if __name__ == "__main__":
    sys.exit(run(page, to=PAGE, make="rules", doc=__doc__))
