"""What is known of the call under way: one record per call, found from wherever the call is worked on.

Whoever learns something about a call (its model, its caller, how long it waited) notes it here; the log, the metrics
and the traces read it when the call has ended, and know nothing of each other.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from inspector.isolation.heads import RAN

REQUEST_ID = "x-request-id"
"""The metadata in which a caller gives its id of a call, and gets it, or one that was made, back (trailing)."""
MOST_PHASES = 100
_MAX_ID = 128


@dataclass(frozen=True)
class Phase:
    """A part of a call: its name, and when it began and ended (nanoseconds since the epoch)."""

    name: str
    began: int
    ended: int


@dataclass(kw_only=True, eq=False)
class CallRecord:
    """One call: what came, what became of it."""

    id: str
    """The request's id: the caller's, or one that was made."""
    method: str
    """"/package.Service/Method"."""
    peer: str = ""
    """Where it comes from, as gRPC writes it: "ipv4:127.0.0.1:40000"."""
    caller: str = ""
    """Who calls, where that is known."""
    model: str = ""
    """The resource name of the model that it asks, once known."""
    request: object = None
    """The request, a message or its bytes, once it has been read."""
    request_bytes: int = 0
    response_bytes: int = 0
    """Of all responses together."""
    code: str = ""
    """The name of the status code, once it has ended."""
    traceparent: str = ""
    """Where the call stands in a trace, as W3C writes it; empty where it is in none."""
    told: str = ""
    """The message beside the code, in one line."""
    began: int = field(default_factory=time.time_ns)
    phases: list[Phase] = field(default_factory=list)
    """What took how long, in the order in which it ended."""

    def phase(self, name: str, *, began: int, ended: int | None = None) -> None:
        """Note a part of the call that has ended, now or at the time given; of very many, the first."""
        if len(self.phases) < MOST_PHASES:
            self.phases.append(Phase(name, began, time.time_ns() if ended is None else ended))


_current: ContextVar[CallRecord | None] = ContextVar("inspector_call", default=None)


def begin(record: CallRecord) -> None:
    """Make a record that of the call under way, in this task and in what it starts."""
    _current.set(record)


def current_call() -> CallRecord | None:
    """Return the record of the call under way; None outside of calls."""
    return _current.get()


def note_caller(name: str) -> None:
    """Note who makes the call under way."""
    if (record := _current.get()) is not None:
        record.caller = name


def note_model(name: str) -> None:
    """Note which model the call under way asks, by its resource name."""
    if (record := _current.get()) is not None:
        record.model = name


def note_request(request: object, *, size: int) -> None:
    """Note the request of the call under way, and how many bytes it has."""
    if (record := _current.get()) is not None:
        record.request, record.request_bytes = request, size


def note_response(size: int) -> None:
    """Note that the call under way sends so many bytes more."""
    if (record := _current.get()) is not None:
        record.response_bytes += size


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Note what a block takes as a part of the call under way, however it ends."""
    began = time.time_ns()
    try:
        yield
    finally:
        if (record := _current.get()) is not None:
            record.phase(name, began=began)


def note_ran(about: Mapping[str, Any]) -> None:
    """Note what a worker says of when it ran; it is not believed more than can be."""
    record, ran = _current.get(), about.get(RAN)
    if record is None or not isinstance(ran, list) or not all(isinstance(time_, int) for time_ in ran):
        return
    if len(ran) == 2 and record.began <= ran[0] <= ran[1] <= time.time_ns():
        record.phase("run", began=ran[0], ended=ran[1])


def request_id(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Return the id that the caller gave, or a new one where it gave none that is fit for a line of the log."""
    for key, value in metadata:
        if key == REQUEST_ID and isinstance(value, str) and re.fullmatch(r"[!-~]+", value):
            return value[:_MAX_ID]
    return secrets.token_hex(16)
