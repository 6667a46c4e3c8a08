"""Where an answer goes: checked before the work begins, so that no minute of it is lost to a wrong name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import InvalidInputError
from inspector.render.forms import no_form
from inspector.types.results.suffixes import ONE_ARRAY, PICTURES


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A file that can be written, in a form that the answer has."""

    path: Path
    suffix: str
    """In small letters; where the path has none, that of the form that is usual for the answer."""


def destination(path: Path | None, *, command: str, forms: Sequence[str]) -> Destination | None:
    """Return where --output says; InvalidInputError where it cannot be written, or not in one of the forms."""
    if path is None:
        return None
    suffix = path.suffix.lower()
    if not suffix and forms[0] in (*PICTURES, *ONE_ARRAY):
        suffix = forms[0]
    if suffix not in forms:
        raise no_form(path, who=who(path, command), forms=forms, field="output")
    require_writable(path)
    return Destination(path=path, suffix=suffix)


def who(path: Path, command: str) -> str:
    """Return how an error about a form names where the answer should go, and what gives it."""
    return f"-o {path}: `{command}`"


def require_writable(path: Path) -> None:
    """Raise InvalidInputError where a file cannot be written; one that is there stays as it is."""
    try:
        if path.is_dir():
            raise _unwritable(path, "it is a folder")
        if path.is_file() or not path.exists():
            _try(path)
        elif not os.access(path, os.W_OK):  # a pipe or a device, whose opening others would notice
            raise _unwritable(path, "Permission denied")
    except (OSError, ValueError) as error:
        missing = "" if path.parent.is_dir() else f"; there is no folder {path.parent}"
        raise _unwritable(path, f"{getattr(error, 'strerror', None) or error}{missing}") from error


def _try(path: Path) -> None:
    """Open a file for writing, and leave things as they were."""
    is_new = not path.exists()
    with path.open("ab"):
        pass
    if is_new:
        path.unlink()


def _unwritable(path: Path, why: str) -> InvalidInputError:
    return InvalidInputError(f"{path} cannot be written: {why}.", reason="UNWRITABLE_OUTPUT", field="output")
