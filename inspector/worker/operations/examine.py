"""The first look at a model that nobody vouches for: it is read, and run once; a crash ends this worker alone."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from inspector.errors import EngineError, InspectorError, LimitExceededError
from inspector.face.load import load
from inspector.face.model import Model
from inspector.isolation.failure import ran_out_of_memory
from inspector.types.control import Cancellation
from inspector.types.layouts import of_one
from inspector.worker.operation import Answer, Ask, Here, Lane, operation

OPEN_SIZE = 224
"""Pixels of a side that the model leaves open."""
OPEN_LENGTH = 4096
"""Samples of a signal whose length the model leaves open."""


@operation("examine", lane=Lane.LIVES)
def examine(_here: Here, ask: Ask) -> Answer:
    """Read the model in `folder` and run it once, within `memory` bytes; raise what it failed of."""
    try:
        with _bounded(ask.about["memory"]), load(Path(ask.about["folder"]), device="cpu") as model:
            _run_once(model, ask.cancellation)
    except InspectorError as error:
        raise _too_large() if ran_out_of_memory(error) else error from None
    except MemoryError:
        raise _too_large() from None
    return Answer()


@contextmanager
def _bounded(memory: int) -> Iterator[None]:
    """Bound what this process may take, while it looks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bounds = [bound for bound in (memory, soft, hard) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _run_once(model: Model, cancellation: Cancellation) -> None:
    """Compute the last layer for a black image; a size that the model leaves open may be one that it cannot take."""
    image, layers = model.info.input, model.layers()
    if not image.space or not layers:
        return
    sizes = {"C": image.channels or 3, "L": OPEN_LENGTH}
    shape = [
        size if isinstance(size, int) else sizes.get(letter, OPEN_SIZE)
        for size, letter in zip(image.image_shape, of_one(image.layout), strict=True)
    ]
    black = np.zeros((1, *shape), dtype=np.dtype(image.dtype))
    try:
        model.activations(black, layers=[layers[-1].name], cancellation=cancellation)
    except EngineError as error:
        if all(isinstance(size, int) for size in image.space) or ran_out_of_memory(error):
            raise


def _too_large() -> LimitExceededError:
    return LimitExceededError(
        "The model takes more memory than this server lends to a new one.",
        reason="MODEL_TOO_LARGE",
        field="model",
    )
