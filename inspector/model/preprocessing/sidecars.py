"""Small text files beside a model, read with a bound and never through a link."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from inspector.errors import InvalidModelError
from inspector.model.checks.limits import Limits
from inspector.types.regular_files import open_beside


def read_json(path: Path, *, limits: Limits, ours_by: Collection[str] | None = None) -> Mapping[str, Any]:
    """Return the object in a JSON file, or an empty one where there is no such file.

    InvalidModelError where it holds no JSON object; a file of a name that other tools use, too, is passed over unless
    its text has one of the keys `ours_by`.
    """
    text = read_text(path, limits=limits)
    if text is None or (ours_by is not None and not any(f'"{key}"' in text for key in ours_by)):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidModelError(
            f"{path.name} beside the model is no JSON: {error or 'it is nested too deeply'}. Mend it or remove it."
        ) from error
    if not isinstance(value, dict):
        raise InvalidModelError(
            f"{path.name} beside the model holds {_kind(value)}; it must hold a JSON object. Mend it or remove it."
        )
    return value


def require_readable(path: Path, *, limits: Limits) -> None:
    """Raise InvalidModelError for a file that is there and is not read: a link, a folder, too large, no text."""
    if read_text(path, limits=limits) is not None or not (path.exists() or path.is_symlink()):
        return
    why = (
        "is a link, which is never followed"
        if path.is_symlink()
        else f"is no file of text of at most {limits.max_metadata_bytes:,} bytes in UTF-8 that can be read"
    )
    raise InvalidModelError(f"{path.name} beside the model {why}. Put the file itself there, or remove it.")


def read_text(path: Path, *, limits: Limits) -> str | None:
    """Return the text of a regular file that is no link and not too large, or None."""
    try:
        with open_beside(path) as file:
            if os.fstat(file.fileno()).st_size > limits.max_metadata_bytes:
                return None
            return file.read(limits.max_metadata_bytes).decode()
    except (OSError, UnicodeDecodeError):
        return None


def _kind(value: object) -> str:
    kinds = {list: "a list", str: "a string", bool: "a truth value", int: "a number", float: "a number"}
    return kinds.get(type(value), "null")
