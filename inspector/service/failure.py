"""Errors as data, for a process that has no other way to raise them in another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inspector.errors import KINDS, EngineError, InspectorError, kind_of


def failure_to_json(error: InspectorError) -> dict[str, Any]:
    """Return an error as JSON."""
    return {"kind": kind_of(error), "message": error.message, "reason": error.reason, "field": error.field}


def failure_from_json(failure: Mapping[str, Any]) -> InspectorError:
    """Return the error that JSON describes."""
    kind = KINDS.get(failure["kind"], EngineError)
    return kind(failure["message"], reason=failure["reason"], field=failure["field"])
