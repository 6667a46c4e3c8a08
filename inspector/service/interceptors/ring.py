"""What stands around every call, in order: the one list of interceptors."""

from __future__ import annotations

import grpc

from inspector.service.interceptors.access_log import AccessLogInterceptor
from inspector.service.interceptors.errors import ErrorInterceptor
from inspector.service.interceptors.limits import LimitInterceptor
from inspector.service.settings import Settings


def ring(settings: Settings, *inner: grpc.aio.ServerInterceptor) -> tuple[grpc.aio.ServerInterceptor, ...]:
    """Return the interceptors, outermost first; `inner` ones stand closest to the handlers.

    Errors stand outermost: what any other raises becomes a status. The log comes next, so that it tells of what the
    others refuse.
    """
    return (
        ErrorInterceptor(),
        AccessLogInterceptor(),
        LimitInterceptor(max_response_bytes=settings.max_message_bytes),
        *inner,
    )
