"""The order in which files begin where several processes share the suite."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.support.order import SECONDS, TESTS, longest_first


def item(path: Path, name: str, *, is_slow: bool = False) -> Any:
    return SimpleNamespace(path=path, name=name, get_closest_marker=lambda _: True if is_slow else None)


def test_what_takes_long_begins_first_and_files_stay_whole() -> None:
    told = TESTS / "client/test_restart.py"
    many, few, slow = (Path(f"{name}.py") for name in ("many", "few", "slow"))
    items = [
        item(few, "a"),
        *(item(many, str(index)) for index in range(9)),
        item(told, "killed"),
        item(few, "b"),
        item(slow, "c", is_slow=True),
    ]

    ordered = longest_first(items)

    assert [one.name for one in ordered] == ["killed", "c", *map(str, range(9)), "a", "b"]


def test_files_whose_time_is_told_are_there() -> None:
    assert [name for name in SECONDS if not (TESTS / name).is_file()] == []
