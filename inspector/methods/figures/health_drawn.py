"""The health of filters as tables, curves over depth, and tiles with colored frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from inspector.engine.run import Run
from inspector.methods.figures.activity import Activity
from inspector.model.kernels import Kernels
from inspector.render.arrange import stack
from inspector.render.colormaps import CATEGORIES
from inspector.render.grid import fit, tile
from inspector.render.legend import color_key
from inspector.types.arrays import Array
from inspector.types.results.base import Cell
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.images import Images, Picture
from inspector.types.results.table import Row, Series, Table

MARKS = ("dead", "dominant", "too large", "aliased", "duplicate")
_COLORS = dict(
    zip(MARKS, (CATEGORIES[3], CATEGORIES[5], CATEGORIES[1], CATEGORIES[0], CATEGORIES[2]), strict=True)
)
_CELL, _FRAME = 52, 4
"""The side of a filter's tile, and the width of one frame around it, in pixels."""
_MOST_TILES = 144
_COLUMNS = 3
_MOST_PICTURES = 5
"""Of layers that are not named: the first, and those with marked filters."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Examined:
    """What was found of one convolution's filters, each array (filters,)."""

    kernels: Kernels
    rectifier: str | None
    rms: Array
    of_pixels: Array | None
    """The RMS for gray levels; None where no filter of it reads pixels."""
    aliased: Array
    alike: Array
    twin: Array
    activity: Activity | None
    is_judged: bool
    """Whether dead filters could be found."""
    marks: Mapping[str, Array]
    large: int

    @property
    def marked(self) -> Array:
        """Which filters have a mark."""
        return np.asarray(np.any(list(self.marks.values()), axis=0))


def drawn(run: Run, examined: Sequence[Examined], *, whole: bool) -> Figure:
    """Return the figure; `whole`: every filter stands in the table, not the marked ones alone."""
    panels = [
        Panel(title="layers", result=_layers(examined), caption="A row per convolution."),
        Panel(
            title="filters",
            result=_filters(examined, whole=whole),
            caption="A row per filter." if whole else "A row per filter with a mark.",
        ),
    ]
    if len(examined) > 1:
        panels.append(Panel(title="by depth", result=_by_depth(examined)))
    shown = (
        list(examined)
        if whole
        else [one for one in examined if one is examined[0] or _worth(one)][:_MOST_PICTURES]
    )
    for one in shown:
        picture = Images(images=(Picture(pixels=_tiles(one), caption=_caption(one)),))
        panels.append(
            Panel(title=f"filters of {one.kernels.layer.name}", result=picture, caption=_caption(one))
        )
    return Figure(panels=tuple(panels), title=_title(examined), columns=_COLUMNS, notes=run.notes)


def _title(examined: Sequence[Examined]) -> str:
    count = sum(len(one.rms) for one in examined)
    found = [f"{sum(int(one.marks[mark].sum()) for one in examined):,} {mark}" for mark in MARKS]
    return f"Health of {count:,} filters in {len(examined)} convolutions: {', '.join(found)}"


def _worth(one: Examined) -> bool:
    """Return whether a layer has marks, and filters that are more than a number."""
    return bool(one.marked.any()) and max(one.kernels.weights.shape[2:]) > 1


def _caption(one: Examined) -> str:
    marked = int(one.marked.sum())
    return f"{min(len(one.rms), _MOST_TILES)} of {len(one.rms)} filters, {marked} marked"


def _layers(examined: Sequence[Examined]) -> Table:
    rows = []
    for one in examined:
        activity, kernels = one.activity, one.kernels
        counts = [int(one.marks[mark].sum()) for mark in MARKS]
        cells: tuple[Cell, ...] = (
            kernels.layer.name,
            "×".join(map(str, kernels.weights.shape)),
            "×".join(map(str, kernels.strides)),
            one.rectifier,
            float(np.median(one.rms)),
            float(one.rms.max()),
            None if one.of_pixels is None else float(one.of_pixels.max()),
            one.large,
            counts[0] if one.is_judged or counts[0] else None,
            *counts[1:],
            None if activity is None else float(activity.mean.mean()),
            None if activity is None else float(activity.share.mean()),
        )
        rows.append(Row(cells=cells))
    columns = (
        *(
            "layer",
            "filters",
            "stride",
            "rectifier",
            "median RMS",
            "largest RMS",
            "largest RMS of pixels",
            "above",
        ),
        *MARKS,
        *("mean activation", "share active"),
    )
    return Table(columns=columns, rows=tuple(rows), title="Layers")


