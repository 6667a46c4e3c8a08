"""A few rounds of `kill -9` at random moments; `python -m benchmarks.attacks.kills` has a hundred."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from benchmarks.attacks.kills import Ledger, inspect_models, run
from benchmarks.attacks.models import small, written
from benchmarks.attacks.server import ServerProcess

ROUNDS = 4


@pytest.mark.slow
def test_what_was_acknowledged_is_there_whole_and_once(tmp_path: Path) -> None:
    report = run(tmp_path, rounds=ROUNDS, longest=3)
    assert report.problems == []
    assert report.rounds == ROUNDS
    assert report.uploads > 0
    assert report.children > 0


def test_what_is_lost_damaged_or_back_is_found(tmp_path: Path) -> None:
    """The judge itself, with planted faults."""
    folder = tmp_path / "models" / "damaged"
    folder.mkdir(parents=True)
    data = written(small())
    digest = hashlib.sha256(data).hexdigest()
    (folder / "model.onnx").write_bytes(data[:-1])
    (folder / "upload.json").write_text(json.dumps({"sha256": digest}))
    server = ServerProcess(tmp_path)
    try:
        ledger = Ledger(present={"lost": digest, "damaged": digest}, absent={"damaged"})
        problems = inspect_models(server, ledger)
    finally:
        server.stop()
    assert sorted(problems) == [
        "damaged is damaged",
        "damaged was deleted and is back",
        "lost was acknowledged and is gone",
    ]
