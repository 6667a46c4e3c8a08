"""What tests ask of results that are pictures."""

from __future__ import annotations

from typing import Any


def by_role(result: Any, role: str) -> list[Any]:
    """Return the pictures of a result that have a role."""
    return [one for one in result.images if one.role == role]


def ids(result: Any) -> set[str]:
    """Return the ids of a result's notes."""
    return {note.id for note in result.notes}
