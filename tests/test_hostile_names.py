"""What models and callers name is shown as text, in a terminal, a log or a page: never as what it would do."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from PIL import Image
from rich.console import Console

from inspector.cli import output
from inspector.cli.complaint import complain
from inspector.cli.output import print_table, say, say_notes, say_written
from inspector.client import health
from inspector.errors import InvalidInputError, NotFoundError
from inspector.service.interceptors.ring import ring
from inspector.service.logs import JsonFormatter, TextFormatter
from inspector.service.settings import Settings
from inspector.types.visible import visible
from tests.support.bare_service import serving
from tests.support.command import Command
from tests.support.toys import toy_cnn, toy_photo

HOSTILE = (
    "e\x1b]0;own\x07\x1b[31mred\x9b1A\r\nINFO forged\x00\u202egnp.\u2028<script>alert(1)</script>[bold]&\x7f"
)
QUIET = "e\u202egnp.\u2028\u200f<script>alert(1)</script>[bold]&"
"""Of layers: a model with control characters in its names is refused, by an error that shows them."""
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose layers and labels have hostile names."""
    made = tmp_path_factory.mktemp("hostile")
    proto = onnx.load_from_string(toy_cnn())
    for node in proto.graph.node:
        node.name += QUIET
        for names in (node.input, node.output):
            names[:] = [f"{name}{QUIET}" if name.startswith(("conv", "relu")) else name for name in names]
    (made / "model.onnx").write_bytes(proto.SerializeToString())
    (made / "inspector.json").write_text(json.dumps({"labels": [f"{n}{HOSTILE}" for n in range(5)]}))
    Image.fromarray(toy_photo()).save(made / "photo.png")
    return made


@pytest.fixture
def inspector(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


COMMANDS = {
    "layers": ("layers",),
    "describe": ("describe",),
    "predict": ("predict", "photo.png"),
    "attribute": ("attribute", "photo.png", "--layer", f"conv1{QUIET}"),
    "an unknown layer": ("attribute", "photo.png", "--layer", f"conv9{HOSTILE}"),
    "an unknown class": ("attribute", "photo.png", "--class", HOSTILE),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_commands_show_names_as_text(
    words: tuple[str, ...], folder: Path, inspector: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    words = tuple(word.replace("\x00", "") for word in words)  # no program can be given one
    found = inspector(words[0], folder / "model.onnx", *words[1:])
    shown = found.out + found.err
    assert "gnp." in shown
    assert "Usage:" not in shown
    assert not ACTING.search(shown), shown
    assert not any(line.startswith("INFO forged") for line in shown.splitlines())


def test_a_refused_model_is_named_as_text(folder: Path, inspector: Command, tmp_path: Path) -> None:
    data = (folder / "model.onnx").read_bytes().replace("\u202e".encode(), b"\x1b[m")
    (tmp_path / "model.onnx").write_bytes(data)
    found = inspector("layers", tmp_path / "model.onnx")
    assert (found.code, found.out) == (3, "")
    assert r"\x1b[mgnp." in found.err
    assert not ACTING.search(found.err), found.err


@pytest.mark.parametrize("words", [("predict", "photo.png"), ("report", "photo.png")], ids=" ".join)
def test_pages_show_names_as_text(
    words: tuple[str, ...], folder: Path, inspector: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(folder)
    page = tmp_path / "page.html"
    found = inspector(words[0], folder / "model.onnx", *words[1:], "-o", page)
    assert found.code == 0, found.err
    text = page.read_text(encoding="utf-8")
    assert "gnp.\\u2028" in text
    assert "<script" not in text
    assert not ACTING.search(text.replace("\t", "")), ACTING.search(text)


def test_everything_that_prints_shows_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say(HOSTILE)
    say_notes([HOSTILE])
    say_written(Path(HOSTILE))
    print_table([HOSTILE], [[HOSTILE]], title=HOSTILE)
    complain(InvalidInputError(HOSTILE, reason=HOSTILE))
    shown = capsys.readouterr()
    assert not ACTING.search(shown.out + shown.err)
    assert shown.out.count("[bold]") == 4


def test_what_moves_shows_text(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(output, "_err", Console(file=terminal, force_terminal=True, width=400))
    with output.progress_bar(HOSTILE, as_json=False) as move, output.progress_steps()("nothing"):
        assert move is not None
        move(1, 2)
    with output.progress_steps()(HOSTILE):
        pass
    assert "forged" in terminal.getvalue()
    assert "\x1b]0;" not in terminal.getvalue()
    assert "\x9b" not in terminal.getvalue()


def test_a_probe_of_health_shows_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_given: object, **_named: object) -> str:
        raise NotFoundError(HOSTILE)

    monkeypatch.setattr(health, "check_health", fails)
    monkeypatch.setattr(sys, "argv", ["health"])
    assert health.main() == 1
    assert not ACTING.search(capsys.readouterr().err)


@pytest.mark.parametrize("told", [NotFoundError(HOSTILE), ValueError(HOSTILE)], ids=["ours", "another"])
def test_a_line_of_the_log_is_one_line(told: Exception, caplog: pytest.LogCaptureFixture) -> None:
    async def fails(_request: Any, _context: Any) -> bytes:
        raise told

    async def call() -> None:
        async with serving(fails, *ring(Settings())) as caller:
            await caller.ask()

    with caplog.at_level(logging.INFO):
        asyncio.run(call())
    lines = [one.getMessage() for one in caplog.records if one.name.endswith("access_log")]
    assert len(lines) == 1
    assert "forged" in lines[0]
    assert not re.search(r"[\n\x00-\x1f\x9b\u202e\u2028]", lines[0])


def test_text_without_acting_characters_stays_as_it_is() -> None:
    for text in ("", "ant", "Æther × 3 → 4", "日本語", "👩‍🔬", r"C:\new"):
        assert visible(text) == text
    assert visible("a\tb\nc", lines=True) == "a\tb\nc"
    assert visible("a\tb\nc\x1b", lines=False) == r"a\tb\nc\x1b"


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
def test_any_line_of_the_log_is_as_many_lines_as_it_should_be(formatter: logging.Formatter) -> None:
    error = ValueError(HOSTILE)
    origin = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("model", logging.ERROR, __file__, 1, "Failed: %s", (HOSTILE,), origin)
    text = formatter.format(record)
    assert "forged" in text
    assert not ACTING.search(text)
    assert not any(line.startswith("INFO forged") for line in text.splitlines())
