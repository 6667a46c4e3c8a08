"""Who calls, and whether they may: asked before a request is read, since who may not is to cost nothing."""

from __future__ import annotations

from typing import Any

from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.record import note_caller
from inspector.service.security.authenticator import Authenticator
from inspector.service.security.caller import set_caller
from inspector.service.security.roles import require_role


class AuthInterceptor(Interceptor):
    """Lets calls pass whose caller is known and has the role that the method asks for, and says who it is.

    Stands outside of what reads requests.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    async def around(self, call: Call) -> Any:
        """Serve for a caller that may."""
        context = call.context
        caller = self._authenticator.caller(
            call.method, call.metadata, connection=context.auth_context(), peer=context.peer()
        )
        set_caller(caller)
        note_caller(caller.name)
        require_role(caller, call.method)
        return await call.proceed()
