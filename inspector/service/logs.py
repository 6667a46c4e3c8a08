"""The server's log: lines for people or JSON objects, each with the id of the call it belongs to.

Lines are made where they are told, and written by a thread of their own: whoever reads the log slowly, or not at all,
does not stop the server.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from inspector.service.record import CallRecord, current_call
from inspector.types.visible import visible

LogFormat = Literal["text", "json"]

MOST_LINES = 10_000
"""That wait to be written; what comes then is dropped, and counted."""
CLOSING_SECONDS = 2.0
LOOKING_SECONDS = 0.02
"""How long the thread that writes waits for more before it looks again."""


def start_log(level: str, log_format: LogFormat) -> None:
    """Send what is logged from now on to stderr, but where a log goes elsewhere already."""
    if not logging.root.handlers:
        formatter = TextFormatter() if log_format == "text" else JsonFormatter()
        # Python closes it when the process ends, by which what waits is written.
        logging.basicConfig(level=level.upper(), handlers=[LogWriter(formatter, sys.stderr)])


class LogWriter(logging.Handler):
    """Formats a line at once, and has it written.

    The thread that writes is woken for the first line only, and then looks by itself for a while: to wake it costs
    what calls, which make most of the lines, would have to wait for.
    """

    def __init__(self, formatter: logging.Formatter, stream: TextIO) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.dropped = 0
        """How many lines were, because nobody read those before them."""
        self._stream = stream
        self._lines: deque[str] = deque()
        self._come = threading.Event()
        self._sleeps = False
        self._closing = threading.Event()
        self._writing = threading.Thread(target=self._write, name="log", daemon=True)
        self._writing.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line to the thread that writes."""
        if len(self._lines) >= MOST_LINES:
            self.dropped += 1
            return
        try:
            self._lines.append(self.format(record))
        except Exception:  # noqa: BLE001 — as all handlers of logging do
            self.handleError(record)
        if self._sleeps:
            self._come.set()

    def close(self) -> None:
        """Write what waits, as far as it is read, and end the thread."""
        self._closing.set()
        self._come.set()
        self._writing.join(CLOSING_SECONDS)
        super().close()

    def _write(self) -> None:
        while True:
            ends = self._closing.is_set()
            if not self._lines and not ends:
                self._sleeps = True
                if not self._lines:  # none came meanwhile, by one who saw nobody sleep
                    self._come.wait()
                self._sleeps = False
                self._come.clear()
            self._write_all()
            if ends and not self._lines:
                return
            self._closing.wait(LOOKING_SECONDS)

    def _write_all(self) -> None:
        while self._lines:
            line = self._lines.popleft()
            try:
                self._stream.write(f"{line}\n")
            except (OSError, ValueError):  # closed: nobody will read it
                self.dropped += 1
        with suppress(OSError, ValueError):
            self._stream.flush()


class TextFormatter(logging.Formatter):
    """`time LEVEL logger: message [id]`, and below it where an error came from, each line set in."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines: whatever stands in them, none looks like another one's beginning."""
        said = visible(record.getMessage())
        call = current_call()
        mark = f" [{call.id}]" if call is not None and not hasattr(record, "call") else ""
        head = f"{self.formatTime(record)} {record.levelname} {record.name}: {said}{mark}"
        return "\n".join([head, *(f"  | {visible(line)}" for line in _origin(record).splitlines())])


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, message, request_id; of a call that has ended, all about it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        call = getattr(record, "call", None)
        known = call if isinstance(call, CallRecord) else current_call()
        found: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if known is not None:
            found |= {"request_id": known.id, "peer": known.peer}
            found |= {"caller": known.caller} if known.caller else {}
            found |= {"traceparent": known.traceparent} if known.traceparent else {}
        if isinstance(call, CallRecord):
            found |= {
                "method": call.method,
                "code": call.code,
                "duration_ms": getattr(record, "milliseconds", None),
                "request_bytes": call.request_bytes,
                "response_bytes": call.response_bytes,
            }
            found |= {"model": call.model} if call.model else {}
            found |= {"detail": call.told} if call.told else {}
        if origin := _origin(record):
            found["exception"] = origin
        # JSON writes out controls by itself; what acts beyond them (the direction of writing) stands as \u too.
        return json.dumps(found, ensure_ascii=True)


def _origin(record: logging.LogRecord) -> str:
    """Return where the error of a record came from, as Python writes it."""
    parts = []
    if record.exc_info:
        parts.append(logging.Formatter().formatException(record.exc_info))
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(parts)


def lines_dropped() -> int:
    """Return how many lines of the log nobody read in time."""
    return sum(handler.dropped for handler in logging.root.handlers if isinstance(handler, LogWriter))
