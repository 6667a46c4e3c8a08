"""The demo's model is as its own configuration asks, and a fault in it would be found."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import inspector
from tests.support.command import Command

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "demo" / "inspector.toml"
COMMANDS = [
    re.findall(
        r"^(?:\t\$\(BIN\)/)?inspector (check demo/.* --config .*)$", path.read_text(), flags=re.MULTILINE
    )
    for path in (ROOT / "Makefile", ROOT / "README.md")
]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(ROOT)
    return Command(monkeypatch, capsys)


def test_the_readme_shows_what_ci_runs() -> None:
    assert len(COMMANDS[0]) == 1
    assert COMMANDS[0] == COMMANDS[1]


def test_it_is_in_order(command: Command) -> None:
    found = command(*COMMANDS[0][0].split())
    assert found.code == 0, found.out
    assert "all in order" in found.out


def test_a_planted_fault_is_found(tmp_path: Path) -> None:
    proto = onnx.load(ROOT / "demo" / "model" / "demo.onnx")
    weight = proto.graph.initializer[0]
    array = numpy_helper.to_array(weight).copy()
    array.flat[0] = np.nan
    weight.CopyFrom(numpy_helper.from_array(array, weight.name))
    onnx.save(proto, tmp_path / "demo.onnx")
    (found,) = inspector.check(tmp_path / "demo.onnx", configuration=CONFIGURATION)
    assert found.fails()
    assert any(one.id == "weights-finite" for one in found.findings)


def test_its_checkpoints_can_be_checked_as_well() -> None:
    found = inspector.check(ROOT / "demo" / "model" / "checkpoints", configuration=CONFIGURATION)
    assert len(found) == len(list((ROOT / "demo" / "model" / "checkpoints").glob("*.onnx")))
    assert not any(one.broken for one in found)
