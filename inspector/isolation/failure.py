"""Errors as data, for a process that has no other way to raise them in another one."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from inspector.errors import (
    KINDS,
    BusyError,
    EngineError,
    InspectorError,
    LimitExceededError,
    ServerUnavailableError,
    kind_of,
)

_OUT_OF_MEMORY = ("bad_alloc", "Failed to allocate memory", "Unable to allocate", "out of memory")
"""What the runtimes say where the system gives no more memory."""


class WorkerBugError(Exception):
    """What a worker raised and nobody foresaw, with its traceback as text: a bug, not an error of the caller's."""


def failure_to_json(error: BaseException) -> dict[str, Any]:
    """Return an error as JSON; what is none of ours keeps its traceback, for the server's log."""
    if isinstance(error, MemoryError) or ran_out_of_memory(error):
        error = LimitExceededError(
            "The call takes more memory than this server lends to a worker. Ask for fewer or smaller images, layers "
            "or targets at a time.",
            reason="OUT_OF_MEMORY",
        )
    if not isinstance(error, InspectorError):
        return {"bug": "".join(traceback.format_exception(error))[-20_000:]}
    failure: dict[str, Any] = {
        "kind": kind_of(error),
        "message": error.message,
        "reason": error.reason,
        "field": error.field,
    }
    if isinstance(error, BusyError | ServerUnavailableError):
        failure["retry_seconds"] = error.retry_seconds
    return failure


def failure_from_json(failure: Mapping[str, Any]) -> Exception:
    """Return the error that JSON describes."""
    if "bug" in failure:
        return WorkerBugError(str(failure["bug"]))
    kind = KINDS.get(str(failure["kind"]), EngineError)
    seconds = failure.get("retry_seconds")
    more = {} if seconds is None else {"retry_seconds": float(seconds)}
    return kind(str(failure["message"]), reason=failure["reason"], field=failure["field"], **more)


def ran_out_of_memory(error: BaseException) -> bool:
    """Return whether the runtime failed because the system gave no more memory."""
    return isinstance(error, EngineError) and any(sign in error.message for sign in _OUT_OF_MEMORY)
