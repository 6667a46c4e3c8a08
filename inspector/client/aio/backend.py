"""How an event loop asks a model on a server."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeVar

from inspector.client.aio.connection import AsyncConnection
from inspector.client.asking import Asking, Question, asking
from inspector.errors import InspectorError
from inspector.types.control import Control, Progress
from inspector.types.requests.base import Request
from inspector.types.results.base import Result
from inspector.wire.models import resource_name

R = TypeVar("R", bound=Result)


class AsyncBackend:
    """Answers requests with a model on a server."""

    def __init__(self, connection: AsyncConnection, model: str) -> None:
        """Speak about the model with that id."""
        self._connection = connection
        self._model = resource_name(model)

    def __repr__(self) -> str:
        return f"{self._model} at {self._connection.address}"

    async def ask(self, request: Request[R], control: Control) -> R:
        """Return what the server answers; about more images than it takes at once, part by part.

        Images are read, and answers are joined, in threads: the loop goes on meanwhile.
        """
        told = _Told(control)
        steps = asking(request, told.control, model=self._model, limits=self._connection.limits)
        question, found = await asyncio.to_thread(_next, steps, None)
        while question is not None:
            outcome: Any
            try:
                outcome = await self._answer(question, told)
            except InspectorError as error:
                outcome = error
            question, found = await asyncio.to_thread(_next, steps, outcome)
            told.deliver()
        answer: R = found
        return answer

    async def steps(self, request: Request[R], control: Control) -> AsyncGenerator[Progress | R, None]:
        """Yield what the server tells of a request, and the result last; to leave them ends the call."""
        told: asyncio.Queue[Progress | None] = asyncio.Queue()
        asked = asyncio.create_task(self.ask(request, replace(control, progress=told.put_nowait)))
        asked.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (step := await told.get()) is not None:
                yield step
            yield await asked
        finally:
            asked.cancel()
            await asyncio.wait({asked})

    async def _answer(self, question: Question[Any], told: _Told) -> Any:
        rpc, message, control = question.rpc, question.message, question.control
        if not rpc.is_stream:
            response = await self._connection.ask(rpc, message, control)
            await asyncio.to_thread(question.take, response)
            return question.answer()
        async with aclosing(self._connection.follow(rpc, message, control)) as responses:
            async for response in responses:
                question.take(response)
                told.deliver()
        return question.answer()


class _Told:
    """Progress that is told from threads, and delivered on the loop."""

    def __init__(self, control: Control) -> None:
        self._listener = control.progress
        self._told: deque[Progress] = deque()
        self.control = control if self._listener is None else replace(control, progress=self._told.append)

    def deliver(self) -> None:
        """Tell the listener what has come; what it raises ends the call."""
        while self._told and self._listener is not None:
            self._listener(self._told.popleft())


def _next(steps: Asking[Any], outcome: Any) -> tuple[Question[Any] | None, Any]:
    """Return what is asked next, after the answer or the error of what was asked; or none, and the whole answer."""
    try:
        if isinstance(outcome, InspectorError):
            return steps.throw(outcome), None
        return steps.send(outcome), None
    except StopIteration as end:
        return None, end.value
