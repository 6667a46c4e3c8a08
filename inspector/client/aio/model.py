"""A model on a server, for event loops."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TypeVar

from inspector.client.aio.backend import AsyncBackend
from inspector.client.aio.verbs import AsyncVerbs
from inspector.face.model import Told, as_request, telling
from inspector.types.control import Control, Progress
from inspector.types.layers import FoundRectifier, Layer
from inspector.types.requests.base import Request
from inspector.types.requests.describe import DescribeRequest, LayersRequest, RectifiersRequest
from inspector.types.results.base import Result
from inspector.types.results.model_info import ModelInfo, find_layer

R = TypeVar("R", bound=Result)


class AsyncModel(AsyncVerbs):
    """A model that answers: the verbs of `inspector.client.Model` as coroutines, with the same parameters and results.

    Every verb takes `progress` (called on the loop with steps done and steps in all) and `timeout` (seconds) beside its
    options; to cancel the task that waits for it ends it, on the server too.
    """

    def __init__(self, backend: AsyncBackend, *, name: str) -> None:
        """Speak through `backend`."""
        self.backend = backend
        self.name = name

    def __repr__(self) -> str:
        return f"<AsyncModel {self.name!r} by {self.backend!r}>"

    async def info(self) -> ModelInfo:
        """Return what is known of the model: input, outputs, preprocessing, labels, device."""
        return await self.ask(DescribeRequest())

    async def layers(
        self, *, progress: Told | None = None, timeout: float | None = None
    ) -> tuple[Layer, ...]:
        """Return the layers that can be looked at, in graph order."""
        return (await self.ask(LayersRequest(), progress=progress, timeout=timeout)).layers

    async def layer(self, name: str) -> Layer:
        """Return the layer of that name (or whose output has it); NotFoundError names the nearest ones."""
        return find_layer(await self.layers(), name)

    async def rectifiers(
        self, *, progress: Told | None = None, timeout: float | None = None
    ) -> tuple[FoundRectifier, ...]:
        """Return what the methods "deconvnet" and "guided" take for rectifiers, in graph order."""
        return (await self.ask(RectifiersRequest(), progress=progress, timeout=timeout)).rectifiers

    async def ask(
        self, request: Request[R], *, progress: Told | None = None, timeout: float | None = None
    ) -> R:
        """Return what answers a request."""
        control = Control(progress=telling(progress), timeout=timeout)
        return await self.backend.ask(as_request(request), control)

    def steps(
        self, request: Request[R], *, timeout: float | None = None, partial: bool = True
    ) -> AsyncGenerator[Progress | R, None]:
        """Yield the progress of a request, with the result as far as it is known, and at last the result.

        Who leaves before the end closes what is left (`contextlib.aclosing`), which stops the run.
        """
        control = Control(wants_partial=partial, timeout=timeout)
        return self.backend.steps(as_request(request), control)
