"""Contracts of pyproject.toml that name rooms name all of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def test_every_family_of_methods_is_kept_from_the_others() -> None:
    methods = ROOT / "inspector" / "methods"
    families = {
        f"inspector.methods.{one.name}" for one in methods.iterdir() if (one / "__init__.py").exists()
    }
    named = {name for one in CONTRACTS if one["type"] == "independence" for name in one["modules"]}
    assert families <= named


def test_every_room_stands_in_the_picture_of_the_architecture() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {one.name for one in (ROOT / "inspector").iterdir() if (one / "__init__.py").exists()} - {"v1"}
    assert sorted(room for room in rooms if f"`{room}/`" not in page) == []


def test_no_package_has_logic_in_its_init() -> None:
    heavy = []
    for path in (ROOT / "inspector").rglob("__init__.py"):
        lines = [
            line
            for line in path.read_text().splitlines()
            if line.startswith(("def ", "class ", "for ", "if "))
        ]
        heavy += [str(path)] if lines else []
    assert heavy == []
