"""What is said of an error once nobody waits for what failed: in the state of a model, and in the server's log."""

from __future__ import annotations

import logging

from inspector.errors import InspectorError


def why_of(error: BaseException) -> str:
    """Return what callers are told: what is no error of ours is a bug, which only the log tells of."""
    return str(error) if isinstance(error, InspectorError) else "The server's log tells why."


def log_failure(log: logging.Logger, what: str, error: BaseException) -> None:
    """Log what failed: an error of ours in a line, a bug with its traceback."""
    log.error("%s: %s", what, error, exc_info=None if isinstance(error, InspectorError) else error)
