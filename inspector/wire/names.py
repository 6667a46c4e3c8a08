"""Resource names (AIP-122)."""

from __future__ import annotations

from inspector.errors import InvalidInputError
from inspector.types.names import require_id

MODELS = "models"
COLLECTIONS = "collections"


def name_of(kind: str, identifier: str) -> str:
    """Return the resource name, e.g. "models/alexnet"."""
    return f"{kind}/{identifier}"


def id_of(kind: str, name: str, *, field: str) -> str:
    """Return the id in a resource name."""
    prefix, _, identifier = name.partition("/")
    if prefix != kind:
        raise InvalidInputError(
            f"{field} is {name[:80]!r}; it must be {kind}/ and an id.", reason="INVALID_NAME", field=field
        )
    return require_id(identifier, field=field)
