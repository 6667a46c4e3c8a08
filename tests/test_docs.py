"""Files that the documentation names are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FILES = re.compile(r"`([a-z_]+(?:/[a-z_0-9]+)+\.(?:py|pyi|proto|md|toml))`")


def missing(text: str) -> list[str]:
    named = FILES.findall(text)
    return [path for path in named if not (ROOT / path).exists() and not (ROOT / "inspector" / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    assert missing(page.read_text()) == []


def test_a_file_that_moved_is_found() -> None:
    assert missing("See `grad/backward.py` and `grad/forward.py`.") == ["grad/forward.py"]
