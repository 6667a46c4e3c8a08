"""docs/check-scorecard.md, and whether it knows the rules that there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from inspector.checks.rule import in_order
from tools.pages import ROOT, table
from tools.scorecard.corpus import LOADS, UNPLANTED, faults, twins
from tools.scorecard.scores import Score
from tools.scorecard.trials import Trial

PAGE = ROOT / "docs" / "check-scorecard.md"
LONGEST = 160
"""Characters of what a rule said."""


def rendered(found: Mapping[str, Score], refused: Sequence[Trial], bases: Sequence[str]) -> str:
    """Return the page."""
    planted = sum(len(one.found) + len(one.missed) for one in found.values())
    hit = sum(len(one.found) for one in found.values())
    alarms = sum(len(one.alarms) for one in found.values())
    looked = alarms + sum(one.quiet for one in found.values())
    parts = [
        "# The scorecard of `check`",
        "How often do the rules find what they are for, and how often do they speak of a model that is as it should "
        "be? Written by `make scorecard`, which takes good models, plants faults in them one at a time, and makes good "
        "twins of them: files that differ, and compute the same. A fault's rule must find more than in the good model, "
        "and, where the fault has a place, there. A rule is wrong about a twin, or a good model, where it finds "
        "anything that is not so.",
        f"{len(faults())} faults and {len(twins())} twins, on {len(bases)} good models: "
        f"{', '.join(f'`{one}`' for one in bases)}. Of {planted} times that a rule should find a fault it did {hit} "
        f"times; of {looked:,} times that a rule looked at a good model it spoke {alarms} times without a reason.",
        "**Recall** is the share of planted faults that the rule found, **precision** the share of faults among the "
        "models that it spoke of.",
        table(
            ("rule", "severity", "planted", "found", "recall", "good models", "false alarms", "precision"),
            [
                _row(f"`{rule.id}`", rule.severity, found.get(rule.id, Score(rule=rule.id)))
                for rule in in_order()
            ]
            + [_row("*loading*", "error", found.get(LOADS, Score(rule=LOADS)))],
        ),
        "## Misses",
        _listed((trial for one in found.values() for trial in one.missed), nothing="None."),
        "## False alarms",
        _listed((trial for one in found.values() for trial in one.alarms), nothing="None."),
    ]
    if refused:
        parts += ["## Faults by which a model does not load", _listed(refused, nothing="")]
    if UNPLANTED:
        parts += [
            "## Rules without a planted fault",
            "\n".join(f"- `{rule}`: {reason}" for rule, reason in UNPLANTED.items()),
        ]
    parts += [
        "## What is planted",
        table(
            ("fault", "what is done", "rules"),
            [
                (
                    f"`{one.name}`",
                    _first(one.change.__doc__),
                    ", ".join(f"`{rule}`" if rule != LOADS else "*loading*" for rule in one.rules),
                )
                for one in sorted(faults(), key=lambda one: one.name)
            ],
        ),
        "## Good twins",
        table(
            ("twin", "what differs", "may be told by"),
            [
                (f"`{one.name}`", one.harmless, ", ".join(f"`{rule}`" for rule in one.tells))
                for one in sorted(twins(), key=lambda one: one.name)
            ],
        ),
        "## How to run it",
        "`make scorecard` runs all of it and writes this page (minutes; with the zoo at `INSPECTOR_ZOO`, on its models "
        "too); `python -m tools.scorecard --only RULE…` prints what becomes of some rules. A new rule gets a planted "
        "fault in `tools/scorecard/faults/<family>.py`, without which the suite fails; `make check` compares the rules "
        "of this page with those that there are.",
    ]
    return "\n\n".join(parts) + "\n"


def rules_of(page: str) -> set[str]:
    """Return the rules that a page has a row for."""
    rows = page.partition("## Misses")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", rows, flags=re.MULTILINE))


def complaints() -> list[str]:
    """Return what is wrong with the corpus, or with the page as it stands."""
    rules = {one.id for one in in_order()}
    planted = {rule for one in faults() for rule in one.rules}
    told = {rule for one in twins() for rule in one.tells}
    wrong = [
        f"The rule {one} has no planted fault: write one in tools/scorecard/faults/."
        for one in sorted(rules - planted - set(UNPLANTED))
    ]
    wrong += [
        f"{one} has a planted fault or twin, and is no rule."
        for one in sorted((planted | told) - rules - {LOADS})
    ]
    wrong += [
        f"{one} has a planted fault now: it is not among UNPLANTED."
        for one in sorted(planted & set(UNPLANTED))
    ]
    listed = rules_of(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else set()
    if listed != rules:
        names = ", ".join(sorted(listed ^ rules))
        wrong.append(
            f"docs/check-scorecard.md has other rules than there are ({names}): run `make scorecard`."
        )
    return wrong


def _row(name: str, severity: str, score: Score) -> tuple[str, ...]:
    return (
        name,
        severity,
        str(len(score.found) + len(score.missed)),
        str(len(score.found)),
        _share(score.recall),
        str(score.quiet + len(score.alarms)),
        str(len(score.alarms)),
        _share(score.precision),
    )


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def _listed(trials: Iterable[Trial], *, nothing: str) -> str:
    """One line for a rule and a fault, with all models that it is about."""
    lines: dict[tuple[str, str], tuple[list[str], str]] = {}
    for one in trials:
        lines.setdefault((one.rule, one.planted), ([], _brief(one)))[0].append(one.base)
    return (
        "\n".join(
            f"- `{rule}`, {f'`{planted}`' if planted else 'the good model'} ({', '.join(bases)}): {told}"
            for (rule, planted), (bases, told) in lines.items()
        )
        or nothing
    )


def _brief(trial: Trial) -> str:
    told = " ".join(trial.told.split()).replace("|", "\\|").replace("<", "&lt;")
    told = told if len(told) <= LONGEST else f"{told[:LONGEST]}…"
    return f"elsewhere, {told}" if trial.outcome == "elsewhere" else told


def _first(doc: str | None) -> str:
    return (doc or "").strip().partition("\n")[0]
