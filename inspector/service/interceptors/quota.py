"""No caller takes so much of a server that little is left for others."""

from __future__ import annotations

from typing import Any

from inspector.service.interceptors.limits import size_of
from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.security.caller import current_caller
from inspector.service.security.quotas import Quotas

CHECK = "/grpc.health.v1.Health/Check"
"""Counted for nobody: it costs nothing, and whoever watches over a server must always be answered."""


class CallQuotaInterceptor(Interceptor):
    """Counts calls for those who make them; stands within what tells who that is, outside of what reads requests."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas

    async def around(self, call: Call) -> Any:
        """Serve where the caller has not as many calls as it may."""
        if call.method == CHECK:
            return await call.proceed()
        with self._quotas.calling(current_caller()):
            return await call.proceed()


class ByteQuotaInterceptor(Interceptor):
    """Counts the bytes of requests for those who send them; stands within what reads requests."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas

    async def around(self, call: Call) -> Any:
        """Serve where the caller's calls do not hold as many bytes as they may."""
        with self._quotas.holding(current_caller(), size_of(call.request)):
            return await call.proceed()
