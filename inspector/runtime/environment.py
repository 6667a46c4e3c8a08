"""What environment variables say, where a few words are allowed."""

from __future__ import annotations

import os
from collections.abc import Collection

from inspector.errors import InvalidInputError


def asked_for(variable: str, allowed: Collection[str], *, default: str) -> str:
    """Return the word that a variable says; InvalidInputError, which names all that are allowed, where it is none."""
    asked = os.environ.get(variable, default)
    if asked not in allowed:
        raise InvalidInputError(f"{variable} is {asked!r}; allowed: {', '.join(allowed)}.", field=variable)
    return asked
