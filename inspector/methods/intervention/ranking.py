"""Effects as a result: a table of channels, those that act most first, and pictures of where those fire."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, isfinite

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.intervention.effects import Effect
from inspector.methods.placing import placed
from inspector.methods.prepared import prepared_parts
from inspector.render.overlay import overlay
from inspector.render.photograph import photograph_of
from inspector.resolve.names import label_of
from inspector.types.arrays import Array
from inspector.types.images import ImageLike
from inspector.types.layers import Layer
from inspector.types.layouts import space_of
from inspector.types.results.base import Cell
from inspector.types.results.images import Example, ExampleRow, Examples
from inspector.types.results.table import Row, Table

_MOST_IMAGES = 5
"""On which one channel is drawn."""

Size = Callable[[Effect], float]
"""By what channels are ranked, whatever its sign."""


def of_answer(effect: Effect) -> float:
    """Return the mean change of the answer."""
    return effect.mean


def of_score(effect: Effect) -> float:
    """Return the mean change of what is explained, which no softmax flattens."""
    return effect.score


def ranked(effects: Sequence[Effect], size: Size) -> list[Effect]:
    """Return effects, the largest first; what is not finite comes last."""
    sizes = {id(one): size(one) for one in effects}
    return sorted(effects, key=lambda one: -abs(sizes[id(one)]) if isfinite(sizes[id(one)]) else inf)


def table_of(
    run: Run,
    effects: Sequence[Effect],
    *,
    title: str,
    output: str | None,
    size: Size,
    more: tuple[str, Callable[[Effect], Cell]] | None = None,
) -> Table:
    """Return a row per channel, and first that of all of them together, which comes last in `effects`."""
    head = run.engine.head_of(output)
    columns = ["channel", "change", "score", "largest change", "answers changed", "to"]

    def row(effect: Effect, name: Cell) -> Row:
        largest = effect.changes[effect.strongest]
        other = effect.other()
        label = None if other < 0 else label_of(run.engine.model, head, other) or str(other)
        cells: list[Cell] = [
            name,
            effect.mean,
            effect.score,
            largest,
            effect.flips / len(effect.changes),
            label,
        ]
        if more is not None:
            cells.insert(3, more[1](effect))
        return Row(cells=tuple(cells))

    if more is not None:
        columns.insert(3, more[0])
    *single, together = effects
    rows = [row(together, "all" if len(single) != 1 else "alone")] if len(single) != 1 else []
    rows += [row(one, one.group[0]) for one in ranked(single, size)]
    return Table(columns=tuple(columns), rows=tuple(rows), title=title)


def pictures_of(
    run: Run,
    images: ImageLike,
    effects: Sequence[Effect],
    layer: Layer,
    *,
    top: int,
    size: Size,
    is_one: bool = False,
) -> Examples | None:
    """Draw where the `top` channels that act most fire, on the images where they act most; None without maps.

    The images are those on which the effects were measured; or a single one, on which all are drawn.
    """
    chosen = [one for one in ranked(effects[:-1], size)[: max(top, 0)] if np.isfinite(size(one))]
    if space_of(run.engine.model.input.layout) != "HW" or not chosen:
        return None
    places = [[0] if is_one else _strongest(one) for one in chosen]
    wanted = {place for several in places for place in several}
    drawn: dict[tuple[int, int], Array] = {}
    for rows, part in prepared_parts(run, images):
        for place in sorted(wanted.intersection(rows)):
            image = part.values[place - rows.start][None]
            values = run.forward(image, [layer.output])[layer.output]
            try:
                planes = _planes(run, layer, values, image)
            except InvalidInputError:
                return None  # a layer without maps: it has nothing to lay over a photograph
            for number, one in enumerate(chosen):
                if place in places[number]:
                    drawn[number, place] = _drawn(run, image[0], planes[one.group[0]])
        if max(wanted) < rows.stop:
            break
    return _examples(chosen, places, drawn, layer, size)


def _strongest(effect: Effect) -> list[int]:
    """Return the images on which it acts most, the strongest first."""
    sizes = np.abs(np.nan_to_num(np.asarray(effect.changes), nan=0.0))
    found: list[int] = np.argsort(-sizes, kind="stable")[:_MOST_IMAGES].tolist()
    return found


def _examples(
    chosen: Sequence[Effect],
    places: Sequence[Sequence[int]],
    drawn: Mapping[tuple[int, int], Array],
    layer: Layer,
    size: Size,
) -> Examples:
    """Return a row per channel, or, of one image, one row with all of them."""

    def example(number: int, place: int, caption: str, value: float) -> Example:
        pixels = drawn[number, place]
        window = (0, 0, *pixels.shape[:2])
        return Example(image=str(place), value=value, window=window, pixels=pixels, caption=caption)

    if all(len(several) == 1 for several in places):
        row = ExampleRow(
            title="Channels, and the change by each",
            examples=tuple(
                example(number, several[0], f"channel {one.group[0]}", size(one))
                for number, (one, several) in enumerate(zip(chosen, places, strict=True))
            ),
            layer=layer.name,
        )
        return Examples(rows=(row,))
    return Examples(
        rows=tuple(
            ExampleRow(
                title=f"Channel {one.group[0]}: {size(one):+.3g} on the average",
                examples=tuple(
                    example(number, place, f"image {place}", one.changes[place]) for place in several
                ),
                layer=layer.name,
                channel=one.group[0],
            )
            for number, (one, several) in enumerate(zip(chosen, places, strict=True))
        )
    )


def _planes(run: Run, layer: Layer, values: Array, image: Array) -> Array:
    """Return the maps of all channels of one image at its size."""
    grid = placed(run, layer, values, image)
    maps = grid.maps(values).astype(np.float32)[0]
    return grid.enlarged(maps.mean(axis=tuple(range(1 + len(grid.size), maps.ndim))))


def _drawn(run: Run, image: Array, plane: Array) -> Array:
    """Return a map's magnitude over its photograph, uint8 (H, W, 3): where it is 0, it is dark."""
    model = run.engine.model
    photo = photograph_of(image, layout=model.input.layout, spec=model.preprocessing)
    strength = np.abs(np.nan_to_num(plane.astype(np.float64)))
    drawn = overlay(photo, strength / max(float(strength.max()), np.finfo(np.float64).tiny))
    return np.asarray(drawn.convert("RGB"))
