"""The steps of a request one by one: in step with who takes them, and nothing runs on when nobody does."""

from __future__ import annotations

import functools
import threading
from collections.abc import Generator
from typing import Any

import pytest

from inspector.face.steps import steps_of
from inspector.types.control import Control, Progress
from inspector.types.requests.describe import DescribeRequest


class Counting:
    """Answers every request by counting to five."""

    def __init__(self, done: list[int], *, fail_at: int | None = None) -> None:
        self._done, self._fail_at = done, fail_at

    def ask(self, _request: object, control: Control) -> Any:
        for number in range(1, 6):
            control.cancellation.raise_if_cancelled()
            if number == self._fail_at:
                raise KeyError(number)
            self._done.append(number)
            control.tell(number, 5, partial=functools.partial(str.format, "{} of 5", number))
        return "all"


CONTROL = Control(wants_partial=True)


def steps(backend: Counting) -> Generator[Any, None, None]:
    """Yield the partial results, and the result last."""
    for step in steps_of(backend, DescribeRequest(), CONTROL):
        yield step.partial if isinstance(step, Progress) else step


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "inspector-steps"]


def test_partial_results_come_in_order_and_the_result_last() -> None:
    done: list[int] = []

    assert list(steps(Counting(done))) == [
        *(f"{n} of 5" for n in range(1, 6)),
        "all",
    ]
    assert not workers()


def test_the_work_waits_until_the_next_is_asked_for() -> None:
    done: list[int] = []
    taken = steps(Counting(done))

    for number in range(1, 4):
        assert next(taken) == f"{number} of 5"
        assert done == list(range(1, number + 1))
    taken.close()

    assert done == [1, 2, 3]
    assert not CONTROL.cancellation.cancelled  # it may hold for other runs
    assert not workers()


def test_an_error_comes_where_it_happened() -> None:
    done: list[int] = []
    taken = steps(Counting(done, fail_at=3))

    assert [next(taken), next(taken)] == ["1 of 5", "2 of 5"]
    with pytest.raises(KeyError):
        next(taken)
    assert not workers()


def test_nothing_runs_before_the_first_is_asked_for() -> None:
    done: list[int] = []
    steps_of(Counting(done), DescribeRequest(), CONTROL)

    assert not done
    assert not workers()
