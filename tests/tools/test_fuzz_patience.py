"""A case is no hang because others have the processor."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tools.fuzz.patience import Patience


@pytest.mark.parametrize(
    ("waited", "taken"),
    [([0, 0], 100), ([70, 0], 30), ([40, 30], 30), ([200, 0], 10), ([-5, 0], 100)],
    ids=["alone", "one thread waits", "two threads wait", "a tenth counts", "a thread ended"],
)
def test_what_threads_waited_for_a_processor_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waited: list[int], taken: int
) -> None:
    now = [1000.0]
    monkeypatch.setattr("tools.fuzz.patience.time.monotonic", lambda: now[0])
    files = [tmp_path / "7" / "task" / str(number) / "schedstat" for number in (7, 8)]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text("123 5000000000 9\n")
    found = Patience(7, processes=tmp_path)
    assert found.taken() == 0
    now[0] += 100
    for file, seconds in zip(files, waited, strict=True):
        file.write_text(f"123 {(5 + seconds) * 10**9} 9\n")
    assert found.taken() == pytest.approx(taken)


@pytest.mark.parametrize("pid", [os.getpid(), 0], ids=["this process", "of which nothing is known"])
def test_what_sleeps_takes_its_time(pid: int) -> None:
    found = Patience(pid)
    time.sleep(0.5)
    assert 0.05 < found.taken() < 60
