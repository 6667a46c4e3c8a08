"""Mutated models: read, described, run once forward and once back, as the service does with an upload."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from inspector.errors import UserError
from inspector.face.load import load
from inspector.face.model import Model
from inspector.runtime.cache import SessionCache
from inspector.types.layouts import of_one
from tests.grad.hand_made import FLOAT_CASES, QUANTIZED_CASES
from tests.support.all_tails import all_tails
from tests.support.controlled import controlled
from tests.support.many_outputs import many_outputs
from tests.support.numeric import to_float32
from tests.support.small_vit import small_vit
from tests.support.tails import network
from tests.support.toys import toy_cnn
from tests.support.zoo import find_zoo
from tools.fuzz.changes.changed import changed
from tools.fuzz.damage import damaged
from tools.fuzz.draw import Draw
from tools.fuzz.target import Stage

_LARGEST_SEED = 350_000
"""Bytes of a trained model that is mutated: with larger ones, most of the time goes into weights."""
_FREE = {"C": 3, "L": 64}
_FREE_SIZE = 24
_MOST_ELEMENTS = 1 << 20
"""Of an image that a mutated model is run with."""
_MOST_LAYERS = 40
_METHODS = ("guided", "deconvnet", "gradcam", "lrp", "gradient_x_input", "integrated_gradients")


class Models:
    """Models of every kind that the suite knows, and small ones of the zoo where it is there."""

    name = "models"
    foreign = frozenset({"forward", "backward", "another verb"})

    @cached_property
    def seeds(self) -> tuple[bytes, ...]:
        """The models that are mutated."""
        small = [toy_cnn(), toy_cnn(batch=1), controlled(), many_outputs().SerializeToString(), small_vit()]
        protos = [*(case.model for case in FLOAT_CASES), *(case.model for case in QUANTIZED_CASES)]
        cases = [to_float32(proto).SerializeToString() for proto in protos]
        tails = [network(tail, seed=0, batch="n").SerializeToString() for tail in all_tails().values()]
        zoo = find_zoo()
        files = sorted((zoo.root / "models").glob("*.onnx")) if zoo else ()
        trained = [file.read_bytes() for file in files if file.stat().st_size <= _LARGEST_SEED]
        return (*small * 4, *cases, *tails, *trained * 4)

    def make(self, draw: Draw) -> bytes:
        """Return one of the seeds with damaged bytes, or with a change of what they say."""
        seed = draw.pick(self.seeds)
        return damaged(draw, seed) if draw.chance(0.15) else changed(draw, seed)

    def attempt(self, case: bytes, draw: Draw, stage: Stage) -> None:
        """Load the model, look at it, and ask it a few things."""
        stage("read")
        with load(case, device="cpu", sessions=SessionCache(max_bytes=64 << 20)) as model:
            stage("describe")
            image = image_for(model)
            model.rectifiers()
            layers = [layer.name for layer in model.layers()][:_MOST_LAYERS]
            if image is None:
                return
            stage("forward")
            model.predict(image)
            model.activations(image, layers=layers)
            stage("backward")
            _unless_refused(lambda: model.attribute(image, method="saliency"))
            stage("another verb")
            _unless_refused(lambda: model.attribute(image, method=draw.pick(_METHODS)))
            _unless_refused(lambda: model.features(image))


def image_for(model: Model) -> np.ndarray[Any, Any] | None:
    """Return an image of noise for a model, or None where it would be too large to try."""
    image = model.info.input
    letters = of_one(image.layout)
    shape = [
        size if isinstance(size, int) else _FREE.get(letter, _FREE_SIZE)
        for size, letter in zip(image.image_shape, letters, strict=False)
    ]
    if prod(shape) > _MOST_ELEMENTS or (image.batch or 1) * prod(shape) > _MOST_ELEMENTS:
        return None
    noise = np.random.default_rng(0).standard_normal((1, *shape)) * 3
    return noise.astype(np.dtype(image.dtype))


def _unless_refused(ask: Callable[[], object]) -> None:
    """Ask; what is refused by name may be refused, and the next question is asked."""
    with suppress(UserError):
        ask()
