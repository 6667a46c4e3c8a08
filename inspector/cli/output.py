"""What verbs print: tables for people, JSON for machines; errors and progress go to stderr."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from inspector.errors import InspectorError, InvalidInputError

# In a pipe there is no width to fit: long names stay on one line.
_out = Console(width=None if sys.stdout.isatty() else 200)
_err = Console(stderr=True)


def print_json(value: object) -> None:
    """Print a result as one JSON document."""
    sys.stdout.write(json.dumps(_plain(value), allow_nan=False) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table."""
    _out.print(f"[italic]{escape(title)}[/]", highlight=False, soft_wrap=True)
    table = Table(header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    _out.print(table)


def say(text: str) -> None:
    """Print a line for people."""
    _out.print(escape(text), highlight=False, soft_wrap=True)


def complain(error: InspectorError) -> None:
    """Print an error to stderr, with its stable reason."""
    _err.print(
        f"[bold red]error[/] {escape(error.message)} [dim]({error.reason})[/]",
        highlight=False,
        soft_wrap=True,
    )


def write_picture(path: Path, picture: bytes) -> None:
    """Write a PNG; InvalidInputError where that cannot be done."""
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}.", field="output") from error
    say_written(path)


def say_written(path: Path) -> None:
    """Say on stderr which file was written."""
    _err.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)


def say_notes(notes: Sequence[str]) -> None:
    """Say on stderr what a result says about itself."""
    for note in notes:
        _err.print(f"note: {escape(note)}", highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(what: str, *, as_json: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Give the function that moves a bar on stderr, (done, total), from its first call on; None where nobody looks.

    That is where JSON is asked for, and where stderr is no terminal.
    """
    if as_json or not _err.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True) as bar:

        def move(done: int, total: int) -> None:
            if not bar.tasks:
                bar.add_task(what)
            bar.update(bar.tasks[0].id, completed=done, total=total)

        yield move


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        # Pictures go to files (--output), never into JSON.
        return {name: _plain(item) for name, item in items.items() if not isinstance(item, bytes)}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
