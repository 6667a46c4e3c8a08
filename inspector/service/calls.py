"""One call on one model: looked up, let in, run in a thread, stopped when its caller leaves."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from inspector.errors import LimitExceededError
from inspector.face.model import Model
from inspector.service.executor import Executor, Put
from inspector.service.gate import Gate
from inspector.service.hosting import Models
from inspector.service.names import MODELS, id_of
from inspector.types.control import Cancellation, Deadline

T = TypeVar("T")


class Calls:
    """Runs work on the models of this server."""

    def __init__(self, models: Models, executor: Executor, *, max_seconds: float) -> None:
        self._models = models
        self._executor = executor
        self._max_seconds = max_seconds

    def deadline(self, context: Any) -> Deadline:
        """Return when a call must be done, by its own deadline or the server's limit; made once, as it begins."""
        left = context.time_remaining()
        return Deadline(self._max_seconds if left is None else min(left, self._max_seconds))

    async def on_model(
        self, name: str, deadline: Deadline, work: Callable[[Model, Cancellation], T], *, runs: bool = True
    ) -> T:
        """Return what `work` makes of the model with that resource name; what `runs` not, waits for no run."""
        model, gate = self._models.ready(id_of(MODELS, name, field="model"))
        return await self._executor.run(
            gate if runs else None, lambda token: work(model, token), deadline=deadline, quick=not runs
        )

    def stream_on_model(
        self,
        name: str,
        deadline: Deadline,
        work: Callable[[Model, Cancellation, Put[T]], None],
        *,
        runs: bool = True,
    ) -> AsyncGenerator[T, None]:
        """Yield what `work` puts; see Executor.stream."""
        model, gate = self._models.ready(id_of(MODELS, name, field="model"))
        return self._executor.stream(
            gate if runs else None,
            lambda token, put: work(model, token, put),
            deadline=deadline,
            quick=not runs,
        )

    async def behind(
        self, gate: Gate, deadline: Deadline, work: Callable[[Cancellation], T], *, quick: bool = False
    ) -> T:
        """Return what `work` makes without a model."""
        return await self._executor.run(gate, work, deadline=deadline, quick=quick)


def require_few(count: int, *, most: int, field: str) -> None:
    """Raise LimitExceededError where a request has more entries in a field than one may have."""
    if count > most:
        raise LimitExceededError(
            f"{field} has {count} entries; one request takes at most {most}. Send several requests.",
            field=field,
        )