def _filters(examined: Sequence[Examined], *, whole: bool) -> Table:
    rows = []
    for one in examined:
        activity = one.activity
        for index in range(len(one.rms)) if whole else np.flatnonzero(one.marked).tolist():
            twin = int(one.twin[index])
            cells: tuple[Cell, ...] = (
                one.kernels.layer.name,
                int(index),
                ", ".join(mark for mark in MARKS if one.marks[mark][index]),
                float(one.rms[index]),
                None if one.of_pixels is None else float(one.of_pixels[index]),
                _known(one.aliased[index]),
                _known(one.alike[index]),
                None if twin < 0 else twin,
                None if activity is None else float(activity.highest[index]),
                None if activity is None else float(activity.share[index]),
            )
            rows.append(Row(cells=cells))
    columns = (
        *("layer", "filter", "marks", "RMS", "RMS of pixels", "aliased share", "correlation", "with filter"),
        *("highest activation", "share active"),
    )
    return Table(columns=columns, rows=tuple(rows), title="Filters")


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _by_depth(examined: Sequence[Examined]) -> Series:
    curves = {
        mark: np.array([float(one.marks[mark].mean()) for one in examined])
        for mark in MARKS
        if mark != "too large"
    }
    judged = np.array([one.is_judged or bool(one.marks["dead"].any()) for one in examined])
    if judged.any():
        curves["dead"] = np.where(judged, curves["dead"], np.nan)
    else:
        del curves["dead"]
    return Series(
        x=np.arange(1.0, len(examined) + 1),
        curves=curves,
        x_label="convolution, from the image to the answer",
        y_label="share of its filters",
    )


def _tiles(one: Examined) -> Array:
    """Draw filters side by side on one scale, framed in the colors of their marks."""
    shown = np.argsort(~one.marked, kind="stable")[:_MOST_TILES]  # those with marks before all others
    weights = one.kernels.weights
    peaks = np.abs(weights.reshape(len(weights), -1)).max(axis=1)
    # Half of the filters reach half of the range: a dominant filter is cut off, and the others can be seen.
    scale = 2 * float(np.median(peaks)) or float(peaks.max()) or 1.0
    cells = []
    for index in np.sort(shown).tolist():
        picture = fit(Image.fromarray(_pixels(weights[index] / scale)), (_CELL, _CELL))
        for mark in MARKS:
            if one.marks[mark][index]:
                picture = _framed(picture, _COLORS[mark])
        cells.append(picture)
    side = _CELL + 2 * _FRAME * 2
    used = [mark for mark in MARKS if one.marks[mark].any()]
    parts = [tile(cells, cell=(side, side), gap=3)]
    if used:
        entries = [(_COLORS[mark], f"{mark}: {int(one.marks[mark].sum())}") for mark in used]
        parts.append(color_key(entries, title="marked", width=max(parts[0].width, 220), size=14))
    return np.asarray(stack(parts, gap=8).convert("RGB"))


def _framed(picture: Image.Image, color: tuple[int, int, int]) -> Image.Image:
    whole = Image.new("RGB", (picture.width + 2 * _FRAME, picture.height + 2 * _FRAME), color)
    whole.paste(picture, (_FRAME, _FRAME))
    return whole


def _pixels(weights: Array) -> Array:
    """Return a filter (channels, *window) in −1..1 as a picture: three channels are colors, of others the strongest."""
    planes = weights.reshape(len(weights), -1, weights.shape[-1])
    if len(planes) != 3:
        strongest = int(np.abs(planes.reshape(len(planes), -1)).sum(axis=1).argmax())
        planes = np.repeat(planes[strongest : strongest + 1], 3, axis=0)
    unit = np.clip(0.5 + planes / 2, 0, 1)
    return np.ascontiguousarray(np.rint(255 * np.moveaxis(unit, 0, 2)).astype(np.uint8))
