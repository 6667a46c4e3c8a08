"""Ids of models and collections: what one may look like, wherever it is given."""

from __future__ import annotations

import re

from inspector.errors import InvalidInputError

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def require_id(text: str, *, field: str) -> str:
    """Return the id if it is one; it may name a folder or a table, so nothing else may pass."""
    if not is_id(text):
        raise InvalidInputError(
            f"{field} is {text[:80]!r}; an id has 1 to 63 characters of a-z, 0-9, '.', '_', '-' "
            "and begins with a letter or digit.",
            reason="INVALID_NAME",
            field=field,
        )
    return text


def is_id(text: str) -> bool:
    """Return whether it may be an id."""
    return _ID.fullmatch(text) is not None
