"""Filters: the weights of any layer, as real numbers."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, NotFoundError
from inspector.methods.card import Card
from inspector.methods.verbs import answers
from inspector.model.weights import Weights, weighted_layers, weights_of
from inspector.types.layers import Layer
from inspector.types.requests.filters import FiltersRequest
from inspector.types.results.filters import Filters

WEIGHTS_ARE_CODES = "weights_are_codes"

_CARD = Card(
    formula="W (filters, channels, *kernel); of codes (q − z)·s",
    source="Zeiler & Fergus, 2014, arXiv 1311.2901, §4.1 and Fig 6; Krizhevsky et al., 2012, Fig 3",
    shows="Of a first layer, which edges and colors it looks for; filters that are dead, alike, or dominate.",
    hides="Of later layers it shows which channels a filter reads, and not what those stand for. A batch "
    "normalization that was not folded scales each filter anew.",
    cost="None: no image is looked at",
)


@answers(FiltersRequest, card=_CARD)
def filters(run: Run, request: FiltersRequest) -> Filters:
    """Return the weights of a layer, by default of the first that has some.

    Raises NotFoundError for a layer or a filter that there is none of, InvalidInputError for a layer without weights.
    """
    layer, weights = _chosen(run, request.layer)
    count = len(weights.values)
    numbers = np.asarray(request.channels or range(count), np.int64)
    for place, number in enumerate(numbers.tolist()):
        if number >= count:
            raise NotFoundError(
                f"Layer {layer.name!r} has no filter {number}: it has {count}, from 0 to {count - 1}.",
                reason="CHANNEL_NOT_FOUND",
                field=f"channels[{place}]",
            )
    if request.order == "strength":
        squares = (weights.values[numbers].reshape(len(numbers), -1).astype(np.float64) ** 2).mean(axis=1)
        numbers = numbers[np.argsort(-squares, kind="stable")]
    chosen = weights.values[numbers]
    run.control.require_room(chosen.nbytes, what=f"The weights of layer {layer.name!r}")
    if weights.are_codes:
        run.note(
            WEIGHTS_ARE_CODES,
            f"The scale of the weights of layer {layer.name!r} is applied elsewhere in the graph: they are codes, less "
            "their zero point.",
        )
    return Filters(
        layer=layer.name,
        weights=chosen,
        numbers=tuple(numbers.tolist()),
        groups=weights.groups,
        color=_color(run, weights),
        scale=request.scale,
        notes=run.notes,
    )


def _chosen(run: Run, name: str | None) -> tuple[Layer, Weights]:
    model = run.engine.model
    if name is not None:
        layer = model.layer(name)
        weights = weights_of(model, layer)
        if weights is None:
            known = [one.name for one in weighted_layers(model)]
            raise InvalidInputError(
                f"Layer {layer.name!r} ({layer.op_type}) has no weights of its own that are constant. Layers with "
                f"weights: {', '.join(known[:12]) or 'none'}{', …' if len(known) > 12 else ''}.",
                reason="NO_WEIGHTS",
                field="layer",
            )
        return layer, weights
    for layer in weighted_layers(model):
        weights = weights_of(model, layer)
        if weights is not None:
            return layer, weights
    raise InvalidInputError(
        "This model has no layer with constant weights.", reason="NO_WEIGHTS", field="layer"
    )


def _color(run: Run, weights: Weights) -> str:
    """Return what the channels that filters read are, where they are an image's in one, three or four colors."""
    channels = weights.values.shape[1]
    color = run.engine.model.preprocessing.color
    is_image = weights.reads_image and weights.groups == 1 and run.engine.model.input.channels == channels
    if not is_image:
        return "NONE"
    if channels == 3:
        return "BGR" if color == "BGR" else "RGB"
    return "GRAY" if channels == 1 else "NONE"
