"""A time limit in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from inspector.errors import DeadlineExceededError
from inspector.types.control import Control


@contextmanager
def in_time(control: Control) -> Iterator[Control]:
    """Give a control under which what runs ends once its time is over; the caller's own token stays as it is."""
    if control.timeout is None:
        yield control
        return
    error = DeadlineExceededError(
        f"The run was stopped: it took longer than the {control.timeout:.3g} s that it was given. Give it more time, "
        "or ask for less."
    )
    if control.timeout <= 0:
        raise error
    with control.cancellation.branch() as token:
        timer = threading.Timer(min(control.timeout, threading.TIMEOUT_MAX), token.cancel, [error])
        timer.daemon = True
        timer.start()
        try:
            yield replace(control, cancellation=token)
        finally:
            timer.cancel()
