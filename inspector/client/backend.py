"""The backend over the wire."""

from __future__ import annotations

from contextlib import closing
from typing import Any, TypeVar

from inspector.client.asking import Question, asking
from inspector.client.connection import Connection
from inspector.errors import InspectorError
from inspector.types.control import Control
from inspector.types.requests.base import Request
from inspector.types.results.base import Result
from inspector.wire.models import resource_name

R = TypeVar("R", bound=Result)


class WireBackend:
    """Answers requests with a model on a server."""

    def __init__(self, connection: Connection, model: str) -> None:
        """Speak about the model with that id."""
        self._connection = connection
        self._model = resource_name(model)

    def __repr__(self) -> str:
        return f"{self._model} at {self._connection.address}"

    def ask(self, request: Request[R], control: Control) -> R:
        """Return what the server answers; about more images than it takes at once, part by part."""
        steps = asking(request, control, model=self._model, limits=self._connection.limits)
        try:
            question = next(steps)
            while True:
                try:
                    answer = self._answer(question)
                except InspectorError as error:
                    question = steps.throw(error)
                else:
                    question = steps.send(answer)
        except StopIteration as end:
            found: R = end.value
            return found

    def _answer(self, question: Question[Any]) -> Any:
        rpc, message, control = question.rpc, question.message, question.control
        if not rpc.is_stream:
            question.take(self._connection.ask(rpc, message, control))
            return question.answer()
        # To its very end: who leaves at the result is, to the server, a caller that gave up.
        with closing(self._connection.follow(rpc, message, control)) as responses:
            for response in responses:
                question.take(response)
        return question.answer()
