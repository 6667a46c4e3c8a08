"""What lies behind a model that was loaded in this process, for tests that look there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import inspector
from inspector.engine.engine import Engine
from inspector.face.local import LocalBackend
from inspector.model.preprocessing.prepare import prepare
from inspector.types.arrays import Array
from inspector.types.control import Cancellation, Progress
from inspector.types.images import ImageLike
from inspector.types.requests.base import Request
from inspector.types.results.base import Result


def engine_of(model: inspector.Model) -> Engine:
    """Return the engine that answers for a model."""
    assert isinstance(model.backend, LocalBackend)
    return model.backend.engine


def prepared(model: inspector.Model, images: ImageLike) -> Array:
    """Return images as the model takes them, (N, *image)."""
    return prepare(engine_of(model).model, images).values


def results_of(
    model: inspector.Model, request: Request[Result], *, cancellation: Cancellation | None = None
) -> Iterator[Any]:
    """Yield the results of a request that are not complete yet, and at last the complete one."""
    for step in model.steps(request, cancellation=cancellation):
        yield step.partial if isinstance(step, Progress) else step
