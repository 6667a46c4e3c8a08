"""Joint runs: who waits shares the next run; who goes away or fails takes nobody along."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from inspector.engine.joint_runs import Joining, JointRuns
from inspector.errors import CancelledError, EngineError
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from tests.support.patience import eventually

POISON = -1.0


class Model:
    """Doubles numbers; notes how many each run had, and waits where it is told to."""

    def __init__(self) -> None:
        self.runs: list[list[int]] = []
        self.lets = threading.Event()
        self.lets.set()
        self.refuses_company = False

    def __call__(self, parts: Sequence[Array], token: Cancellation) -> list[Array]:
        self.runs.append([len(part) for part in parts])
        with token.stopping(self.lets.set):
            self.lets.wait(30)
        token.raise_if_cancelled()
        if any((part == POISON).any() for part in parts):
            raise EngineError("a poisoned number")
        if self.refuses_company and len(parts) > 1:
            raise EngineError("several at once")
        return [2 * part for part in parts]


class Callers:
    """Threads that ask at the same time."""

    def __init__(
        self, joint: JointRuns[Array], model: Model, pool: ThreadPoolExecutor, *, most: int = 8
    ) -> None:
        self.joint, self.model, self._pool, self._most = joint, model, pool, most

    def ask(self, *numbers: float, kind: str = "kind", token: Cancellation | None = None) -> Future[Array]:
        """Ask in a thread of its own."""
        images = np.asarray(numbers, np.float32)
        return self._pool.submit(
            self.joint.run, kind, images, most=self._most, together=self.model, cancellation=token
        )

    def waiting(self, count: int, kind: str = "kind") -> None:
        """Return once so many wait behind the run that is under way."""
        assert eventually(lambda: len(self.joint._lines[kind].waiting) == count)

    def hold(self, number: float = 1.0, token: Cancellation | None = None) -> Future[Array]:
        """Begin a run that lasts until the model lets it go."""
        self.model.lets.clear()
        before = len(self.model.runs)
        first = self.ask(number, token=token)
        assert eventually(lambda: len(self.model.runs) > before)
        return first

    def asked_in_turn(self, *numbers: float) -> list[Future[Array]]:
        """Ask for each number, so that they wait in this order."""
        futures = []
        for index, number in enumerate(numbers):
            futures.append(self.ask(number))
            self.waiting(index + 1)
        return futures


@pytest.fixture
def callers() -> Iterator[Callers]:
    with ThreadPoolExecutor(16) as pool:
        model = Model()
        yield Callers(JointRuns(Joining(images=8)), model, pool)
        model.lets.set()


def value(future: Future[Array]) -> list[float]:
    return future.result(30).tolist()


def test_one_alone_runs_at_once_in_its_own_thread() -> None:
    joint, ran = JointRuns[Array](Joining(images=8)), []

    def together(parts: Sequence[Array], token: Cancellation) -> list[Array]:
        ran.append(threading.current_thread())
        return list(parts)

    joint.run("kind", np.ones(1), most=8, together=together)

    assert ran == [threading.current_thread()]
    assert not joint._lines


def test_those_who_wait_share_the_next_run(callers: Callers) -> None:
    first = callers.hold(1)
    others = callers.asked_in_turn(2, 3, 4)
    callers.model.lets.set()

    assert [value(one) for one in (first, *others)] == [[2], [4], [6], [8]]
    assert callers.model.runs == [[1], [1, 1, 1]]


def test_a_run_takes_as_many_as_fit_in_their_order(callers: Callers) -> None:
    first = callers.hold()
    several = [callers.ask(*range(10 * index, 10 * index + 3)) for index in range(1, 2)]
    callers.waiting(1)
    several.append(callers.ask(*range(20, 24)))
    callers.waiting(2)
    several.append(callers.ask(30, 31))
    callers.waiting(3)
    callers.model.lets.set()

    assert value(first) == [2]
    assert [value(one) for one in several] == [[20, 22, 24], [40, 42, 44, 46], [60, 62]]
    assert callers.model.runs == [[1], [3, 4], [2]]


def test_other_kinds_do_not_wait(callers: Callers) -> None:
    first = callers.hold()
    other = callers.joint.run("other", np.ones(1), most=8, together=lambda parts, token: list(parts))

    assert other.tolist() == [1]
    callers.model.lets.set()
    assert value(first) == [2]


def test_who_goes_away_while_waiting_takes_nobody_along(callers: Callers) -> None:
    first, token = callers.hold(), Cancellation()
    stays = callers.asked_in_turn(2)
    goes = callers.ask(3, token=token)
    callers.waiting(2)
    token.cancel()

    with pytest.raises(CancelledError):
        goes.result(30)
    assert not first.done()  # it did not have to wait for the run
    callers.model.lets.set()
    assert value(stays[0]) == [4]
    assert callers.model.runs == [[1], [1]]


def test_a_member_who_goes_away_during_the_run_gets_off_at_once(callers: Callers) -> None:
    first, token = callers.hold(), Cancellation()
    leads = callers.ask(2)
    callers.waiting(1)
    goes = callers.ask(3, token=token)
    callers.waiting(2)
    _let_one_go(callers)
    token.cancel()

    with pytest.raises(CancelledError):
        goes.result(30)
    assert not leads.done()
    callers.model.lets.set()
    assert (value(first), value(leads)) == ([2], [4])


def test_a_leader_who_goes_away_leaves_the_others_their_run(callers: Callers) -> None:
    first, token = callers.hold(), Cancellation()
    leads = callers.ask(2, token=token)
    callers.waiting(1)
    others = [callers.ask(3)]
    callers.waiting(2)
    others.append(callers.ask(4))
    callers.waiting(3)
    _let_one_go(callers)
    token.cancel()

    with pytest.raises(CancelledError):
        leads.result(30)
    assert [value(one) for one in (first, *others)] == [[2], [6], [8]]
    assert callers.model.runs == [[1], [1, 1, 1], [1, 1]]


def test_who_went_away_before_the_leader_did_is_not_waited_for(callers: Callers) -> None:
    first, leader, member = callers.hold(), Cancellation(), Cancellation()
    leads = callers.ask(2, token=leader)
    callers.waiting(1)
    goes = callers.ask(3, token=member)
    callers.waiting(2)
    stays = callers.ask(4)
    callers.waiting(3)
    _let_one_go(callers)
    member.cancel()
    with pytest.raises(CancelledError):
        goes.result(30)
    leader.cancel()
    with pytest.raises(CancelledError):
        leads.result(30)

    assert (value(first), value(stays)) == ([2], [8])
    assert callers.model.runs == [[1], [1, 1, 1], [1]]


def test_whose_leader_went_away_comes_before_those_who_came_since(callers: Callers) -> None:
    first, token = callers.hold(), Cancellation()
    leads = callers.ask(1, 2, token=token)
    callers.waiting(1)
    others = [callers.ask(1, 2, 3)]
    callers.waiting(2)
    others.append(callers.ask(4, 5))
    callers.waiting(3)
    _let_one_go(callers)
    others.append(callers.ask(6, 7, 8, 9))
    callers.waiting(1)
    token.cancel()

    with pytest.raises(CancelledError):
        leads.result(30)
    assert [value(one) for one in (first, *others)] == [[2], [2, 4, 6], [8, 10], [12, 14, 16, 18]]
    assert callers.model.runs == [[1], [2, 3, 2], [3, 2], [4]]


def test_a_token_that_was_cancelled_before_starts_nothing(callers: Callers) -> None:
    first, token = callers.hold(), Cancellation()
    token.cancel()

    with pytest.raises(CancelledError):
        callers.ask(2, token=token).result(30)
    callers.model.lets.set()
    assert value(first) == [2]
    assert not callers.joint._lines


def test_one_that_fails_fails_alone(callers: Callers) -> None:
    first = callers.hold()
    good, bad, fine = callers.asked_in_turn(2, POISON, 4)
    callers.model.lets.set()

    assert [value(one) for one in (first, good, fine)] == [[2], [4], [8]]
    with pytest.raises(EngineError, match="poisoned"):
        bad.result(30)
    assert callers.model.runs[1] == [1, 1, 1]
    assert sorted(callers.model.runs[2:]) == [[1], [1], [1]]
    again = callers.hold()
    more = callers.asked_in_turn(5, 6)
    callers.model.lets.set()
    assert [value(one) for one in (again, *more)] == [[2], [10], [12]]
    assert callers.model.runs[-1] == [1, 1]  # the fault was the image's: others still share


def test_where_all_fare_better_alone_nobody_shares_again(callers: Callers) -> None:
    callers.model.refuses_company = True
    first = callers.hold()
    others = callers.asked_in_turn(2, 3)
    callers.model.lets.set()
    assert [value(one) for one in (first, *others)] == [[2], [4], [6]]

    assert callers.joint._refused == {"kind"}
    before = len(callers.model.runs)
    assert value(callers.ask(7)) == [14]
    assert callers.model.runs[before:] == [[1]]
    assert not callers.joint._lines


def test_one_who_left_before_the_trial_ended_proves_nothing(callers: Callers) -> None:
    callers.model.refuses_company = True
    first, token = callers.hold(), Cancellation()
    leads = callers.ask(2)
    callers.waiting(1)
    goes = callers.ask(3, token=token)
    callers.waiting(2)
    _let_one_go(callers)
    token.cancel()
    with pytest.raises(CancelledError):
        goes.result(30)
    callers.model.lets.set()

    assert (value(first), value(leads)) == ([2], [4])
    assert callers.joint._refused == set()


def test_whoever_has_time_waits_for_company() -> None:
    joint, model = JointRuns[Array](Joining(images=3, delay=600)), Model()
    with ThreadPoolExecutor(3) as pool:
        callers = Callers(joint, model, pool, most=3)
        found = [callers.ask(number) for number in (1, 2, 3)]
        assert sorted(value(one) for one in found) == [[2], [4], [6]]

    assert model.runs == [[1, 1, 1]]  # a full run does not wait for the delay to be over


def test_whoever_waits_for_company_can_be_ended() -> None:
    joint, model, token = JointRuns[Array](Joining(images=3, delay=60)), Model(), Cancellation()
    with ThreadPoolExecutor(1) as pool:
        one = Callers(joint, model, pool, most=3).ask(1, token=token)
        assert eventually(lambda: "kind" in joint._lines)
        token.cancel()
        with pytest.raises(CancelledError):
            one.result(30)
    assert model.runs == []
    assert not joint._lines


def test_without_company_the_delay_ends() -> None:
    joint, model = JointRuns[Array](Joining(images=3, delay=0.01)), Model()

    assert joint.run("kind", np.ones(1), most=3, together=model).tolist() == [2]
    assert not joint._lines


@pytest.mark.parametrize("seed", range(3))
def test_many_threads_with_everything_at_once(seed: int) -> None:
    """Whatever comes together: each gets its own number, its own error, or its own end; and nobody hangs."""
    joint, rng = JointRuns[Array](Joining(images=6)), np.random.default_rng(seed)

    def together(parts: Sequence[Array], token: Cancellation) -> list[Array]:
        token.raise_if_cancelled()
        if any((part == POISON).any() for part in parts):
            raise EngineError("a poisoned number")
        return [2 * part for part in parts]

    def call(number: float, ends: bool) -> Any:
        token = Cancellation()
        timer = threading.Timer(0.0005, token.cancel) if ends else None
        if timer is not None:
            timer.start()
        try:
            images = np.full(1 + int(number) % 3, number)
            return joint.run("kind", images, most=6, together=together, cancellation=token)
        finally:
            if timer is not None:
                timer.join()

    numbers = [POISON if rng.random() < 0.05 else float(n) for n in range(400)]
    with ThreadPoolExecutor(12) as pool:
        futures = [pool.submit(call, number, bool(rng.random() < 0.1)) for number in numbers]
        for number, future in zip(numbers, futures, strict=True):
            error = future.exception(60)
            if number == POISON:
                assert isinstance(error, (EngineError, CancelledError))
            else:
                assert error is None or isinstance(error, CancelledError)
                if error is None:
                    assert (future.result() == 2 * number).all()
    assert not joint._lines


def _let_one_go(callers: Callers) -> None:
    """Let the run that is under way end, and hold the next one, that of those who wait."""
    model, runs = callers.model, len(callers.model.runs)
    held = threading.Event()
    passed, model.lets = model.lets, held
    passed.set()
    assert eventually(lambda: len(model.runs) > runs)
