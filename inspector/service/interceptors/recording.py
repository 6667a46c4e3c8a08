"""A record of each call, and who reads it when the call has ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import grpc

from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.record import REQUEST_ID, CallRecord, begin, request_id

log = logging.getLogger(__name__)

Metadata = Sequence[tuple[str, str | bytes]]


class Observer(Protocol):
    """Is told of each call, and is quick about it."""

    def begun(self, record: CallRecord, metadata: Metadata) -> None:
        """A call has begun; `metadata` is what its caller sent beside the request."""

    def ended(self, record: CallRecord) -> None:
        """It has ended: the record has all that became known."""


class RecordingInterceptor(Interceptor):
    """Begins the call's record, sees that its id goes back, and tells the observers how it ended. Outermost."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    async def around(self, call: Call) -> Any:
        """Serve, and tell."""
        context, metadata = call.context, call.metadata
        record = CallRecord(id=request_id(metadata), method=call.method, peer=context.peer())
        begin(record)
        _return_id(context, record.id)
        for observer in self._observers:
            with _apart(record):
                observer.begun(record, metadata)
        try:
            response = await call.proceed()
            _return_id(context, record.id)
        except asyncio.CancelledError:
            record.code = record.code or grpc.StatusCode.CANCELLED.name
            raise
        finally:
            # Timers that were cancelled keep the call's context, and with it the record, until their time would come;
            # who else holds the record, such as an error's traceback, would hold the request too.
            record.request = None
            record.code = record.code or code_set(context)
            for observer in self._observers:
                with _apart(record):
                    observer.ended(record)
        return response


@contextmanager
def _apart(record: CallRecord) -> Iterator[None]:
    """Around an observer: the caller's answer is not lost over what it cannot do."""
    try:
        yield
    except Exception:
        log.exception("An observer failed on call %s", record.id)


def code_set(context: Any) -> str:
    """Return the code that was set, by a handler or as the call was aborted, or OK."""
    code = context.code()
    if isinstance(code, grpc.StatusCode):
        return code.name
    return next((known.name for known in grpc.StatusCode if known.value[0] == code), grpc.StatusCode.OK.name)


def _return_id(context: Any, identifier: str) -> None:
    """Put the id into the trailing metadata, where a handler that has set its own has not kept it."""
    metadata = tuple(context.trailing_metadata())
    if not any(key == REQUEST_ID for key, _ in metadata):
        context.set_trailing_metadata((*metadata, (REQUEST_ID, identifier)))
