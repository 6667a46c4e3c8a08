"""The page of rules says of each all that is known of it."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.checks.rule import RULES, Rule, in_order
from inspector.findings.families import FAMILIES
from tools.generate_rules import FAMILY_TITLES, page


def test_every_family_has_a_title() -> None:
    assert set(FAMILY_TITLES) == set(FAMILIES)


def test_every_rule_has_an_entry() -> None:
    text = page()
    for one in in_order():
        assert text.count(f"\n### {one.id}\n") == 1
        assert " ".join(one.rationale.split()) in text
        assert " ".join(one.mend.split()) in text


def test_a_rule_is_told_with_its_settings_and_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(
        examination: Any, *, share: float = 0.5, names: tuple[str, ...] = ("a",), most: int | None = None
    ) -> Any:
        """Find what was planted.

        It looks | twice.
        """

    RULES.keys()
    words: Any = {"needs": ("images", "runs")}
    planted = Rule(
        id="planted", family="health", severity="info", rationale="r", mend="m", look=look, **words
    )
    monkeypatch.setitem(RULES._items, "planted", planted)
    text = page()
    assert "| [`planted`](#planted) | info | images, runs | Find what was planted. |" in text
    entry = text.partition("### planted\n")[2].partition("\n##")[0]
    for part in (
        "It looks | twice.",
        "- **Needs.** images (`--data`), a model that runs on images alone",
        "| `share` | `0.5` | a number |",
        '| `names` | `["a"]` | several texts |',
        "| `most` | `none` | an integer |",
    ):
        assert part in entry
