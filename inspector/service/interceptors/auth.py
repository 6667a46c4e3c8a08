"""Who calls, and whether they may: asked before a request is read as far as it can be, and before it is served."""

from __future__ import annotations

from typing import Any

from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.security.authenticator import Authenticator
from inspector.service.security.caller import set_caller
from inspector.service.security.roles import require_role


class AuthInterceptor(Interceptor):
    """Lets calls pass whose caller is known and has the role that the method asks for, and says who it is."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Refuse by the metadata alone where that can be told: what is raised here needs no request."""
        self._authenticator.look(handler_call_details.method, handler_call_details.invocation_metadata or ())
        return await super().intercept_service(continuation, handler_call_details)

    async def around(self, call: Call) -> Any:
        """Serve for a caller that may."""
        context = call.context
        caller = self._authenticator.caller(
            call.method, call.metadata, connection=context.auth_context(), peer=context.peer()
        )
        set_caller(caller)
        require_role(caller, call.method)
        return await call.proceed()
