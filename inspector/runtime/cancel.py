"""Cancellation: a token that stops the running session at its next node."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import onnxruntime as ort

from inspector.errors import CancelledError


class Cancellation:
    """A thread-safe token: `cancel()` ends the runs that carry it, now and later.

    ONNX Runtime looks at `RunOptions.terminate` between two nodes. A RunOptions that was terminated once fails
    for ever, so each run gets its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._running: set[ort.RunOptions] = set()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._reason is not None

    def cancel(self, reason: str = "cancelled by the caller") -> None:
        """Stop what runs under this token; the first reason stays."""
        with self._lock:
            self._reason = self._reason or reason
            for options in self._running:
                options.terminate = True

    def raise_if_cancelled(self) -> None:
        """Raise CancelledError if the token was cancelled."""
        if self._reason is not None:
            raise CancelledError(f"The run was stopped: {self._reason}.")

    @contextmanager
    def run(self) -> Iterator[ort.RunOptions]:
        """Give the options of one run, which `cancel` terminates while the block lasts."""
        options = ort.RunOptions()
        with self._lock:
            self.raise_if_cancelled()
            self._running.add(options)
        try:
            yield options
        finally:
            with self._lock:
                self._running.discard(options)
