"""One call on one model: looked up, let in, run by a worker, stopped when its caller leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import nullcontext
from typing import Any

from inspector.service.hosting import Models
from inspector.service.latest import Latest
from inspector.service.names import MODELS, id_of
from inspector.service.record import note_model, note_ran, phase
from inspector.service.security.caller import acting_as, current_caller
from inspector.service.tenancy import Place
from inspector.service.threads import settled
from inspector.service.workers.worker import Answer, Put
from inspector.types.control import Deadline


class Calls:
    """Runs operations on the models of this server."""

    def __init__(self, models: Models, *, max_seconds: float) -> None:
        self._models = models
        self._max_seconds = max_seconds

    def deadline(self, context: Any) -> Deadline:
        """Return when a call must be done, by its own deadline or the server's limit; made once, as it begins."""
        left = context.time_remaining()
        return Deadline(self._max_seconds if left is None else min(left, self._max_seconds))

    async def on_model(
        self,
        name: str,
        operation: str,
        about: Mapping[str, Any],
        body: bytes,
        *,
        deadline: Deadline,
        quick: bool = False,
        put: Put | None = None,
    ) -> Answer:
        """Return the answer of the worker of the model with that resource name; what is `quick` waits for no run.

        DeadlineExceededError when the time is over, waiting included. The gate is left only once the worker is done,
        so that what runs never exceeds what is counted.
        """
        identifier = id_of(MODELS, name, field="model")
        place, gate = self._models.ready(identifier)
        note_model(name)
        told = {**about, "model": identifier, "quick": quick}
        async with nullcontext() if quick else gate.passed(deadline, phase="queue"):
            return await self._asked(place, operation, told, body, deadline, put)

    async def stream_on_model(
        self,
        name: str,
        operation: str,
        about: Mapping[str, Any],
        body: bytes,
        *,
        deadline: Deadline,
        quick: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """Yield what the worker tells, the answer last; a slow reader misses what comes between, and holds no gate."""
        latest = Latest[bytes]()

        async def run() -> None:
            answer = await self.on_model(
                name, operation, about, body, deadline=deadline, quick=quick, put=latest.put
            )
            latest.put(answer.body)

        running = asyncio.create_task(run())
        running.add_done_callback(lambda _: latest.close())
        try:
            while (item := await latest.get()) is not None:
                yield item
            await running
        finally:
            running.cancel()
            await settled(running)
            if not running.cancelled():
                running.exception()  # of which who left is not told

    async def _asked(
        self,
        place: Place,
        operation: str,
        about: Mapping[str, Any],
        body: bytes,
        deadline: Deadline,
        put: Put | None,
    ) -> Answer:
        caller = current_caller()

        async def beside(model: str) -> Mapping[str, Any]:
            """Tell the worker, which asks on its own time, where another model lies that the request names."""
            with acting_as(caller):
                return await self._models.where(model)

        with phase("worker"):
            answer = await place.ask(operation, about, body, deadline=deadline, put=put, beside=beside)
        note_ran(answer.about)
        return answer
