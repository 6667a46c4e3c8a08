"""Mutated requests of the Open Inference Protocol, answered by a small model."""

from __future__ import annotations

from functools import cached_property

import numpy as np

import inspector
from inspector.inference.infer import infer
from inspector.inference.inference_service_pb2 import ModelInferRequest
from inspector.types.control import Control
from inspector.wire.bounds import require_bounded
from inspector.wire.parsing import parsed
from tests.inference.requests import picture_request, raw_request
from tests.support.in_process import engine_of
from tests.support.toys import SIDE, toy_cnn
from tools.fuzz.damage import damaged
from tools.fuzz.draw import Draw
from tools.fuzz.messages import change
from tools.fuzz.target import Stage

_SECONDS = 5.0
_MOST_BYTES = 8 << 20
_PICTURE = bytes.fromhex("89504e470d0a1a0a") + bytes(30)


class Inferences:
    """Tensors, raw and typed, and pictures."""

    name = "inferences"
    foreign: frozenset[str] = frozenset()

    @cached_property
    def seeds(self) -> tuple[bytes, ...]:
        """The requests that are mutated; some are small, so that what is around their values changes often."""
        x = np.zeros((1, 3, SIDE, SIDE), np.float32)
        typed = raw_request(x[:, :, :4, :4], outputs=["relu1", "scores"])
        typed.ClearField("raw_input_contents")
        typed.inputs[0].contents.fp32_contents.extend([0.5] * 48)
        typed.parameters["some"].string_param = "thing"
        layers = raw_request(x, outputs=["relu1", "conv2", "scores"])
        found = (
            raw_request(x[:, :, :2, :2]),
            raw_request(x),
            layers,
            typed,
            picture_request([_PICTURE, b""]),
        )
        return tuple(request.SerializeToString(deterministic=True) for request in found)

    @cached_property
    def model(self) -> inspector.Model:
        """The model that answers."""
        return inspector.load(toy_cnn(), device="cpu")

    def make(self, draw: Draw) -> bytes:
        """Return the damaged bytes of a request, or those of one with other values in its fields."""
        data = draw.pick(self.seeds)
        if draw.chance(0.4):
            return damaged(draw, data)
        message = ModelInferRequest.FromString(data)
        for _ in range(draw.pick((1, 1, 2, 4))):
            change(draw, message)
        return message.SerializeToString(deterministic=True)

    def attempt(self, case: bytes, draw: Draw, stage: Stage) -> None:  # noqa: ARG002 — nothing is drawn
        """Answer the request, read as the service reads it."""
        stage("read")
        request = parsed(case, ModelInferRequest)
        require_bounded(request)
        stage("answer")
        infer(engine_of(self.model), request, control=Control(timeout=_SECONDS, max_result_bytes=_MOST_BYTES))
