"""What all calls of a server share: their places, the bytes of their requests, and those of their answers."""

from __future__ import annotations

from inspector.service.answers import Answers
from inspector.service.arrivals import Arrivals
from inspector.service.budget import ByteBudget
from inspector.service.settings import Settings
from inspector.service.slots import Slots


class Traffic:
    """The calls that are under way, counted; made once per server, for its event loop."""

    def __init__(self, settings: Settings) -> None:
        self.calls = Slots("calls and open streams", most=settings.max_concurrent_rpcs)
        self.health = Slots("health probes", most=settings.max_health_rpcs)
        self.arrivals = Arrivals(
            most=settings.max_arriving,
            per_connection=settings.arriving_per_connection,
            seconds=settings.request_seconds,
        )
        self.requests = ByteBudget("requests that wait or run", limit=settings.waiting_bytes)
        self.answers = Answers(
            max_bytes=settings.unread_bytes,
            seconds=settings.unread_seconds,
            bytes_per_second=settings.least_bytes_per_second,
        )
