"""Effects as a result: a table of channels, those that act most first, and pictures of where those fire."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.intervention.effects import Effect
from inspector.methods.placing import placed
from inspector.methods.prepared import prepared_parts
from inspector.render.normalize import to_heat
from inspector.render.overlay import overlay
from inspector.render.pictures import photograph_of
from inspector.resolve.names import label_of
from inspector.types.arrays import Array
from inspector.types.images import ImageLike
from inspector.types.layers import Layer
from inspector.types.layouts import space_of
from inspector.types.results.base import Cell
from inspector.types.results.images import Images, Picture
from inspector.types.results.table import Row, Table


def ranked(effects: Sequence[Effect]) -> list[Effect]:
    """Return effects, the largest mean change first, of whatever sign; what is not finite comes last."""
    return sorted(effects, key=lambda one: -abs(one.mean) if np.isfinite(one.mean) else np.inf)


def table_of(
    run: Run,
    effects: Sequence[Effect],
    *,
    title: str,
    output: str | None,
    more: tuple[str, Callable[[Effect], Cell]] | None = None,
) -> Table:
    """Return a row per channel, and first that of all of them together, which comes last in `effects`."""
    head = run.engine.head_of(output)
    columns = ["channel", "change", "largest change", "answers changed", "to"]

    def row(effect: Effect, name: Cell) -> Row:
        largest = effect.changes[effect.strongest]
        other = effect.other()
        label = None if other < 0 else label_of(run.engine.model, head, other) or str(other)
        cells: list[Cell] = [name, effect.mean, largest, effect.flips / len(effect.changes), label]
        if more is not None:
            cells.insert(2, more[1](effect))
        return Row(cells=tuple(cells))

    if more is not None:
        columns.insert(2, more[0])
    *single, together = effects
    rows = [row(together, "all" if len(single) != 1 else "alone")] if len(single) != 1 else []
    rows += [row(one, one.group[0]) for one in ranked(single)]
    return Table(columns=tuple(columns), rows=tuple(rows), title=title)


def pictures_of(
    run: Run,
    images: ImageLike,
    effects: Sequence[Effect],
    layer: Layer,
    *,
    top: int,
    is_one: bool = False,
) -> Images | None:
    """Draw where the `top` channels that act most fire, each on the image where it acts most; None without maps.

    The images are those on which the effects were measured; or a single one, on which all are drawn.
    """
    if space_of(run.engine.model.input.layout) != "HW":
        return None
    chosen = [one for one in ranked(effects[:-1])[: max(top, 0)] if np.isfinite(one.mean)]
    places = [one.strongest if not is_one else 0 for one in chosen]
    wanted = set(places)
    drawn: dict[int, Picture] = {}
    for rows, part in prepared_parts(run, images):
        for place in sorted(wanted.intersection(rows)):
            image = part.values[place - rows.start][None]
            values = run.forward(image, [layer.output])[layer.output]
            try:
                planes = _planes(run, layer, values, image)
            except InvalidInputError:
                return None  # a layer without maps: it has nothing to lay over a photograph
            for number, one in enumerate(chosen):
                if places[number] == place:
                    caption = f"channel {one.group[0]}: {one.mean:+.3g}"
                    if not is_one and len(one.changes) > 1:
                        caption += f" on the average, {one.changes[one.strongest]:+.3g} on image {place}"
                    drawn[number] = _picture(run, image[0], planes[one.group[0]], caption, one.mean)
        if max(wanted, default=-1) < rows.stop:
            break
    return Images(images=tuple(drawn[number] for number in sorted(drawn))) if drawn else None


def _planes(run: Run, layer: Layer, values: Array, image: Array) -> Array:
    """Return the maps of all channels of one image at its size."""
    grid = placed(run, layer, values, image)
    maps = grid.maps(values).astype(np.float32)[0]
    return grid.enlarged(maps.mean(axis=tuple(range(1 + len(grid.size), maps.ndim))))


def _picture(run: Run, image: Array, plane: Array, caption: str, value: float) -> Picture:
    model = run.engine.model
    photo = photograph_of(image, layout=model.input.layout, spec=model.preprocessing)
    drawn = overlay(photo, to_heat(np.nan_to_num(plane.astype(np.float64))))
    return Picture(pixels=np.asarray(drawn.convert("RGB")), caption=caption, value=value)
