"""Where an answer goes: checked before the work begins, so that no minute of it is lost to a wrong name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import InvalidInputError, nearest

TABLE, DOCUMENT, PAGE = (".csv",), (".json",), (".html",)
ONE_ARRAY, ARRAYS = (".npy",), (".npz",)
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")

_KNOWN = (*TABLE, *DOCUMENT, *PAGE, *ONE_ARRAY, *ARRAYS, *PICTURES)


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
        raise no_form(path, command=command, forms=forms)
    _require_writable(path)
    return Destination(path=path, suffix=suffix)


def no_form(path: Path, *, command: str, forms: Sequence[str], why: str = "") -> InvalidInputError:
    """Return the error for a suffix that names no form of the answer."""
    suffix = path.suffix.lower()
    near = "" if suffix in _KNOWN else nearest(suffix, forms)
    return InvalidInputError(
        f"-o {path}: `{command}` {_lack(suffix, forms)}{why}. Give a file that ends in {', '.join(forms[:-1])} or "
        f"{forms[-1]}.{near}",
        reason="UNKNOWN_FORMAT",
        field="output",
    )


def _lack(suffix: str, forms: Sequence[str]) -> str:
    match suffix:
        case "":
            return "does not know the form without a suffix"
        case _ if suffix in PICTURES:
            return "gives no picture"
        case _ if suffix in ONE_ARRAY and ARRAYS[0] in forms:
            return "gives several arrays"
        case _ if suffix in (*ONE_ARRAY, *ARRAYS):
            return "gives no arrays"
        case _ if suffix in TABLE:
            return "gives no table"
        case _:
            return f"writes no {suffix} files"


def _require_writable(path: Path) -> None:
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
