"""Every method and every verb about images has a card, a case, and a place on the pages that help to choose one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inspector.face.catalog import attribution_methods, verbs
from inspector.types.options import Card, MethodInfo, VerbInfo
from tools.generate_methods import page

ROOT = Path(__file__).parents[1]
CHOOSING = (ROOT / "docs" / "choosing.md").read_text(encoding="utf-8")
TABLES = [ROOT / "tests" / "congruence" / name for name in ("cases.py", "catalogue.py")]
CASES = "".join(table.read_text(encoding="utf-8") for table in TABLES)

METHODS: dict[str, MethodInfo] = {one.name: one for one in attribution_methods()}
VERBS: dict[str, VerbInfo] = {one.name: one for one in verbs() if one.takes_images}

OTHER_MODELS = frozenset({"evolution"})
"""Verbs that need several models, of which the cases have one: tests/methods/ asks them here and over the wire."""


@pytest.mark.parametrize("name", [*METHODS, *VERBS])
def test_it_has_a_card_that_says_something(name: str) -> None:
    card = (METHODS.get(name) or VERBS[name]).card
    assert isinstance(card, Card)
    for what in ("formula", "source", "shows", "hides", "cost"):
        assert len(getattr(card, what).split()) >= (2 if what in {"cost", "source"} else 4), what


@pytest.mark.parametrize("name", [*METHODS, *VERBS])
def test_it_has_an_entry(name: str) -> None:
    written = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    assert f"### {name}\n" in written
    assert f"](methods.md#{name})" in CHOOSING


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_a_case(name: str) -> None:
    is_default = name == "saliency"
    assert is_default or re.search(rf"method=\"{name}\"", CASES)


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_has_a_case(name: str) -> None:
    elsewhere = name in OTHER_MODELS and (ROOT / "tests" / "methods" / f"test_{name}.py").exists()
    assert elsewhere or re.search(rf"\bm\.{name}\(", CASES)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_one_file(name: str) -> None:
    registers = re.compile(rf'attribution_method\(\s*"{name}"')
    files = [path for path in (ROOT / "inspector").rglob("*.py") if registers.search(path.read_text())]
    assert len(files) == 1


def test_what_is_named_there_is_there() -> None:
    linked = set(re.findall(r"\]\(methods\.md#([a-z_]+)\)", CHOOSING))
    assert linked == {*METHODS, *VERBS}


def test_the_page_is_what_the_cards_say() -> None:
    assert (ROOT / "docs" / "methods.md").read_text(encoding="utf-8") == page()
