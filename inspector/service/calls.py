"""One call on one model: looked up, let in, run in a thread, stopped when its caller leaves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from inspector.face.model import Model
from inspector.service.executor import Executor, Put
from inspector.service.gate import Gate
from inspector.service.hosting import Models
from inspector.service.names import MODELS, id_of
from inspector.types.control import Cancellation

T = TypeVar("T")


class Calls:
    """Runs work on the models of this server."""

    def __init__(self, models: Models, executor: Executor, *, max_seconds: float) -> None:
        self._models = models
        self._executor = executor
        self._max_seconds = max_seconds

    async def on_model(self, name: str, context: Any, work: Callable[[Model, Cancellation], T]) -> T:
        """Return what `work` makes of the model with that resource name."""
        model, gate = self._models.ready(id_of(MODELS, name, field="model"))
        return await self._executor.run(
            gate, lambda token: work(model, token), seconds=self._seconds(context)
        )

    def stream_on_model(
        self, name: str, context: Any, work: Callable[[Model, Cancellation, Put[T]], None]
    ) -> AsyncGenerator[T, None]:
        """Yield what `work` puts; see Executor.stream."""
        model, gate = self._models.ready(id_of(MODELS, name, field="model"))
        return self._executor.stream(
            gate, lambda token, put: work(model, token, put), seconds=self._seconds(context)
        )

    async def behind(self, gate: Gate, context: Any, work: Callable[[], T]) -> T:
        """Return what `work` makes without a model."""
        return await self._executor.run(gate, lambda _: work(), seconds=self._seconds(context))

    def _seconds(self, context: Any) -> float:
        """Return how long the call may take: by its deadline, or as long as the server allows."""
        left = context.time_remaining()
        return self._max_seconds if left is None else min(left, self._max_seconds)
