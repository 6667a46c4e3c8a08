"""Processes that try cases one after another: one that dies of a case is followed by another, at the next case."""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import resource
import signal
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

from tools.fuzz.draw import Draw
from tools.fuzz.patience import Patience
from tools.fuzz.target import Target
from tools.fuzz.verdict import ACCEPTED, Verdict, verdict_of

_FORK = multiprocessing.get_context("fork")
_MEMORY = 6 << 30
"""Bytes of address space of a process."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One case and its end."""

    index: int
    verdict: Verdict


@dataclass(kw_only=True)
class _Lane:
    """One process at a time, which tries every so many-th case."""

    target: Target
    seed: str
    indices: range
    process: ForkProcess | None = None
    pipe: Connection | None = None
    at: int | None = None
    stage: str = ""
    patience: Patience | None = None

    def start(self) -> None:
        """Begin with the first case that is left."""
        ours, theirs = _FORK.Pipe(duplex=False)
        self.process = _FORK.Process(
            target=_try_all, args=(self.target, self.seed, self.indices, theirs), daemon=True
        )
        self.process.start()
        theirs.close()
        self.pipe, self.at, self.patience = ours, None, None


def case_of(target: Target, seed: str, index: int) -> bytes:
    """Return the bytes of one case."""
    return target.make(Draw(f"{target.name} {seed} {index} make"))


def try_all(target: Target, *, seed: str, indices: range, processes: int, seconds: float) -> Iterator[Tried]:
    """Try the cases of those numbers, and yield how each ended; a case may take `seconds`."""
    lanes = [
        _Lane(target=target, seed=seed, indices=indices[start::processes])
        for start in range(min(processes, len(indices)))
    ]
    for lane in lanes:
        lane.start()
    try:
        while running := [lane for lane in lanes if lane.pipe is not None]:
            ready = wait([lane.pipe for lane in running if lane.pipe is not None], timeout=1)
            for lane in running:
                if lane.pipe in ready:
                    yield from _heard(lane)
                elif lane.patience is not None and lane.patience.taken() > seconds:
                    yield _ended(lane, "hang", f"more than {seconds:g} s in {lane.stage}")
    finally:
        for lane in lanes:
            _stop(lane)


def _heard(lane: _Lane) -> Iterator[Tried]:
    assert lane.pipe is not None  # noqa: S101
    assert lane.process is not None  # noqa: S101
    try:
        kind, *rest = lane.pipe.recv()
    except (EOFError, OSError):
        if lane.at is None:
            _stop(lane)
            return
        lane.process.join()
        code = lane.process.exitcode or 0
        name = signal.Signals(-code).name if code < 0 else f"exit {code}"
        yield _ended(lane, "crash", f"{name} in {lane.stage}")
        return
    if kind == "case":
        assert lane.process.pid is not None  # noqa: S101
        lane.at, lane.stage, lane.patience = rest[0], "make", Patience(lane.process.pid)
    elif kind == "stage":
        lane.stage = rest[0]
    else:
        index, lane.at, lane.patience = lane.at, None, None
        assert index is not None  # noqa: S101
        yield Tried(index=index, verdict=rest[0])


def _ended(lane: _Lane, kind: str, what: str) -> Tried:
    """Say of what a process ended or was killed, and go on with the next case."""
    index = lane.at
    assert index is not None  # noqa: S101
    known = lane.stage in lane.target.foreign
    _stop(lane)
    lane.indices = range(index + lane.indices.step, lane.indices.stop, lane.indices.step)
    if lane.indices:
        lane.start()
    return Tried(index=index, verdict=Verdict(kind=f"foreign {kind}" if known else kind, what=what))


def _stop(lane: _Lane) -> None:
    if lane.process is not None and lane.process.is_alive():
        lane.process.kill()
        lane.process.join()
    if lane.pipe is not None:
        lane.pipe.close()
    lane.process = lane.pipe = lane.at = lane.patience = None


def _try_all(target: Target, seed: str, indices: range, pipe: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.disable()  # a crash is told by its signal
    warnings.simplefilter("ignore")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    with contextlib.suppress(BrokenPipeError):
        for index in indices:
            pipe.send(("case", index))
            pipe.send(("done", _tried(target, seed, index, pipe)))


def _tried(target: Target, seed: str, index: int, pipe: Connection) -> Verdict:
    try:
        case = case_of(target, seed, index)
        target.attempt(
            case, Draw(f"{target.name} {seed} {index} try"), lambda stage: pipe.send(("stage", stage))
        )
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 — whatever it is, it is judged
        return verdict_of(error)
    return ACCEPTED
