"""One line per call: method, duration, outcome, request id, peer."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from typing import Any

import grpc

from inspector.errors import InspectorError
from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.status import code_of
from inspector.types.visible import visible

REQUEST_ID = "x-request-id"
"""The metadata in which a caller gives its id of a call, and gets it, or one that was made, back (trailing)."""
HEALTH = "/grpc.health."
_MAX_ID = 128
_MAX_OUTCOME = 1000

log = logging.getLogger(__name__)


class AccessLogInterceptor(Interceptor):
    """Logs how each call ended, at INFO; probes of health, which come every few seconds, at DEBUG."""

    async def around(self, call: Call) -> Any:
        """Serve, and tell."""
        began = time.monotonic()
        identifier = _id_of(call)
        _return_id(call.context, identifier)
        outcome = "OK"
        try:
            response = await call.proceed()
            outcome = _code_set(call.context)
            _return_id(call.context, identifier)
        except asyncio.CancelledError:
            outcome = "CANCELLED"
            raise
        except Exception as error:
            outcome = _outcome(error, call.context)
            raise
        finally:
            level = logging.DEBUG if call.method.startswith(HEALTH) else logging.INFO
            milliseconds = (time.monotonic() - began) * 1000
            log.log(
                level,
                "%s %.1f ms %s id=%s peer=%s",
                visible(call.method),
                milliseconds,
                outcome,
                identifier,
                call.context.peer(),
            )
        return response


def _id_of(call: Call) -> str:
    """Return the id that the caller gave, or a new one where it gave none that is fit for a line of the log."""
    for key, value in call.metadata:
        if key == REQUEST_ID and isinstance(value, str) and re.fullmatch(r"[!-~]+", value):
            return value[:_MAX_ID]
    return secrets.token_hex(16)


def _return_id(context: Any, identifier: str) -> None:
    """Put the id into the trailing metadata, where a handler that has set its own has not kept it."""
    metadata = tuple(context.trailing_metadata())
    if not any(key == REQUEST_ID for key, _ in metadata):
        context.set_trailing_metadata((*metadata, (REQUEST_ID, identifier)))


def _code_set(context: Any) -> str:
    """Return the code that a handler has set without raising, or OK."""
    code = context.code()
    if isinstance(code, grpc.StatusCode):
        return code.name
    return next((known.name for known in grpc.StatusCode if known.value[0] == code), grpc.StatusCode.OK.name)


def _outcome(error: Exception, context: Any) -> str:
    if isinstance(error, grpc.aio.AbortError):
        return _line(_code_set(context), context.details())
    if isinstance(error, InspectorError):
        return _line(code_of(error).name, error.message)
    if isinstance(error, grpc.aio.BaseError):
        return _line(grpc.StatusCode.CANCELLED.name, error)
    return _line(grpc.StatusCode.INTERNAL.name, f"{type(error).__name__}: {error}")


def _line(code: str, told: object) -> str:
    return visible(" ".join(f"{code} {told}".split()))[:_MAX_OUTCOME]
