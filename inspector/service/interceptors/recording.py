"""A record of each call, and who reads it when the call has ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import grpc

from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.record import REQUEST_ID, CallRecord, begin, request_id

log = logging.getLogger(__name__)

Observer = Callable[[CallRecord], None]
"""Is told of each call that has ended, quickly."""


class RecordingInterceptor(Interceptor):
    """Begins the call's record, sees that its id goes back, and tells the observers how it ended. Outermost."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    async def around(self, call: Call) -> Any:
        """Serve, and tell."""
        context = call.context
        record = CallRecord(id=request_id(call.metadata), method=call.method, peer=context.peer())
        begin(record)
        _return_id(context, record.id)
        try:
            response = await call.proceed()
            _return_id(context, record.id)
        except asyncio.CancelledError:
            record.code = record.code or grpc.StatusCode.CANCELLED.name
            raise
        finally:
            record.code = record.code or code_set(context)
            for observe in self._observers:
                _told(observe, record)
        return response


def _told(observe: Observer, record: CallRecord) -> None:
    try:
        observe(record)
    except Exception:  # the caller's answer is not lost over it
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
