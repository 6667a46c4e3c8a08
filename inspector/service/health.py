"""grpc.health.v1: how the server, each of its services and each of its models is.

The library's own asyncio servicer forgets all but one of several watchers of a name when one of them leaves, and
lets a watcher that does not read block every change of state; so this is ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from grpc_health.v1 import health_pb2, health_pb2_grpc

from inspector.errors import unknown_name
from inspector.service.gate import Gate

Response = health_pb2.HealthCheckResponse
SERVING = Response.SERVING
NOT_SERVING = Response.NOT_SERVING
SERVER = ""
READY = "readiness"
"""Whether calls should come: the same as the server's own state."""
LIVE = "liveness"
"""Whether the process answers at all, also while it loads or drains: restart it only where this fails."""


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # untyped
    """States under names: "" and READY for the server, LIVE, a service's full name, or "models/{id}"."""

    def __init__(self, services: Iterable[str], *, watchers: Gate) -> None:
        """Begin with all services serving; `watchers` bounds how many streams may be open."""
        self._watchers = watchers
        self._states: dict[str, int] = dict.fromkeys([SERVER, READY, LIVE, *services], SERVING)
        self._changed = asyncio.Event()
        self._draining = False
        self._is_seen: Callable[[str], bool] = lambda _name: True

    def restrict(self, is_seen: Callable[[str], bool]) -> None:
        """Tell of a name only where `is_seen` says that who calls may know of it."""
        self._is_seen = is_seen

    def set(self, name: str, state: int) -> None:
        """Set a state and tell those who watch it."""
        self._states[name] = NOT_SERVING if self._draining else state
        self._states[READY] = self._states[SERVER]
        self._tell()

    def is_serving(self, name: str = SERVER) -> bool:
        """Return whether a name's state is SERVING; from any thread."""
        return bool(self._states.get(name) == SERVING)

    def forget(self, name: str) -> None:
        """Remove a name; those who watch it are told SERVICE_UNKNOWN."""
        self._states.pop(name, None)
        self._tell()

    def drain(self) -> None:
        """Set all states to NOT_SERVING for ever, but that the server lives."""
        self._draining = True
        self._states = dict.fromkeys(self._states, NOT_SERVING) | {LIVE: SERVING}
        self._tell()

    async def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802 — the protocol's name
        """Answer with the state of a name, or NOT_FOUND."""
        state = self._state(request.service)
        if state is None:
            raise unknown_name("service", request.service[:80], filter(self._is_seen, self._states))
        return Response(status=state)

    async def Watch(self, request: Any, context: Any) -> None:  # noqa: N802 — the protocol's name
        """Send the state of a name now and whenever it changes, until the caller leaves or the server ends."""
        async with self._watchers.passed():
            sent = None
            while True:
                changed = self._changed
                known = self._state(request.service)
                state = Response.SERVICE_UNKNOWN if known is None else known
                if state != sent:
                    await context.write(Response(status=state))
                    sent = state
                    continue  # it may have changed while it was written
                if self._draining:
                    return
                await changed.wait()

    def _state(self, name: str) -> int | None:
        """Return a state; None where there is nothing of that name for who calls."""
        return self._states.get(name) if self._is_seen(name) else None

    def _tell(self) -> None:
        # A new event per change: no watcher can miss one between looking and waiting.
        self._changed.set()
        self._changed = asyncio.Event()
