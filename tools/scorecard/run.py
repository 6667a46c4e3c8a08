"""All trials, or as many as a suite has time for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from inspector.checks.rule import RULES
from tools.scorecard.bases import BASES, Base
from tools.scorecard.bench import Bench
from tools.scorecard.corpus import LOADS, Fault, faults, twins
from tools.scorecard.trials import Trial, try_fault, try_good, try_twin
from tools.scorecard.zoo import from_the_zoo


def good_models() -> list[Base]:
    """Return those that come with the project, and those of the zoo that are at hand."""
    return [base for _, base in BASES.items()] + from_the_zoo()


def all_trials(bases: Sequence[Base], *, only: Sequence[str] = (), processes: int = 1) -> Iterator[Trial]:
    """Yield all trials on some good models, or those of some rules; each part of them in a process of its own."""
    parts = [(name, what) for name in (*(base.name for base in bases), "") for what in _PARTS]
    if processes == 1:
        for part in parts:
            yield from _trials_of(part, tuple(only))
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_trials_of, part, tuple(only)) for part in parts]):
            yield from done.result()


_PARTS = ("faults", "twins")


def _trials_of(part: tuple[str, str], only: tuple[str, ...]) -> list[Trial]:
    """Return the trials on one good model; without a name those on models that changes have of their own."""
    name, what = part
    bases = [base for base in good_models() if base.name == name]
    rules = [rule for rule in only if rule != LOADS]
    found: list[Trial] = []
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        if what == "twins":
            for base in bases:
                found += try_good(bench, base, rules=rules)
            for twin in twins():
                found += try_twin(bench, twin, bases, rules=rules)
            return found
        for fault in faults():
            if not only or set(only) & set(fault.rules):
                found += [one for one in try_fault(bench, fault, bases) if not only or one.rule in only]
    return found


def quick_trials(planted: Sequence[Fault], bases: Sequence[Base]) -> Iterator[Trial]:
    """Yield, for each rule, trials of its faults on one good model each, until it found one."""
    found: set[str] = set()
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for fault in planted:
            if set(fault.rules) <= found:
                continue
            for trial in try_fault(bench, fault, bases):
                found |= {trial.rule} if trial.outcome == "found" else set()
                yield trial
                if found >= set(fault.rules) & {*RULES, LOADS}:
                    break
