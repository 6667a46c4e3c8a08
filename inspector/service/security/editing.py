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
    lines = _lines(path)
    names = [_name_in(line) for line in lines]
    if name not in names:
        raise unknown_name("caller", name, {known for known in names if known is not None}, field="name")
    _replace(path, [line for line, known in zip(lines, names, strict=True) if known != name])
    return names.count(name)


def _name_in(line: str) -> str | None:
    text = line.strip()
    return None if not text or text.startswith("#") else Entry.model_validate_json(text).name


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
