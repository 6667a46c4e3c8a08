"""Names that the Open Inference Protocol has and this server does not: versions of models, several repositories."""

from __future__ import annotations

from inspector.errors import InvalidInputError, NotFoundError

VERSION = "1"
"""Of every model: another file under the same name is the same version of this protocol."""


def require_version(version: str, *, field: str) -> None:
    """Raise NotFoundError for a version of a model that does not exist."""
    if version not in ("", VERSION):
        raise NotFoundError(
            f"There is no version {version[:40]!r}; every model has one, {VERSION!r}. Leave it empty for that.",
            reason="VERSION_NOT_FOUND",
            field=field,
        )


def require_only_repository(name: str) -> None:
    """Raise InvalidInputError for another repository than the only one."""
    if name:
        raise InvalidInputError(
            f"repository_name is {name[:40]!r}; there is one repository, without a name. Leave it empty.",
            field="repository_name",
        )
