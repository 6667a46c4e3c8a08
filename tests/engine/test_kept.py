"""What is kept by key."""

from __future__ import annotations

from functools import partial

from inspector.engine.kept import Kept


def test_a_value_is_made_once_even_if_it_is_none() -> None:
    kept: Kept[str, int | None] = Kept(most=3)
    asked: list[str] = []
    for _ in range(2):
        assert kept.get("a", lambda: asked.append("a")) is None
    assert asked == ["a"]


def test_there_are_never_more_than_the_bound() -> None:
    kept: Kept[int, int] = Kept(most=3)
    made: list[int] = []

    def make(key: int) -> int:
        made.append(key)
        return key * key

    for key in (
        1,
        2,
        3,
        4,
        4,
        1,
        3,
    ):  # the fourth takes the place of the first, which then takes that of the second
        assert kept.get(key, partial(make, key)) == key * key
        assert len(kept) <= 3
    assert made == [1, 2, 3, 4, 1]


def test_a_value_that_is_kept_again_takes_no_place() -> None:
    kept: Kept[int, str] = Kept(most=2)
    for key, value in ((1, "a"), (2, "b"), (2, "c")):
        kept.keep(key, value)
    assert (kept.peek(1), kept.peek(2)) == ("a", "b")
