"""Small text files beside a model, read with a bound and never through a link."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inspector.model.checks.limits import Limits


def read_json(path: Path, *, limits: Limits) -> Mapping[str, Any]:
    """Return the object in a JSON file, or an empty one where there is no such file or object."""
    text = read_text(path, limits=limits)
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def read_text(path: Path, *, limits: Limits) -> str | None:
    """Return the text of a regular file that is no link and not too large, or None."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > limits.max_metadata_bytes:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
