"""How a verb is asked, apart from who waits for the answers: a thread, or an event loop."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from inspector.client.parts import (
    MAX_IMAGES,
    Parts,
    has_arrays,
    is_per_image,
    is_too_much,
    needs_parts,
    pieces_of,
)
from inspector.errors import EngineError, InspectorError
from inspector.types.control import Control, Deadline
from inspector.types.requests.base import Request
from inspector.types.requests.describe import DescribeRequest
from inspector.types.results.base import Result
from inspector.wire.calls import Rpc, rpc_of
from inspector.wire.requests import request_to_bytes
from inspector.wire.results import has_partial, progress_of_response, result_of_response
from inspector.wire.written import Written

R = TypeVar("R", bound=Result)


class Question(Generic[R]):
    """One request to one model: its bytes, and what is read of the responses, one after the other."""

    def __init__(
        self, request: Request[R], control: Control, *, model: str, images: Sequence[Written] | None = None
    ) -> None:
        """Ask the model with that resource name; `images` are the request's as they are sent, where they are by now."""
        self.rpc: Rpc = rpc_of(type(request))
        self.message: bytes = request_to_bytes(request, control, model=model, images=images)
        self.control = control
        self._request = request
        self._told: tuple[int, int] | None = None
        self._found: R | None = None

    def take(self, response: Any) -> None:
        """Read a response; what it tells of the progress is told once."""
        found = result_of_response(response, self._request, self.rpc)
        self._found = found if found is not None else self._found
        control = self.control
        if control.progress is None:
            return
        progress = progress_of_response(response, self._request, self.rpc)
        # A slow reader hears of the last step only beside the result, which then is what is known so far.
        if progress is not None and (progress.done, progress.total) != self._told:
            known = self._found if control.wants_partial and has_partial(self.rpc) else None
            self._told = progress.done, progress.total
            control.progress(progress if self._found is None else replace(progress, partial=known))

    def answer(self) -> R:
        """Return the result; EngineError where none came."""
        if self._found is None:
            raise EngineError("The server ended the call without a result.", reason="NO_RESULT")
        return self._found


@dataclass
class Limits:
    """What a server takes in one request, as far as it is known."""

    bytes: int
    images: int = MAX_IMAGES

    def learn(self, error: InspectorError, images: int) -> None:
        """Remember that so many images were too many; of one, it is the image that was too large."""
        if images > 1 and error.field == "images" and is_too_much(error):
            self.images = min(self.images, images // 2)


Asking = Generator[Question[Any], Any, R]
"""Yields questions; is sent their answers, or thrown their errors; returns the answer to all of them."""


def asking(request: Request[R], control: Control, *, model: str, limits: Limits) -> Asking[Any]:
    """Ask a model on a server; about more images than it takes at once, part by part."""
    if not is_per_image(request):
        return (yield Question(request, control, model=model))
    one: Any = request
    halved = False
    if not needs_parts(one.images, max_images=limits.images, max_bytes=limits.bytes):
        try:
            return (yield Question(request, control, model=model))
        except InspectorError as error:
            count = len(list(pieces_of(one.images)))
            limits.learn(error, count)
            if not is_too_much(error) or (count == 1 and not has_arrays(one.images)):
                raise
            halved = True
    return (yield from _in_parts(one, control, model=model, limits=limits, halved=halved))


def _in_parts(request: Any, control: Control, *, model: str, limits: Limits, halved: bool) -> Asking[Any]:
    deadline = None if control.timeout is None else Deadline(control.timeout)
    rank = None
    if has_arrays(request.images):
        known = yield Question(DescribeRequest(), replace(control, progress=None), model=model)
        rank = len(known.input.image_shape)
    pieces = list(pieces_of(request.images, rank=rank))
    most = min(limits.images, max(len(pieces) // 2, 1)) if halved else limits.images
    parts: Parts[Any] = Parts(request, pieces, control, most=most, max_bytes=limits.bytes)
    while not parts.are_complete:
        part = parts.next()
        left = None if deadline is None else deadline.left()
        own = replace(control, progress=parts.progress(part), wants_partial=False, timeout=left)
        try:
            found = yield Question(part.request, own, model=model, images=part.images)
        except InspectorError as error:
            limits.learn(error, len(part.images))
            parts.refuse(part, error)
        else:
            parts.take(part, found)
    return parts.joined()
