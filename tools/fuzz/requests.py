"""Mutated requests: bytes of messages, read as the service reads them, and some of them answered by a small model."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import Any

import inspector
from inspector.errors import InspectorError
from inspector.face.backend import Backend
from inspector.face.load import load
from inspector.face.model import Model
from inspector.service.settings import Settings
from inspector.types.control import Control
from inspector.types.requests.base import Request
from inspector.wire.calls import Rpc, rpc_named, rpc_of
from inspector.wire.counts import require_counts
from inspector.wire.parsing import parsed
from inspector.wire.requests import request_kind, request_of_message, request_to_message
from tests.congruence.cases import CASES
from tests.congruence.catalogue import CATALOGUE
from tests.support.toys import toy_cnn
from tools.fuzz.damage import damaged
from tools.fuzz.draw import Draw
from tools.fuzz.messages import change
from tools.fuzz.target import Stage

_ANSWERED = 0.1
"""The share of requests that are answered, too: running is what takes the time."""
_SEPARATOR = b"\0"
_SECONDS = 5.0
_MOST_BYTES = 8 << 20
_MOST_IMAGES = Settings().max_images


class _Asked(Exception):  # noqa: N818 — no error: an end
    """Nothing more is needed of a case."""


class Recording:
    """A backend that notes what it is asked: questions about the model it answers, others end there."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.seen: list[bytes] = []

    def ask(self, request: Request[Any], control: Control) -> Any:
        """Note the request."""
        with suppress(InspectorError):
            call = rpc_of(type(request))
            message = request_to_message(request, Control(), model="models/toy")
            self.seen.append(call.name.encode() + _SEPARATOR + message.SerializeToString(deterministic=True))
        if not request.runs_model:
            return self._backend.ask(request, control)
        raise _Asked


class Requests:
    """Requests of every verb, as the cases of the suite ask them."""

    name = "requests"
    foreign: frozenset[str] = frozenset()

    @cached_property
    def seeds(self) -> tuple[bytes, ...]:
        """The requests that are mutated."""
        recording = Recording(self.model.backend)
        model = Model(recording, name="toy")
        for case in (*CASES.values(), *CATALOGUE.values()):
            with suppress(_Asked, InspectorError):
                case.ask(model, inspector)
        return tuple(sorted(set(recording.seen)))

    @cached_property
    def model(self) -> Model:
        """The model that answers."""
        return load(toy_cnn(), device="cpu")

    def make(self, draw: Draw) -> bytes:
        """Return the name of a call and the damaged bytes of its request, or one with other values in its fields."""
        name, _, data = draw.pick(self.seeds).partition(_SEPARATOR)
        if draw.chance(0.4):
            data = damaged(draw, data)
        else:
            message = rpc_named(name.decode()).request.FromString(data)
            for _ in range(draw.pick((1, 1, 2, 4))):
                change(draw, message)
            data = message.SerializeToString()
        return name + _SEPARATOR + data

    def attempt(self, case: bytes, draw: Draw, stage: Stage) -> None:
        """Read the request, and answer some."""
        name, _, data = case.partition(_SEPARATOR)
        call = rpc_named(name.decode())
        stage(f"read {call.name}")
        request = _read(data, call)
        if draw.chance(_ANSWERED):
            stage(f"answer {call.name}")
            self.model.backend.ask(request, Control(timeout=_SECONDS, max_result_bytes=_MOST_BYTES))


def _read(data: bytes, call: Rpc) -> Request[Any]:
    """Return the request by the steps of the service, which refuses in each what the next ones could not read."""
    message = parsed(data, call.request)
    require_counts(message, most_images=_MOST_IMAGES)
    request_kind(message, call)
    return request_of_message(message, call)
