"""docs/gallery.md: its pictures are small, none is missing or forgotten, and its commands can be typed."""

from __future__ import annotations

import ast
import re
import shlex
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inspector.cli.commands import command_names, make_command

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
FILES = sorted(path for path in (ROOT / "docs" / "gallery").glob("*") if path.is_file())
LARGEST = 80_000
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    line
    for language, block in BLOCKS
    if language == "sh"
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip()
]


def parse(line: str) -> None:
    """Read a line as the shell and the command do, and do not run it."""
    words = shlex.split(line, comments=True)
    if words[:1] == ["make"]:
        assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
        return
    program, name, *rest = words
    assert program == "inspector", line
    assert name in command_names(), line
    command: Any = make_command(name)
    with command.make_context(name, rest):
        pass


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_picture_is_small_and_has_its_line(path: Path) -> None:
    data = path.read_bytes()
    assert len(data) <= LARGEST
    with Image.open(BytesIO(data)) as picture:
        assert min(picture.size) >= 64
    assert re.search(rf"!\[[^\]]{{12,}}\]\(gallery/{re.escape(path.name)}\)", PAGE)


def test_no_picture_is_missing() -> None:
    named = re.findall(r"\(gallery/([^)]+)\)", PAGE)
    assert sorted(named) == [path.name for path in FILES]


def test_every_picture_has_what_makes_it() -> None:
    parts = re.split(r"(?=^!\[)", PAGE, flags=re.MULTILINE)[1:]
    assert parts
    for part in parts:
        assert re.search(r"```(sh|python)\n", part), part[:80]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_can_be_typed(line: str) -> None:
    parse(line)


def test_python_can_be_read() -> None:
    for language, block in BLOCKS:
        if language == "python":
            ast.parse(block)


def test_a_command_that_cannot_be_typed_is_found() -> None:
    with pytest.raises(Exception, match="No such option: --methods"):
        parse("inspector attribute model.onnx --methods gradcam a.png")
    with pytest.raises(Exception, match="Missing"):
        parse("inspector predict")
    with pytest.raises(AssertionError):
        parse("inspector paint model.onnx")
