"""Images of a request, prepared once, whatever its caller gave."""

from __future__ import annotations

from inspector.engine.run import Run
from inspector.model.preprocessing.prepare import prepare
from inspector.types.images import ImageLike, Prepared


def prepared(run: Run, images: ImageLike) -> Prepared:
    """Return images as the model takes them; between two of them a caller that left is noticed."""
    return prepare(run.engine.model, images, cancellation=run.control.cancellation)
