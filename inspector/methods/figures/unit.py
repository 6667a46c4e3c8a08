"""The deconvnet explained by one unit (Zeiler & Fergus 2014, §2.1 and Fig 1)."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.card import Card
from inspector.methods.figures.patches import Projection, Window, Windows, example
from inspector.methods.figures.peaks import Peak
from inspector.methods.figures.strongest import projections
from inspector.methods.paper import paper_figure
from inspector.methods.planes import layer_with_maps_below
from inspector.methods.prepared import prepared
from inspector.methods.verbs import answers
from inspector.operators.families import CONVOLUTIONS, DENSE, RECTIFIERS
from inspector.render.grid import fit
from inspector.render.maps import heatmap
from inspector.render.normalize import to_heat
from inspector.render.photograph import photograph_of
from inspector.resolve.targets import channel_axis, resolve
from inspector.types.arrays import Array
from inspector.types.layers import Layer, shape_text
from inspector.types.layouts import batched
from inspector.types.requests.unit import UnitRequest
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.images import ExampleRow, Examples, Images, Picture
from inspector.types.results.table import Row, Table
from inspector.types.targets import Unit

_INK = (230, 40, 40)
_SIDE = 320

_BACK = {
    **dict.fromkeys(CONVOLUTIONS, "filter: the same filters, transposed"),
    **dict.fromkeys(DENSE, "multiply by the same weights, transposed"),
    **dict.fromkeys(RECTIFIERS, "rectify: the signal itself, where it is above 0"),
    "MaxPool": "unpool by the switches: each value goes to where its window's maximum was",
    "AveragePool": "spread each value evenly over its window",
    "GlobalAveragePool": "spread each value evenly over its map",
    "Concat": "take the part that is this input's",
    "Add": "pass the signal on to both",
}

_CARD = Card(
    formula="R ← unpool by switches, rectify, filter with Wᵀ, from the unit's activation down to the pixels",
    source="Zeiler & Fergus, 2014, arXiv 1311.2901, §2.1 and Fig 1",
    shows="How one activation is brought back to the pixels, step by step, and what comes out.",
    hides="Why the unit fired: the projection shows what of this image went into it, with the caution that is noted.",
    cost="1 forward and 1 backward pass",
)


@paper_figure("1", request=UnitRequest, title="The deconvnet of one unit")
@answers(UnitRequest, card=_CARD)
def unit(run: Run, request: UnitRequest) -> Figure:
    """Show one unit's map, what it sees of the image, its projection, and the way back as a table.

    Raises NotFoundError for a layer, channel or position that there is none of.
    """
    x = prepared(run, request.images)
    if len(x) != 1:
        raise InvalidInputError(f"One image shows one unit; {len(x)} were given.", field="images")
    engine = run.engine
    layer = layer_with_maps_below(engine, request.layer, tensor=engine.head.scores)
    values = run.forward(x.values, [layer.output])[layer.output][0]
    target = Unit(layer.name, request.channel, request.position)
    found = resolve(engine, target, values, image=0).resolved
    channel, position = found.channel or 0, found.position or ()
    peak = Peak(value=found.value, image=0, position=position)
    window = Windows(run, layer, pads=False).of(position, x.values)
    ((projected, picture),) = projections(run, layer, [(channel, peak)], [x])
    shown = example(run, x.values, window, peak, projection=Projection(values=projected, picture=picture))
    name = f"{layer.name}, channel {channel}, at {', '.join(map(str, position)) or 'its only place'}"
    panels = [
        *_where(run, layer, x.values, values, channel, position, window),
        Panel(
            title="What the unit projects to, and what it sees",
            result=Examples(
                rows=(ExampleRow(title=name, layer=layer.name, channel=channel, examples=(shown,)),)
            ),
            caption="All other activations of the layer are set to 0, and this one goes back to the pixels.",
        ),
        Panel(title="The way back", result=_way(run, layer)),
    ]
    return Figure(title=f"The deconvnet of {name}", panels=tuple(panels), notes=run.notes)


def _where(
    run: Run,
    layer: Layer,
    x: Array,
    values: Array,
    channel: int,
    position: tuple[int, ...],
    window: Window,
) -> list[Panel]:
    """Return the image with what the unit sees, and its map with the unit, as far as they have rows and columns."""
    if len(window.seen) != 2:
        return []
    engine = run.engine
    photo = Image.fromarray(
        photograph_of(x[0], layout=batched(engine.model.input.layout), spec=engine.model.preprocessing)
    )
    (top, bottom), (left, right) = window.seen
    panels = [_panel("The image, and what the unit sees", _boxed(photo, (left, top, right, bottom)))]
    plane = np.moveaxis(values, channel_axis(layer, values.ndim), 0)[channel]
    if plane.ndim == 2 and np.isfinite(plane).all():
        drawn = heatmap(to_heat(plane.astype(np.float64)), low=0.0, high=1.0)
        row, column = position
        panels.append(_panel("Its map, and the unit", _boxed(drawn, (column, row, column + 1, row + 1))))
    return panels


def _boxed(picture: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """Return a picture, enlarged, with a box around some of its pixels."""
    wide = fit(picture.convert("RGB"), (_SIDE, _SIDE))
    across, down = wide.width / picture.width, wide.height / picture.height
    left, top, right, bottom = box
    ends = [round(left * across), round(top * down), round(right * across) - 1, round(bottom * down) - 1]
    ImageDraw.Draw(wide).rectangle(ends, outline=_INK, width=2)
    return wide


def _panel(title: str, picture: Image.Image) -> Panel:
    pixels = np.asarray(picture)
    return Panel(title=title, result=Images(images=(Picture(pixels=pixels, caption=title),)))


def _way(run: Run, layer: Layer) -> Table:
    """Return what happens to the signal on its way back, from the unit to the image."""
    model = run.engine.model
    rows = []
    for step in reversed(run.engine.way_to(layer.output)):
        passed = model.layer_giving(step.tensor)
        shape = "" if passed is None else shape_text(passed.shape[1:])
        name = step.tensor if passed is None else passed.name
        kind = step.op_type.removeprefix("QLinear")
        rows.append(Row(cells=(name, step.op_type, shape, _BACK.get(kind, "the gradient of the operator"))))
    columns = ("layer", "operator", "gives", "on the way back")
    return Table(columns=columns, rows=tuple(rows))
