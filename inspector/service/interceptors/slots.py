"""How many calls there may be at once: health has room of its own."""

from __future__ import annotations

from typing import Any

from inspector.errors import BusyError
from inspector.service.interceptors.wrapping import Call, Interceptor
from inspector.service.traffic import Traffic

HEALTH = "/grpc.health."


class SlotsInterceptor(Interceptor):
    """Refuses calls beyond what there may be at once, of each kind by itself.

    A call counts from its headers on, before its request has come, until its answer is out.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    async def around(self, call: Call) -> Any:
        """Serve, or refuse."""
        slots = self._traffic.health if call.method.startswith(HEALTH) else self._traffic.calls
        try:
            slots.take()
        except BusyError:
            self._traffic.answers.make_room()  # of those who do not take theirs
            raise
        # Told when the answer is out, which is after the handler has returned.
        call.context.add_done_callback(lambda _context: slots.leave())
        return await call.proceed()
