"""The backend in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.errors import DeadlineExceededError, InvalidInputError
from inspector.face.rendering import rendered
from inspector.methods.verbs import answer_to
from inspector.types.control import Control
from inspector.types.requests.base import ImagesRequest, Request
from inspector.types.results.base import Result

R = TypeVar("R", bound=Result)


class LocalBackend:
    """Answers requests with an engine of this process."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __repr__(self) -> str:
        return f"ONNX Runtime on {self.engine.device.name}"

    def ask(self, request: Request[R], control: Control) -> R:
        """Return what the method that answers such requests gives."""
        if isinstance(request, ImagesRequest) and request.inputs:
            raise InvalidInputError(
                f"The model has no inputs beside the image; {', '.join(map(repr, request.inputs))} given.",
                reason="UNKNOWN_INPUT",
                field="inputs",
            )
        with _in_time(control) as timed:
            found = answer_to(Run(self.engine, control=timed), request)
            wanted = isinstance(request, ImagesRequest) and request.rendering == "png"
            return replace(found, rendered=rendered(found)) if wanted else found


@contextmanager
def _in_time(control: Control) -> Iterator[Control]:
    """Give a control under which what runs ends once its time is over; the caller's own token stays as it is."""
    if control.timeout is None:
        yield control
        return
    error = DeadlineExceededError(f"The run was stopped: it took more than {control.timeout:g} s.")
    if control.timeout <= 0:
        raise error
    with control.cancellation.branch() as token:
        timer = threading.Timer(min(control.timeout, threading.TIMEOUT_MAX), token.cancel, [error])
        timer.daemon = True
        timer.start()
        try:
            yield replace(control, cancellation=token)
        finally:
            timer.cancel()
