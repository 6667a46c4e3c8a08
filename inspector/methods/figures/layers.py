"""Which layers are measured where none is named, and what their values are."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError, NotFoundError
from inspector.methods.planes import layers_with_maps
from inspector.model.kernels import kernels_of
from inspector.resolve.rectifiers import rectified
from inspector.types.layers import Layer


def named_layers(engine: Engine, names: Sequence[str]) -> list[Layer]:
    """Return layers by their names, each once; NotFoundError names the nearest ones."""
    found: dict[str, Layer] = {}
    for index, name in enumerate(names):
        try:
            layer = engine.model.layer(name)
        except NotFoundError as error:
            error.field = f"layers[{index}]"
            raise
        found[layer.name] = layer
    return list(found.values())


def first_layer(engine: Engine) -> Layer:
    """Return the first layer with features: the first convolution's, after its rectifier; InvalidInputError if none."""
    model = engine.model
    for one in kernels_of(model)[:1]:
        follows = rectified(model, [one.layer.output]).get(one.layer.output)
        after = None if follows is None else model.layer_giving(follows.tensor)
        return after or one.layer
    with_maps = layers_with_maps(engine, engine.head.scores)
    if not with_maps:
        raise InvalidInputError(
            "This model has no convolution and no layer with maps; name the layers to compare.",
            field="layers",
        )
    return with_maps[0]


def last_layer(engine: Engine) -> Layer:
    """Return the last layer before the classes: what the last dense layer reads, else the last one with maps."""
    tensor = engine.head.features
    layer = None if tensor is None else engine.model.layer_giving(tensor)
    if layer is not None:
        return layer
    with_maps = layers_with_maps(engine, engine.head.scores)
    if not with_maps:
        raise InvalidInputError(
            "This model has no layer before a final dense one; name the layers to compare.", field="layers"
        )
    return with_maps[-1]
