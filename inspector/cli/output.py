"""What verbs print: tables for people, JSON for machines; errors and progress go to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from inspector.cli.destination import Destination, who
from inspector.render.answer import Answer
from inspector.render.documents import plain
from inspector.render.files import write
from inspector.types.results.base import unwritten
from inspector.types.results.suffixes import PICTURES
from inspector.types.visible import visible

# In a pipe there is no width to fit: long names stay on one line.
_out = Console(width=None if sys.stdout.isatty() else 200)
_err = Console(stderr=True)


def marked(text: str) -> str:
    """Return a text that was not written here as `rich` takes it: nothing in it is markup, and nothing acts."""
    return escape(visible(text))


def print_json(value: object) -> None:
    """Print a result as one JSON document."""
    sys.stdout.write(json.dumps(plain(value), allow_nan=False) + "\n")


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None
) -> None:
    """Print a table; a cell that is a tuple holds several lines."""
    if title is not None:
        _out.print(f"[italic]{marked(title)}[/]", highlight=False, soft_wrap=True)
    table = Table(header_style="bold")
    for column in columns:
        table.add_column(marked(column), overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row))
    _out.print(table)


def _cell(cell: object) -> str:
    return "\n".join(map(_cell, cell)) if isinstance(cell, tuple) else marked(str(cell))


def paragraphs(text: str) -> tuple[str, ...]:
    """Return the paragraphs of a text whose lines were broken elsewhere, each as one line."""
    return tuple(" ".join(part.split()) for part in text.split("\n\n"))


def say(text: str) -> None:
    """Print a line for people."""
    _out.print(marked(text), highlight=False, soft_wrap=True)


def print_spans(spans: Sequence[tuple[str, str]]) -> None:
    """Print a line of texts, each in a style of `rich`."""
    _out.print(
        Text.assemble(*((visible(text), style) for text, style in spans)), highlight=False, soft_wrap=True
    )


def say_written(path: Path) -> None:
    """Say on stderr which file was written."""
    _err.print(f"wrote {marked(str(path))}", highlight=False, soft_wrap=True)


def write_text(path: Path, text: str) -> None:
    """Write a file as it is, and say so on stderr; InvalidInputError where it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise unwritten(path, error, field="output") from error
    say_written(path)


def say_notes(notes: Sequence[str]) -> None:
    """Say on stderr what a result says about itself."""
    for note in notes:
        _err.print(f"note: {marked(note)}", highlight=False, soft_wrap=True)


def deliver(answer: Answer, to: Destination | None, *, as_json: bool, command: str) -> None:
    """Write an answer's file, say its notes, and print it for people or machines."""
    if to is not None:
        written = write(answer, to.path, suffix=to.suffix, who=who(to.path, command), field="output")
        for path in written:
            say_written(path)
    say_notes(list(_notes(answer)))
    if as_json:
        print_json(answer.document())
        return
    if to is not None and to.suffix not in PICTURES:
        return  # the file holds all that there is to say
    _print(answer)


def _notes(answer: Answer) -> Iterator[str]:
    """Yield the notes of an answer and of its parts, each once."""
    yield from dict.fromkeys([*answer.notes, *(note for part in answer.parts for note in _notes(part))])


def _print(answer: Answer) -> None:
    for line in answer.lines:
        say(line)
    columns, rows = answer.printed
    if rows:
        print_table(columns, rows)
    for part in answer.parts:
        if part.title:
            say("")
            say(part.title)
        _print(part)


@contextmanager
def progress_bar(
    what: str, *, as_json: bool, unit: str = "steps"
) -> Iterator[Callable[[int, int], None] | None]:
    """Give the function that moves a bar on stderr, (done, total), from its first call on; None where nobody looks.

    That is where JSON is asked for, and where stderr is no terminal.
    """
    if as_json or not _err.is_terminal:
        yield None
        return
    count = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True) as bar:

        def move(done: int, total: int) -> None:
            if not bar.tasks:
                bar.add_task(marked(what))
            bar.update(bar.tasks[0].id, completed=done, total=total)

        yield move


def progress_steps() -> Callable[[str], AbstractContextManager[object]]:
    """Return what tells on stderr, while it lasts, what is being done; nothing where nobody looks."""
    return (lambda what: _err.status(marked(what))) if _err.is_terminal else lambda _what: nullcontext()
