"""Ids of models and collections: what one may look like, wherever it is given."""

from __future__ import annotations

import re

from inspector.errors import InvalidInputError, in_brief

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def require_id(text: str, *, field: str) -> str:
    """Return the id if it is one; it may name a folder or a table, so nothing else may pass."""
    if not isinstance(text, str) or not is_id(text):
        given = repr(text[:80]) if isinstance(text, str) else in_brief(text, long="a {}")
        raise InvalidInputError(
            f"{field} is {given}; an id has 1 to 63 characters of a-z, 0-9, '.', '_', '-' "
            "and begins with a letter or digit.",
            reason="INVALID_NAME",
            field=field,
        )
    return text


def is_id(text: str) -> bool:
    """Return whether it may be an id."""
    return _ID.fullmatch(text) is not None
