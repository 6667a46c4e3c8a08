"""Targets as plain data: what can be said, and in which ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from inspector import Class, Direction, Element, Region, Unit
from inspector.errors import InvalidInputError
from inspector.types.targets import ResolvedTarget, Span, as_target

CHECKS = np.indices((12, 10)).sum(axis=0) % 2 == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Region("masks", reduce="median"),
        lambda: Region("masks", np.s_[::2]),
        lambda: Region("masks", ("all",)),  # type: ignore[arg-type]
        lambda: Region("masks", mask=np.ones((12, 10))),
        lambda: Element("masks", ("a",)),  # type: ignore[arg-type]
        lambda: Element("masks", (1.5,)),  # type: ignore[arg-type]
        lambda: Element(3),  # type: ignore[arg-type]
        lambda: Direction("embedding", (0.0, 0.0)),
        lambda: Direction("embedding", (np.inf, 0.0)),
    ],
)
def test_what_can_never_fit_is_refused_at_once(make: Callable[..., Any]) -> None:
    with pytest.raises(InvalidInputError):
        make()


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        (Unit, ("relu3", "5"), "channel"),
        (Unit, ("relu3", 1.5), "channel"),
        (Unit, ("relu3", True), "channel"),
        (Unit, ("relu3", 5, (1.5, 2)), "position"),
        (Unit, ("relu3", 5, "12"), "position"),
        (Unit, ("relu3", 5, (1, (2,))), "position"),
        (Unit, (3,), "layer"),
        (Class, (1.5,), "index"),
        (Class, ("a",), "index"),
        (Class, (0, 1), "output"),
        (Class, (0, "y", (1, "two")), "position"),
        (Element, ("y", "ab"), "index"),
    ],
)
def test_what_is_no_number_is_refused_by_its_field(kind: Any, given: tuple[Any, ...], field: str) -> None:
    with pytest.raises(InvalidInputError, match="give (one whole number|a name)") as caught:
        kind(*given)
    assert caught.value.field == field


def test_numbers_of_any_kind_become_whole_ones() -> None:
    number: Any = 3
    five: Any = np.int64(5)
    assert Unit("y", five, number) == Unit("y", 5, (3,))
    assert Unit("y", 5, np.array([1, 2])).position == (1, 2)  # type: ignore[arg-type]
    assert Class(np.int32(2), None, [1]) == Class(2, None, (1,))  # type: ignore[arg-type]
    assert hash(Unit("y", 5, [1, 2])) == hash(Unit("y", 5, (1, 2)))  # type: ignore[arg-type]


def test_ways_to_say_the_same() -> None:
    three: Any = np.int64(3)
    number: Any = 3
    assert Element("y", number) == Element("y", (three,))
    assert Region("y", 5) == Region("y", (slice(5, 6),)) == Region("y", Span(5, 6))
    assert Region("y", mask=CHECKS) == Region("y", mask=CHECKS.tolist())
    assert Region("y", mask=CHECKS) != Region("y")
    assert Region("y", mask=CHECKS) != Region("y", mask=~CHECKS)
    assert len({Region("y", 5), Region("y", (slice(5, 6),)), Region("y")}) == 2
    array: Any = np.asarray([1.0, 2.0])
    sequence: Any = [1, 2]
    assert Direction("y", array) == Direction("y", sequence)
    for target in (Element("y"), Region("y"), Direction("y")):
        assert as_target(target) is target


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "class", "channel": 3}, "class 3"),
        ({"kind": "class", "channel": 3, "label": "cat", "position": (4,)}, "class 3 cat at (4,)"),
        (
            {"kind": "class", "channel": 3, "reduce": "mean", "elements": 9},
            "class 3 where it wins (9 places)",
        ),
        ({"kind": "unit", "layer": "l", "channel": 2, "position": (0, 1)}, "channel 2 of l at (0, 1)"),
        ({"kind": "element", "output": "y", "spans": (Span(4, 5), Span(0, 1))}, "element (4, 0) of y"),
        (
            {
                "kind": "region",
                "reduce": "sum",
                "elements": 6,
                "layer": "l",
                "spans": (Span(4, 5), Span(0, 6)),
            },
            "sum of 6 elements of l[4, 0:6]",
        ),
        ({"kind": "region", "reduce": "max", "output": "y", "spans": (Span(4, 5),)}, "element (4) of y"),
        ({"kind": "direction", "output": "y"}, "direction of y"),
    ],
    ids=str,
)
def test_what_was_explained_in_words(given: dict[str, Any], words: str) -> None:
    blank = {"layer": None, "channel": None, "position": (), "value": 0.5, "label": None, "image": 0}

    assert str(ResolvedTarget(tensor="t", **(blank | given))) == words
