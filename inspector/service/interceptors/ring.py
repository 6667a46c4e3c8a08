"""What stands around every call, in order: the one list of interceptors."""

from __future__ import annotations

import grpc

from inspector.service.interceptors.access_log import AccessLogInterceptor
from inspector.service.interceptors.auth import AuthInterceptor
from inspector.service.interceptors.errors import ErrorInterceptor
from inspector.service.interceptors.limits import LimitInterceptor
from inspector.service.interceptors.quota import QuotaInterceptor
from inspector.service.security.authenticator import Authenticator
from inspector.service.security.quotas import Quotas
from inspector.service.settings import Settings


def ring(settings: Settings, *inner: grpc.aio.ServerInterceptor) -> tuple[grpc.aio.ServerInterceptor, ...]:
    """Return the interceptors, outermost first; `inner` ones stand closest to the handlers.

    Errors stand outermost: what any other raises becomes a status. The log comes next, so that it tells of what the
    others refuse. Then it is asked who calls: nothing further in is reached by one who may not.
    """
    authenticator = Authenticator(
        tokens_file=settings.tokens_file, takes_certificates=settings.tls_client_ca is not None
    )
    quotas = Quotas(
        calls=settings.caller_calls,
        size=settings.caller_bytes,
        per_second=settings.caller_calls_per_second,
        burst=settings.caller_burst,
    )
    return (
        ErrorInterceptor(),
        AccessLogInterceptor(),
        AuthInterceptor(authenticator),
        QuotaInterceptor(quotas),
        LimitInterceptor(max_response_bytes=settings.max_message_bytes),
        *inner,
    )
