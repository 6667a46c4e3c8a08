"""Errors as data, for a process that has no other way to raise them in another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inspector import errors
from inspector.errors import EngineError, InspectorError


def kind_of(error: InspectorError) -> str:
    """Return the name of the nearest class that `inspector.errors` defines."""
    return next(cls.__name__ for cls in type(error).__mro__ if cls.__module__ == errors.__name__)


def failure_to_json(error: InspectorError) -> dict[str, Any]:
    """Return an error as JSON."""
    return {"kind": kind_of(error), "message": error.message, "reason": error.reason, "field": error.field}


def failure_from_json(failure: Mapping[str, Any]) -> InspectorError:
    """Return the error that JSON describes."""
    kind: type[InspectorError] = getattr(errors, failure["kind"], EngineError)
    return kind(failure["message"], reason=failure["reason"], field=failure["field"])
