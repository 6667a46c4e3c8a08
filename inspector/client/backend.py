"""The backend over the wire."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any, TypeVar

from inspector.client.connection import Connection
from inspector.errors import EngineError
from inspector.types.control import Control
from inspector.types.requests.base import Request
from inspector.types.results.base import Result
from inspector.wire.calls import rpc_of
from inspector.wire.models import resource_name
from inspector.wire.requests import request_to_message
from inspector.wire.results import has_partial, progress_of_response, result_of_response

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
        """Return what the server answers; what it tells of its progress is told once."""
        call = rpc_of(type(request))
        message = request_to_message(request, control, model=self._model)
        if not call.is_stream:
            return self._result(self._connection.ask(call, message, control), request)
        told: tuple[int, int] | None = None
        found: R | None = None
        # To its very end: who leaves at the result is, to the server, a caller that gave up.
        with closing(self._connection.follow(call, message, control)) as responses:
            for response in responses:
                found = result_of_response(response, request, call)
                progress = progress_of_response(response, request, call)
                # A slow reader hears of the last step only beside the result, which then is what is known so far.
                if progress is not None and (progress.done, progress.total) != told and control.progress:
                    known = found if control.wants_partial and has_partial(call) else None
                    control.progress(progress if found is None else replace(progress, partial=known))
                    told = progress.done, progress.total
        if found is None:
            raise EngineError("The server ended the call without a result.", reason="NO_RESULT")
        return found

    def _result(self, response: Any, request: Request[R]) -> R:
        found: R | None = result_of_response(response, request, rpc_of(type(request)))
        if found is None:
            raise EngineError("The server answered without a result.", reason="NO_RESULT")
        return found
