"""Features: one vector per image, from any layer."""

from __future__ import annotations

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.run import Run, joined
from inspector.errors import InvalidInputError
from inspector.methods.card import Card
from inspector.methods.notes import note_values
from inspector.methods.prepared import prepared
from inspector.methods.room import require_layers_fit
from inspector.methods.verbs import answers
from inspector.resolve.targets import channel_axis
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.requests.features import FeaturesRequest, Pooling
from inspector.types.results.vectors import Vectors

_CARD = Card(
    formula="v = pool(h_l(x)): the mean or the maximum of each channel over its places, or all values; by default "
    "of what the last dense layer reads.",
    source="Krizhevsky et al. 2012, §6.1, find alike images by the distance of such vectors.",
    shows="Which images the network takes for alike: the nearest neighbors of a vector, and the principal plane "
    "of many.",
    hides="What makes them alike. A mean over places forgets where; two vectors are near in the network's "
    "sense, which may be the background.",
    cost="1 forward pass, up to the layer.",
)


@answers(FeaturesRequest, card=_CARD)
def features(run: Run, request: FeaturesRequest) -> Vectors:
    """Return (N, D) float32 vectors of a layer, by default of what the last dense layer reads.

    Maps are pooled over space: their mean, their maximum, or all their elements.
    """
    model = run.engine.model
    chosen = model.layer(request.layer) if request.layer is not None else penultimate(run.engine)
    x = prepared(run, request.images)
    if request.pooling == "none":
        require_layers_fit(run, [chosen], images=len(x))
    parts = [
        _pooled(found[chosen.output].astype(np.float32, copy=False), chosen, request.pooling)
        for _, found in run.together(x.values, [chosen.output])
    ]
    vectors = joined(chosen.output, parts)
    note_values(run, x.values, vectors, what="the vectors", images=range(len(x)))
    return Vectors(vectors=vectors, layer=chosen.name, pooling=request.pooling, notes=run.notes)


def _pooled(values: Array, layer: Layer, pooling: Pooling) -> Array:
    if values.ndim <= 2 or pooling == "none":
        return values.reshape(len(values), -1)
    axis = channel_axis(layer, values.ndim - 1) + 1
    maps = np.moveaxis(values, axis, 1).reshape(len(values), values.shape[axis], -1)
    vectors: Array = maps.mean(axis=2) if pooling == "mean" else maps.max(axis=2)
    return vectors


def penultimate(engine: Engine) -> Layer:
    """Return the layer whose output the last dense (or 1×1 convolution) layer reads."""
    tensor = engine.head.features
    layer = engine.model.layer_giving(tensor) if tensor is not None else None
    if layer is None:
        raise InvalidInputError(
            "This model has no layer before a final dense one; name the layer whose features you want.",
            field="layer",
        )
    return layer
