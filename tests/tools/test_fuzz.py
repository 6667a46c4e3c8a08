"""The fuzzer finds what is planted, and nothing in a short run over everything."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import EngineError, InvalidInputError
from tools.fuzz.__main__ import TARGETS
from tools.fuzz.draw import Draw
from tools.fuzz.pool import Tried, case_of, try_all
from tools.fuzz.target import Stage

CASES = {"models": 250, "images": 400, "requests": 400, "inferences": 300}
SECONDS = 120.0
ROOT = Path(__file__).parents[2]


class Planted:
    """A target whose cases are their numbers, and which does what is planted for some."""

    name = "planted"

    def __init__(self, act: Callable[[int], None], *, foreign: bool = False) -> None:
        self.act = act
        self.foreign = frozenset({"act"} if foreign else ())

    def make(self, draw: Draw) -> bytes:
        return b"case"

    def attempt(self, case: bytes, draw: Draw, stage: Stage) -> None:
        stage("act")
        self.act(draw.below(4))


def tried(target: Any, count: int, *, seconds: float = SECONDS) -> list[Tried]:
    return list(try_all(target, seed="0", indices=range(count), processes=2, seconds=seconds))


def raising(error: BaseException) -> Callable[[int], None]:
    def act(number: int) -> None:
        if number == 0:
            raise error

    return act


@pytest.mark.parametrize(
    ("error", "kind", "is_finding"),
    [
        (InvalidInputError("off"), "refused", False),
        (EngineError("ran", reason="RUN_FAILED"), "failed in the runtime", False),
        (MemoryError(), "out of memory", False),
        (EngineError("ours"), "bug", True),
        (KeyError("ours"), "bug", True),
    ],
    ids=str,
)
def test_an_error_is_judged_by_its_kind(error: BaseException, kind: str, is_finding: bool) -> None:
    found = tried(Planted(raising(error)), 40)
    assert {one.index for one in found} == set(range(40))
    assert {one.verdict.kind for one in found} == {"accepted", kind}
    assert any(one.verdict.is_finding for one in found) == is_finding


def crash(number: int) -> None:
    if number == 0:
        os.abort()


def hang(number: int) -> None:
    if number == 0:
        time.sleep(1000)


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize(("act", "kind", "count"), [(crash, "crash", 40), (hang, "hang", 6)])
def test_what_ends_or_holds_a_process_is_found_and_the_rest_is_tried(
    act: Callable[[int], None], kind: str, count: int, foreign: bool
) -> None:
    found = tried(Planted(act, foreign=foreign), count, seconds=3)
    assert sorted(one.index for one in found) == list(range(count))
    kinds = {one.verdict.kind for one in found}
    assert kinds == {"accepted", f"foreign {kind}" if foreign else kind}
    assert any(one.verdict.is_finding for one in found) != foreign


@pytest.mark.parametrize("name", TARGETS)
def test_a_case_is_made_of_its_number_alone(name: str) -> None:
    kind, _ = TARGETS[name]
    target, again = kind(), kind()
    numbers = range(0, 60, 7)
    cases = [case_of(target, "0", number) for number in numbers]
    assert cases == [case_of(again, "0", number) for number in reversed(numbers)][::-1]
    assert len(set(cases)) > len(numbers) // 2
    assert cases != [case_of(target, "1", number) for number in numbers]


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_mutations_end_in_named_errors_alone(name: str) -> None:
    """In a process of its own: what forks must not have run a model before."""
    command = [sys.executable, "-m", "tools.fuzz", name, "--cases", str(CASES[name])]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert f"{name}: {CASES[name]} cases; " in ended.stderr
    assert "refused" in ended.stderr
    assert "accepted" in ended.stderr
