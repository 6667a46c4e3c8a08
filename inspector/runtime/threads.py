"""Threads: each session has a pool of its own, which does not spin on the cores while another session works.

By default the idle threads of a session spin, which takes the cores from the session whose turn it is: a forward and a
backward session in turn then take 1.7 times as long as one graph. One pool for the whole process avoids that, too, but
ONNX Runtime then refuses every session that the host process makes for itself (docs/decisions/0009-threads.md).
"""

from __future__ import annotations

import os
from enum import Enum

import onnxruntime as ort

from inspector.errors import InvalidInputError
from inspector.runtime.environment import asked_for


class Spinning(Enum):
    """When threads that wait may spin."""

    RUNNING = ("session.force_spinning_stop", "1")
    """While their session runs: the fastest on cores of its own, where a run takes milliseconds or more."""
    NEVER = ("session.intra_op.allow_spinning", "0")
    """The best on busy cores, and for runs so short that waking up is a large part of them."""


AUTO = "auto"
MOST_THREADS = 1024


def set_threads(options: ort.SessionOptions, *, spinning: Spinning, count: int | None = None) -> int:
    """Give a session its threads, and return how many: `count`, or else `threads()`.

    INSPECTOR_SPINNING is "running" or "never", which overrule `spinning`, or "auto" (the default).
    """
    count = count or threads()
    options.intra_op_num_threads = count
    options.inter_op_num_threads = 1
    options.add_session_config_entry(*_chosen(spinning).value)
    return count


def require_threads() -> None:
    """Raise InvalidInputError where INSPECTOR_THREADS or INSPECTOR_SPINNING is none that sessions can have."""
    threads()
    _chosen(Spinning.RUNNING)


def threads() -> int:
    """Return how many threads a session has: INSPECTOR_THREADS, by default as many as this process has cores.

    InvalidInputError where INSPECTOR_THREADS is no such number.
    """
    text = os.environ.get("INSPECTOR_THREADS", "0")
    if not (text.isascii() and text.isdecimal() and int(text) <= MOST_THREADS):
        raise InvalidInputError(
            f"INSPECTOR_THREADS is {text!r}; it must be a whole number up to {MOST_THREADS}; 0 is one per core.",
            field="INSPECTOR_THREADS",
        )
    return int(text) or len(os.sched_getaffinity(0))


def _chosen(spinning: Spinning) -> Spinning:
    allowed = {AUTO: spinning} | {choice.name.lower(): choice for choice in Spinning}
    return allowed[asked_for("INSPECTOR_SPINNING", allowed, default=AUTO)]
