"""Whose models are whose: which a caller sees, and which it may change.

A model that an admin uploaded, or that lies in the repository, is the service's: all whose patterns take its id see it,
and admins change it. What others upload is theirs: to everyone else but admins it is not there.
"""

from __future__ import annotations

from collections.abc import Collection

from inspector.errors import LimitExceededError, PermissionDeniedError
from inspector.service.security.caller import Caller, Role, current_caller

THE_SERVICES = ""
"""The owner of what belongs to nobody in particular."""


def owner_for(caller: Caller) -> str:
    """Return whose a model or a collection will be that this caller makes."""
    return THE_SERVICES if caller.is_admin else caller.name


def may_see(model: str, owner: str) -> bool:
    """Return whether a model with that id is there for who calls now."""
    caller = current_caller()
    if caller.role is Role.ANYONE or not caller.matches(model):
        return False
    return caller.is_admin or owner in (THE_SERVICES, caller.name)


def may_change(model: str, owner: str) -> bool:
    """Return whether who calls now may change a model for all who use it."""
    caller = current_caller()
    if not caller.matches(model):
        return False
    return caller.is_admin or (owner != THE_SERVICES and owner == caller.name)


def require_may_change(model: str, owner: str, *, what: str) -> None:
    """Raise PermissionDeniedError where who calls now may not change a model that it sees; `what` would be done."""
    if not may_change(model, owner):
        raise PermissionDeniedError(
            f"Model {model!r} is not yours: only its owner, or a caller with the role 'admin', may {what}.",
            reason="NOT_YOURS",
            field="model",
        )


def require_may_name(model: str, *, field: str) -> None:
    """Raise PermissionDeniedError where who calls now may have no model of that id."""
    caller = current_caller()
    if not caller.matches(model):
        patterns = ", ".join(map(repr, caller.models))
        raise PermissionDeniedError(
            f"{field} is {model!r}; {caller.name!r} may have models whose ids match {patterns}. Take such an id.",
            reason="NOT_YOURS",
            field=field,
        )


def require_few_owned(owners: Collection[str], *, most: int) -> None:
    """Raise LimitExceededError where who calls now has as many models as it may; `owners` are those of all models."""
    caller = current_caller()
    count = sum(owner == caller.name for owner in owners if owner != THE_SERVICES)
    if not caller.is_admin and count >= most:
        raise LimitExceededError(
            f"You have {count} models here; a caller may have {most}. Delete one first.",
            reason="TOO_MANY_MODELS",
            field="model_id",
        )
