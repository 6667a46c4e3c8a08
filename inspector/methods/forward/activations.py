"""Activations: what any layer computed."""

from __future__ import annotations

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, NotFoundError
from inspector.methods.card import Card
from inspector.methods.notes import note_values
from inspector.methods.prepared import prepared
from inspector.methods.room import require_layers_fit
from inspector.methods.verbs import answers
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.requests.activations import ActivationsRequest
from inspector.types.results.activations import Activation, Activations

_CARD = Card(
    formula="h_l(x), the outputs of the layers that are named, as they are computed.",
    source="Zeiler & Fergus 2014, §2 (arXiv 1311.2901), look at such maps; Yosinski et al. 2015, §2 (arXiv "
    "1506.06579), draw them live.",
    shows="Where in the image each channel responds, and how strongly. In the picture every channel goes from "
    "dark to bright over its own range.",
    hides="A channel that lights up need not matter for the answer (see ablate), and a bright tile need not be "
    "a strong one: read the numbers. What it responds to is shown by top.",
    cost="1 forward pass, up to the last of the layers.",
)


@answers(ActivationsRequest, card=_CARD)
def activations(run: Run, request: ActivationsRequest) -> Activations:
    """Return the named layers' outputs, as the model computes them.

    Those of layers that hold codes are dequantized; NaN and infinity pass through, and the notes tell of them.
    """
    if not request.layers:
        raise InvalidInputError(
            "No layer was named; name at least one (see layers()).", reason="MISSING", field="layers"
        )
    model = run.engine.model
    wanted = dict(_named(model, name, field=f"layers[{index}]") for index, name in enumerate(request.layers))
    x = prepared(run, request.images)
    require_layers_fit(run, wanted.values(), images=len(x))
    found = run.forward(x.values, [layer.output for layer in wanted.values()])
    for name, layer in wanted.items():
        note_values(run, x.values, found[layer.output], what=f"layer {name!r}", images=range(len(x)))
    return Activations(
        activations=tuple(_activation(name, layer, found[layer.output]) for name, layer in wanted.items()),
        scale=request.scale,
        order=request.order,
        notes=run.notes,
    )


def _activation(name: str, layer: Layer, values: Array) -> Activation:
    shift = values.ndim - len(layer.shape)  # a tensor without a batch axis is given one
    return Activation(
        layer=name,
        values=values,
        channel_axis=None if layer.channel_axis is None else layer.channel_axis + shift,
        spatial_axes=tuple(axis + shift if axis >= 0 else axis for axis in layer.spatial_axes),
    )


def _named(model: OnnxModel, name: str, *, field: str) -> tuple[str, Layer]:
    try:
        return name, model.layer(name)
    except NotFoundError as error:
        error.field = field
        raise
