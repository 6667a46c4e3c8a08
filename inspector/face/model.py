"""The one model class: in process and over the wire alike."""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, TypeVar

from inspector.errors import InvalidInputError, in_brief
from inspector.face.backend import Backend
from inspector.face.steps import steps_of
from inspector.face.verbs import Verbs
from inspector.types.control import NEVER, Cancellation, Control, Progress
from inspector.types.layers import FoundRectifier, Layer
from inspector.types.requests.base import Request
from inspector.types.requests.describe import DescribeRequest, LayersRequest, RectifiersRequest
from inspector.types.results.base import Result
from inspector.types.results.model_info import ModelInfo, find_layer

R = TypeVar("R", bound=Result)
Told = Callable[[int, int], None]
"""Called with (steps done, steps in all)."""


def _nothing() -> None:
    return None


class Model(Verbs):
    """A model that answers: its verbs are the registered requests, their parameters the requests' fields.

    Images are paths, encoded bytes, PIL images, uint8 arrays, prepared float arrays, or lists of those. Every verb
    takes `progress` (called with steps done and steps in all), `cancellation` and `timeout` (seconds) beside its
    options. Thread-safe. Raises the errors of `inspector.errors`, the same wherever the model runs.
    """

    def __init__(self, backend: Backend, *, name: str, close: Callable[[], None] = _nothing) -> None:
        """Speak through `backend`; `close` gives back what only this model holds."""
        self.backend = backend
        self.name = name
        self._close = close

    def __repr__(self) -> str:
        return f"<Model {self.name!r} by {self.backend!r}>"

    @property
    def info(self) -> ModelInfo:
        """What is known of the model: input, outputs, preprocessing, labels, device."""
        return self.ask(DescribeRequest())

    def layers(
        self,
        *,
        progress: Told | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> tuple[Layer, ...]:
        """Return the layers that can be looked at, in graph order."""
        request = LayersRequest()
        return self.ask(request, progress=progress, cancellation=cancellation, timeout=timeout).layers

    def layer(self, name: str) -> Layer:
        """Return the layer of that name (or whose output has it); NotFoundError names the nearest ones."""
        return find_layer(self.layers(), name)

    def rectifiers(
        self,
        *,
        progress: Told | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> tuple[FoundRectifier, ...]:
        """Return what the methods "deconvnet" and "guided" take for rectifiers, in graph order."""
        request = RectifiersRequest()
        return self.ask(request, progress=progress, cancellation=cancellation, timeout=timeout).rectifiers

    def ask(
        self,
        request: Request[R],
        *,
        progress: Told | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> R:
        """Return what answers a request."""
        control = Control(progress=telling(progress), cancellation=_or_never(cancellation), timeout=timeout)
        return self.backend.ask(as_request(request), control)

    def steps(
        self,
        request: Request[R],
        *,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
        partial: bool = True,
    ) -> Generator[Progress | R, None, None]:
        """Yield the progress of a request, with the result as far as it is known, and at last the result.

        Who stops looking before the end stops the run.
        """
        control = Control(wants_partial=partial, cancellation=_or_never(cancellation), timeout=timeout)
        return steps_of(self.backend, as_request(request), control)

    def close(self) -> None:
        """Give back what the model holds; asking it afterwards is a ConflictError."""
        self._close()

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def as_request(given: Request[R]) -> Request[R]:
    """Return a request; InvalidInputError for what is none."""
    if isinstance(given, Request):
        return given
    raise InvalidInputError(
        f"What is asked is {in_brief(given, long='a {}')}; give a request, such as PredictRequest(images=…).",
        field="request",
    )


def _or_never(token: Cancellation | None) -> Cancellation:
    return NEVER if token is None else token


def telling(told: Told | None) -> Any:
    """Return what is told a Progress and tells its numbers; what is no function is judged by `Control`."""
    if not callable(told):
        return told

    def tell(progress: Progress) -> None:
        told(progress.done, progress.total)

    return tell
