"""The backend in this process."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.face.rendering import rendered
from inspector.face.time_limit import in_time
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
        self.engine.require_open()
        control.cancellation.raise_if_cancelled()
        if isinstance(request, ImagesRequest) and request.inputs:
            raise InvalidInputError(
                f"The model has no inputs beside the image; {', '.join(map(repr, request.inputs))} given.",
                reason="UNKNOWN_INPUT",
                field="inputs",
            )
        with in_time(control) as timed:
            found = answer_to(Run(self.engine, control=timed), request)
            wanted = isinstance(request, ImagesRequest) and request.rendering == "png"
            return replace(found, rendered=rendered(found)) if wanted else found
