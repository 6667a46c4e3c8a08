"""Changes of a file of callers: whole or not at all, and readable for its owner only."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from inspector.errors import InvalidInputError, unknown_name
from inspector.service.security.callers import Entry, read_entries


def add_entry(path: Path, entry: Entry) -> None:
    """Put a line to the end of a file, which is made where it is not there; InvalidInputError if it cannot be."""
    before = _lines(path) if path.exists() else []
    _replace(path, [*before, entry.line()])


def remove_entries(path: Path, name: str) -> int:
    """Take out all lines of a caller, and return how many; NotFoundError where there is none."""
    entries = read_entries(path)
    names = {entry.name for entry in entries}
    if name not in names:
        raise unknown_name("caller", name, names, field="name")
    gone = {entry.line() for entry in entries if entry.name == name}
    lines = _lines(path)
    kept = [line for line in lines if not _is_one_of(line, gone)]
    _replace(path, kept)
    return len(lines) - len(kept)


def _is_one_of(line: str, gone: set[str]) -> bool:
    text = line.strip()
    return bool(text) and not text.startswith("#") and Entry.model_validate_json(text).line() in gone


def _lines(path: Path) -> list[str]:
    read_entries(path)  # a file that is off is not written to
    return path.read_text(encoding="utf-8").splitlines()


def _replace(path: Path, lines: Sequence[str]) -> None:
    """Write beside it and rename: a server that reads it meanwhile sees the old file, or the new one."""
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in lines))
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()
    except OSError as error:
        raise InvalidInputError(
            f"The file of callers {str(path)!r} cannot be written: {error.strerror}.", field="file"
        ) from error
