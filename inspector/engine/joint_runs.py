"""Joint runs: calls that wait for the same run of a model share the next one, and part again with its results.

Who finds nobody before it runs at once and alone, so an idle model answers as fast as ever. While it runs, others come
and wait; when it is done, the first of them runs for all (docs/decisions/0062-joint-runs.md).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from inspector.errors import CancelledError
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

T = TypeVar("T")

Together = Callable[[Sequence[Array], Cancellation], Sequence[T]]
"""Runs the images of several members, (n, …) each, and returns what each gets, in their order."""

_MOST_REFUSALS = 1024
"""Kinds of runs of which it is kept that they cannot be shared."""


@dataclass(frozen=True, kw_only=True)
class Joining:
    """How far calls of one model share runs."""

    images: int
    """In one joint run, at most; below 2 nobody shares."""
    delay: float = 0.0
    """Seconds that a call with nobody before it waits for company: what an idle model's answer is late by, at most."""


class _State(Enum):
    WAITING = "waits for its turn"
    LEADS = "runs, for itself and whoever waits"
    SERVED = "has its result"
    ALONE = "must run alone: the joint run failed"


@dataclass(eq=False)
class _Member(Generic[T]):
    images: Array
    turn: threading.Event = field(default_factory=threading.Event)
    state: _State = _State.WAITING
    result: T | None = None
    left: bool = False
    """Whether its caller went away: nobody takes its result."""
    trial: _Trial | None = None


@dataclass(eq=False)
class _Trial:
    """Whether those of a joint run that failed fare better alone: if all do, the kind of run cannot be shared."""

    untold: int
    failed: bool = False

    def told(self, *, failed: bool) -> bool:
        """Count one more; return whether it was the last of those who all were served."""
        self.untold -= 1
        self.failed |= failed
        return self.untold == 0 and not self.failed


@dataclass(eq=False)
class _Line(Generic[T]):
    """Those who want one kind of run: whoever runs is not among the waiting."""

    waiting: deque[_Member[T]] = field(default_factory=deque)
    gathering: _Member[T] | None = None
    """Who leads and still waits for company."""


class JointRuns(Generic[T]):
    """Lets runs of one kind go one after another, each for all who wait. Thread-safe."""

    def __init__(self, joining: Joining) -> None:
        """Join as far as `joining` says."""
        self.joining = joining
        self._lock = threading.Lock()
        self._lines: dict[Hashable, _Line[T]] = {}
        self._refused: set[Hashable] = set()

    def run(
        self,
        kind: Hashable,
        images: Array,
        *,
        most: int,
        together: Together[T],
        cancellation: Cancellation | None = None,
    ) -> T:
        """Return what `together` gives for (n, …) `images`, maybe run with those of others, `most` images at once.

        All of one `kind` fit together. A caller who goes away ends nobody else's run; where a joint run fails, each
        member runs alone and gets its own error. Raises CancelledError, and what `together` raises.
        """
        token = cancellation or Cancellation()
        me = _Member[T](images)
        with self._lock:
            line = None if kind in self._refused else self._lines.get(kind)
            if line is not None:
                line.waiting.append(me)
                self._tell_gathering(line, most)
            elif kind not in self._refused:
                line = self._lines[kind] = _Line()
                me.state = _State.LEADS
                line.gathering = me if self.joining.delay > 0 else None
        if line is None:
            return together([images], token)[0]
        try:
            self._wait(line, me, token)
        except BaseException:
            self._leave(kind, line, me)
            raise
        if me.state is _State.LEADS:
            return self._lead(kind, line, me, most, together, token)
        if me.state is _State.ALONE:
            return self._alone(kind, me, together, token)
        result: T = me.result  # type: ignore[assignment]  # it is served
        return result

    def _wait(self, line: _Line[T], me: _Member[T], token: Cancellation) -> None:
        if me.state is _State.LEADS and line.gathering is not me:
            return
        with token.stopping(me.turn.set):
            me.turn.wait(self.joining.delay if line.gathering is me else None)
        with self._lock:
            line.gathering = None if line.gathering is me else line.gathering
        token.raise_if_cancelled()

    def _tell_gathering(self, line: _Line[T], most: int) -> None:
        leader = line.gathering
        if leader is not None:
            total = len(leader.images) + sum(len(one.images) for one in line.waiting)
            if total >= most:
                leader.turn.set()

    def _leave(self, kind: Hashable, line: _Line[T], me: _Member[T]) -> None:
        """Take a member out of the line, wherever it stands."""
        with self._lock:
            me.left = True
            if me in line.waiting:
                line.waiting.remove(me)
            if me.trial is not None:
                me.trial.told(failed=True)
        if me.state is _State.LEADS:
            self._pass_on(kind, line)

    def _lead(
        self,
        kind: Hashable,
        line: _Line[T],
        me: _Member[T],
        most: int,
        together: Together[T],
        token: Cancellation,
    ) -> T:
        members = self._gather(line, me, most)
        others = members[1:]
        try:
            results = together([one.images for one in members], token)
            for member, result in list(zip(others, results[1:], strict=True)):
                member.result = result
                self._release(member, _State.SERVED)
        except CancelledError:
            self._give_back(line, others)
            raise
        except Exception:
            if not others:
                raise
            me.trial = _Trial(untold=len(members))
            for member in others:
                self._release(member, _State.ALONE, trial=me.trial)
        except BaseException:
            self._give_back(line, others)
            raise
        else:
            return results[0]
        finally:
            self._pass_on(kind, line)
        return self._alone(kind, me, together, token)

    def _gather(self, line: _Line[T], me: _Member[T], most: int) -> list[_Member[T]]:
        """Take those who wait out of the line, in their order, as many as fit beside the leader."""
        members, total = [me], len(me.images)
        with self._lock:
            while line.waiting and total + len(line.waiting[0].images) <= most:
                members.append(line.waiting.popleft())
                total += len(members[-1].images)
        return members

    def _give_back(self, line: _Line[T], members: Sequence[_Member[T]]) -> None:
        """Put members whose leader went away back to the front."""
        with self._lock:
            line.waiting.extendleft(reversed([one for one in members if not one.left]))

    def _release(self, member: _Member[T], state: _State, *, trial: _Trial | None = None) -> None:
        with self._lock:
            member.state, member.trial = state, trial
            if trial is not None and member.left:
                trial.told(failed=True)
        member.turn.set()

    def _pass_on(self, kind: Hashable, line: _Line[T]) -> None:
        """Let the first who waits lead, or close the line."""
        with self._lock:
            if not line.waiting:
                if self._lines.get(kind) is line:
                    del self._lines[kind]
                return
            leader = line.waiting.popleft()
            leader.state = _State.LEADS
        leader.turn.set()

    def _alone(self, kind: Hashable, me: _Member[T], together: Together[T], token: Cancellation) -> T:
        failed = True
        try:
            result = together([me.images], token)[0]
            failed = False
        finally:
            with self._lock:
                if me.trial is not None and me.trial.told(failed=failed):
                    self._refuse(kind)
        return result

    def _refuse(self, kind: Hashable) -> None:
        if len(self._refused) >= _MOST_REFUSALS:
            self._refused.clear()
        self._refused.add(kind)
