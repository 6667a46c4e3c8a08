"""What stands around every call, in order: the one list of interceptors."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from inspector.service.interceptors.access_log import AccessLogInterceptor
from inspector.service.interceptors.answering import AnsweringInterceptor
from inspector.service.interceptors.auth import AuthInterceptor
from inspector.service.interceptors.chain import Chain
from inspector.service.interceptors.errors import ErrorInterceptor
from inspector.service.interceptors.limits import LimitInterceptor
from inspector.service.interceptors.quota import ByteQuotaInterceptor, CallQuotaInterceptor
from inspector.service.interceptors.receiving import ReceivingInterceptor
from inspector.service.interceptors.recording import Observer, RecordingInterceptor
from inspector.service.interceptors.slots import SlotsInterceptor
from inspector.service.security.authenticator import Authenticator
from inspector.service.security.quotas import Quotas
from inspector.service.settings import Settings
from inspector.service.traffic import Traffic


def ring(
    settings: Settings,
    *inner: grpc.aio.ServerInterceptor,
    traffic: Traffic | None = None,
    observers: Sequence[Observer] = (),
) -> tuple[grpc.aio.ServerInterceptor, ...]:
    """Return the interceptors for a server: one that holds all of ours, outermost first, and the `inner` ones.

    The record of the call stands outermost, and `observers` are told of it when all is over. Errors come next: what any
    other raises becomes a status. Then the log, so that it tells of what the others refuse. Then it is asked who calls:
    nothing further in is reached by one who may not. Then what knows a call by its headers alone; at last what reads
    its request, and what counts its bytes.
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
    traffic = traffic or Traffic(settings)
    chain = Chain(
        RecordingInterceptor(*observers),
        ErrorInterceptor(),
        AccessLogInterceptor(),
        AuthInterceptor(authenticator),
        CallQuotaInterceptor(quotas),
        SlotsInterceptor(traffic),
        AnsweringInterceptor(traffic.answers),
        LimitInterceptor(max_response_bytes=settings.max_message_bytes),
        ReceivingInterceptor(traffic),
        ByteQuotaInterceptor(quotas),
    )
    return chain, *inner
