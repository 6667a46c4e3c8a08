"""Texts of others within Markdown, read back by a reader of the few marks that there are."""

from __future__ import annotations

import pytest

from inspector.render.markdown import code, plain_text, table

HOSTILE = [
    "a|b",
    "`a`",
    "``",
    "*a* _b_ __c__ ~~d~~ $e$",
    "[a](javascript:alert(1)) ![b](c)",
    "<script>alert(1)</script> <!-- &lt;",
    "# heading",
    "- item",
    "1. item",
    "> quotation",
    "line\nline\r\n| cell |",
    "\x1b[31mred\x1b[0m \u202e",
    "C:\\path\\*",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_leaves_its_cell_or_acts(text: str) -> None:
    for shown in (plain_text(text), code(text)):
        *_, row = table(("one", "two"), [(shown, "x")])
        assert len(row.splitlines()) == 1
        assert row.replace("\\\\", "").replace("\\|", "").count("|") == 3
        assert "\x1b" not in shown
        assert "\u202e" not in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_text_has_no_html_and_no_mark_that_is_not_escaped(text: str) -> None:
    shown = plain_text(text)
    assert "<" not in shown
    bare = shown.replace("\\\\", "")
    for mark in "`*[]|~$":
        assert bare.count(mark) == bare.count(f"\\{mark}")
    assert not shown.lstrip().startswith(("#", "- ", ">", "1."))


def test_words_with_underscores_stay_as_they_are() -> None:
    assert plain_text("main_graph: short_side") == "main_graph: short_side"
    assert plain_text("_private_") == "\\_private\\_"


@pytest.mark.parametrize(
    ("text", "shown"), [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("a|b", "<code>a\\|b</code>")]
)
def test_code_is_fenced_by_more_backticks_than_it_holds(text: str, shown: str) -> None:
    assert code(text) == shown
