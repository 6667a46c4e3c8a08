"""The architecture as a table (Zeiler & Fergus 2014, Fig 3)."""

from __future__ import annotations

from inspector.engine.run import Run
from inspector.methods.card import Card
from inspector.methods.paper import paper_figure
from inspector.methods.verbs import answers
from inspector.model.weights import Weights, weighted_layers, weights_of
from inspector.operators.families import GLOBAL_POOLINGS, POOLINGS, SOFTMAXES
from inspector.types.layers import Layer, shape_text
from inspector.types.requests.architecture import ArchitectureRequest
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.table import Row, Table

_SHOWN = POOLINGS | GLOBAL_POOLINGS | SOFTMAXES | {"LRN", "Concat", "Add"}
_COLUMNS = ("layer", "operator", "filters", "groups", "weights", "gives", "sees", "every")

_CARD = Card(
    formula="Window and stride of a unit by following its axes back to the image: size ← size + (k − 1)·stride, "
    "stride ← stride·s",
    source="Zeiler & Fergus, 2014, arXiv 1311.2901, §3 and Fig 3; Araujo et al., Distill 2019",
    shows="What the network is made of, and how much of the image a unit of each layer sees, every how many pixels.",
    hides="Of what a unit could see it makes use of less, most of it in the middle (arXiv 1701.04128).",
    cost="None: no image is looked at",
)


@paper_figure("3", request=ArchitectureRequest, title="The architecture")
@answers(ArchitectureRequest, card=_CARD)
def architecture(run: Run, request: ArchitectureRequest) -> Figure:
    """Return a row per layer: operator, filters, shape, receptive field in pixels, and stride."""
    model = run.engine.model
    weighted = {layer.output for layer in weighted_layers(model)}
    outputs = {output.name for output in model.outputs}
    rows = [
        _row(layer, weights_of(model, layer) if layer.output in weighted else None)
        for layer in model.layers
        if request.whole
        or layer.output in weighted | outputs
        or layer.op_type.removeprefix("QLinear") in _SHOWN
    ]
    given = Row(
        cells=(model.input.name, "image", None, None, None, shape_text(model.input.image_shape), None, None)
    )
    count = len(model.layers)
    title = (
        f"{model.name}: {len(rows)} of {count} layers"
        if len(rows) < count
        else f"{model.name}: {count} layers"
    )
    table = Table(columns=_COLUMNS, rows=(given, *rows))
    caption = (
        "What a layer computes by, what it gives for one image, what one of its units sees of the image, and every "
        "how many pixels one stands."
    )
    return Figure(
        title=title, panels=(Panel(title="Layers", result=table, caption=caption),), notes=run.notes
    )


def _row(layer: Layer, weights: Weights | None) -> Row:
    field = layer.receptive_field
    shape = None if weights is None else weights.values.shape
    return Row(
        cells=(
            layer.name,
            layer.op_type,
            None if shape is None else shape_text(shape),
            None if weights is None or weights.groups == 1 else weights.groups,
            None if weights is None else int(weights.values.size),
            shape_text(layer.shape[1:] if layer.shape[:1] == (1,) else layer.shape),
            None if field is None else "all" if field.covers_all else shape_text(field.size),
            None
            if field is None or field.covers_all
            else "×".join(f"{one:g}" for one in dict.fromkeys(field.stride)),
        )
    )
