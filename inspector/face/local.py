"""The backend in this process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TypeVar

from inspector.engine.engine import Engine
from inspector.engine.image_sizes import ImageSizeError
from inspector.engine.run import Others, Run, no_others
from inspector.engine.sizing import Size
from inspector.errors import InvalidInputError
from inspector.face.rendering import rendered
from inspector.face.time_limit import in_time
from inspector.methods.verbs import answer_to
from inspector.types.control import Control
from inspector.types.requests.base import ImagesRequest, Request
from inspector.types.results.base import Result

R = TypeVar("R", bound=Result)
T = TypeVar("T")

OpenOthers = Callable[[], AbstractContextManager[Others]]
"""Opens the way to other models for one request; what it opened is closed with it."""


class LocalBackend:
    """Answers requests with an engine of this process."""

    def __init__(self, engine: Engine, *, others: OpenOthers = lambda: nullcontext(no_others)) -> None:
        """Answer with `engine`; `others` opens the engines of other models, for requests that name some."""
        self.engine = engine
        self._others = others

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
        with in_time(control) as timed, self._others() as others:
            found = in_sizes_that_run(
                self.engine, lambda run: answer_to(run, request), control=timed, others=others
            )
            wanted = isinstance(request, ImagesRequest) and request.rendering == "png"
            return replace(found, rendered=rendered(found)) if wanted else found


def in_sizes_that_run(
    engine: Engine, work: Callable[[Run], T], *, control: Control, others: Others = no_others
) -> T:
    """Return what `work` makes of a run; pictures on whose size the model does not run are resized."""
    sizes: dict[Size, Size] = {}
    while True:
        run = Run(engine, control=control, sizes=sizes, others=others)
        try:
            return work(run)
        except ImageSizeError as error:
            if error.given in sizes or error.given not in run.pictured:
                raise
            sizes[error.given] = error.taken
