"""The first look at a model that nobody vouches for: it is read, and run once; a crash ends this worker alone."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from inspector.errors import EngineError, InvalidModelError
from inspector.face.load import load
from inspector.face.model import Model
from inspector.isolation.failure import ran_out_of_memory
from inspector.model.checks.net import understanding
from inspector.types.control import Cancellation
from inspector.types.layouts import of_one
from inspector.types.results.model_info import ImageInput
from inspector.worker.hosted import limits_of
from inspector.worker.operation import Answer, Ask, Here, Lane, operation

OPEN_SIZE = 224
"""Pixels of a side that the model leaves open."""
OPEN_LENGTH = 4096
"""Samples of a signal whose length the model leaves open."""


@operation("examine", lane=Lane.LIVES)
def examine(_here: Here, ask: Ask) -> Answer:
    """Read the model in `folder` and run it once, within `memory` bytes; raise what it failed of."""
    with (
        _bounded(ask.about["memory"]),
        understanding(),
        load(Path(ask.about["folder"]), device="cpu", limits=limits_of(ask.about)) as model,
    ):
        _run_once(model, ask.cancellation)
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
    """Compute every output and the last layer for a black image.

    A size that the model leaves open may be one that it cannot take, and a flat vector of an open length has none that
    is likely: what fails of those is not the model's fault.
    """
    image, layers = model.info.input, model.layers()
    shape = _shape_of(image)
    if not layers or shape is None:
        return
    black = np.zeros((1, *shape), dtype=np.dtype(image.dtype))
    outputs = {output.name for output in model.info.outputs}
    seen = [layer.name for layer in layers if layer.output in outputs or layer is layers[-1]]
    try:
        model.activations(black, layers=seen, cancellation=cancellation)
    except EngineError as error:
        if ran_out_of_memory(error):
            raise
        if image.is_sized:
            raise InvalidModelError(
                f"The model can be read, and does not run on a black image. {error.message} Run it with onnxruntime, "
                "and export it again.",
                reason="MODEL_DOES_NOT_RUN",
                field="model",
            ) from error


def _shape_of(image: ImageInput) -> tuple[int, ...] | None:
    """Return the shape of one image to try; None for a flat vector of an open length."""
    if not image.space:
        return tuple(size for size in image.image_shape if isinstance(size, int)) if image.is_sized else None
    sizes = {"C": image.channels or 3, "L": OPEN_LENGTH}
    return tuple(
        size if isinstance(size, int) else sizes.get(letter, OPEN_SIZE)
        for size, letter in zip(image.image_shape, of_one(image.layout), strict=True)
    )
