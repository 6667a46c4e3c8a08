"""One line per call: method, duration, outcome, request id, peer."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import grpc

from inspector.errors import InspectorError
from inspector.service.interceptors.recording import code_set
from inspector.service.interceptors.slots import HEALTH
from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.record import CallRecord, current_call
from inspector.service.status import code_of
from inspector.types.visible import visible

_MAX_OUTCOME = 1000

log = logging.getLogger(__name__)


class AccessLogInterceptor(Interceptor):
    """Logs how each call ended, at INFO; probes of health, which come every few seconds, at DEBUG.

    It stands where errors are still what was raised, within those that make statuses of them.
    """

    async def around(self, call: Call) -> Any:
        """Serve, and tell."""
        code, told = grpc.StatusCode.OK.name, ""
        try:
            response = await call.proceed()
            code = code_set(call.context)
        except asyncio.CancelledError:
            code = grpc.StatusCode.CANCELLED.name
            raise
        except Exception as error:
            code, told = _outcome(error, call.context)
            raise
        finally:
            if (record := current_call()) is not None:
                record.code, record.told = code, told
                _tell(record)
        return response


def _tell(record: CallRecord) -> None:
    milliseconds = (time.time_ns() - record.began) / 1e6
    log.log(
        logging.DEBUG if record.method.startswith(HEALTH) else logging.INFO,
        "%s %.1f ms %s id=%s peer=%s%s%s",
        visible(record.method),
        milliseconds,
        f"{record.code} {record.told}".rstrip(),
        record.id,
        record.peer,
        f" caller={visible(record.caller)}" if record.caller else "",
        f" model={visible(record.model)}" if record.model else "",
        extra={"call": record, "milliseconds": round(milliseconds, 3)},
    )


def _outcome(error: Exception, context: Any) -> tuple[str, str]:
    """Return the code's name, and what is told beside it in one line."""
    if isinstance(error, grpc.aio.AbortError):
        return code_set(context), _line(context.details())
    if isinstance(error, InspectorError):
        return code_of(error).name, _line(error.message)
    if isinstance(error, grpc.aio.BaseError):
        return grpc.StatusCode.CANCELLED.name, _line(error)
    return grpc.StatusCode.INTERNAL.name, _line(f"{type(error).__name__}: {error}")


def _line(told: object) -> str:
    return visible(" ".join(str(told).split()))[:_MAX_OUTCOME]
