"""What was measured is remembered for the machine; what cannot be read is measured again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest

from inspector.runtime import remembered
from inspector.runtime.remembered import recall, remember

KEY = {"model": "abc"}
WRITER = """
import sys
from inspector.runtime.remembered import recall, remember
for turn in range(100):
    remember("things", {"model": "abc"}, {"who": sys.argv[1], "text": sys.argv[1] * 20_000})
    found = recall("things", {"model": "abc"})
    assert found is not None and found["text"] == str(found["who"]) * 20_000, found
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INSPECTOR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_it_comes_back() -> None:
    assert recall("things", KEY) is None
    remember("things", KEY, {"level": "ALL"})
    assert recall("things", KEY) == {"level": "ALL"}
    assert recall("others", KEY) is None
    assert recall("things", {"model": "abd"}) is None
    remember("things", KEY, {"level": "BASIC"})
    assert recall("things", KEY) == {"level": "BASIC"}


def test_another_runtime_and_another_processor_remember_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    remember("things", KEY, {"level": "ALL"})
    with monkeypatch.context() as patched:
        patched.setattr(onnxruntime, "__version__", "9.9.9")
        assert recall("things", KEY) is None
    with monkeypatch.context() as patched:
        patched.setattr(remembered, "_processor", lambda: "x86_64 without VNNI")
        assert recall("things", KEY) is None
    assert recall("things", KEY) == {"level": "ALL"}


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[1]", '{"value": {}}', '{"key": {}, "value": {"level": "ALL"}}']
)
def test_what_is_no_such_file_is_not_there(folder: Path, text: str) -> None:
    remember("things", KEY, {"level": "ALL"})
    (path,) = folder.rglob("*.json")
    path.write_text(text)
    assert recall("things", KEY) is None


def test_nothing_is_left_of_a_write_that_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    remember("things", KEY, {"level": "ALL"})
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert recall("things", KEY) is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("INSPECTOR_CACHE", str(tmp_path / "file" / "cache"))
    remember("things", KEY, {"level": "ALL"})
    assert recall("things", KEY) is None


def test_an_empty_variable_switches_it_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_CACHE", "")
    remember("things", KEY, {"level": "ALL"})
    assert recall("things", KEY) is None
    assert not folder.exists()


def test_by_default_it_is_in_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INSPECTOR_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    for given, folder in ((str(tmp_path / "xdg"), tmp_path / "xdg"), ("relative", tmp_path / ".cache")):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        remember("things", KEY, {"at": given})
        (path,) = (folder / "onnx-inspector" / "things").iterdir()
        assert json.loads(path.read_text())["value"] == {"at": given}
        assert path.stat().st_mode & 0o077 == 0


def test_several_processes_write_at_once_and_nobody_reads_half(folder: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, name]) for name in "abc"]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    assert len(list(folder.rglob("*.*"))) == 1
