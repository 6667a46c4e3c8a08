"""A small line chart: several curves over one axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from inspector.errors import InvalidInputError
from inspector.render.arrange import PAPER, stack
from inspector.render.colormaps import CATEGORIES
from inspector.render.legend import Rgb
from inspector.render.normalize import FloatArray
from inspector.render.text import INK, font, line, shorten

_TEXT_SIZE = 15
_MARGIN = 10
_GRID = (224, 226, 230)
_DASHES = (None, (10.0, 6.0), (3.0, 4.0))
"""Lines beyond the colors differ by their dashes: lengths of stroke and gap in pixels."""
_SCALE = 2
"""Curves are drawn this much larger and averaged down, so that slopes are smooth."""

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """One axis of numbers, from pixel `start` to pixel `stop`."""

    ticks: tuple[float, ...]
    start: float
    stop: float

    def at(self, values: FloatArray) -> FloatArray:
        low, high = self.ticks[0], self.ticks[-1]
        return self.start + (values - low) / (high - low) * (self.stop - self.start)


def line_chart(
    x: npt.ArrayLike,
    curves: Mapping[str, npt.ArrayLike],
    *,
    x_label: str = "",
    y_label: str = "",
    title: str = "",
    width: int = 720,
    height: int = 420,
) -> Image.Image:
    """Draw curves, each (P,), over places x (P,); where a value is not finite, its curve has a gap."""
    places = np.asarray(x, np.float64)
    lines = {name: np.asarray(values, np.float64) for name, values in curves.items()}
    wrong = [name for name, values in lines.items() if values.shape != places.shape]
    if wrong or places.ndim != 1 or not lines:
        raise InvalidInputError(
            f"A chart needs curves with one value per place: x has shape {places.shape}, "
            f"{', '.join(f'{name!r} {lines[name].shape}' for name in wrong) or 'and there is no curve'}.",
            field="curves",
        )
    frame = _Frame.around(places, lines, size=(width, height), y_label=y_label)
    picture = frame.draw_grid(x_label=x_label, y_label=y_label)
    picture.paste(frame.draw_curves(places, lines), frame.corner)
    parts = [picture, _legend(lines, left=frame.corner[0], width=width)]
    if title:
        parts.insert(0, line(title, width=width, size=_TEXT_SIZE + 2))
    return stack(parts, gap=4)


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """Where the axes lie within the picture."""

    size: tuple[int, int]
    corner: tuple[int, int]
    """The upper left pixel of the plotted part."""
    inner: tuple[int, int]
    """Width and height of the plotted part."""
    across: _Axis
    up: _Axis

    @classmethod
    def around(
        cls, places: FloatArray, lines: Mapping[str, FloatArray], *, size: tuple[int, int], y_label: str
    ) -> _Frame:
        ys = ticks(_range(np.concatenate(list(lines.values()))), most=6)
        xs = ticks(_range(places), most=8)
        face = font(_TEXT_SIZE)
        left = _MARGIN + round(max(face.getlength(text) for text in tick_labels(ys))) + 8
        top = _MARGIN + (round(_TEXT_SIZE * 1.6) if y_label else 4)
        right = size[0] - _MARGIN - round(face.getlength(tick_labels(xs)[-1]) / 2)
        bottom = size[1] - _MARGIN - round(_TEXT_SIZE * 3.2)
        inner = (right - left, bottom - top)
        return cls(
            size=size,
            corner=(left, top),
            inner=inner,
            across=_Axis(ticks=xs, start=0, stop=inner[0] - 1),
            up=_Axis(ticks=ys, start=inner[1] - 1, stop=0),
        )

    def draw_grid(self, *, x_label: str, y_label: str) -> Image.Image:
        picture = Image.new("RGB", self.size, PAPER)
        draw, face = ImageDraw.Draw(picture), font(_TEXT_SIZE)
        left, top = self.corner
        right, bottom = left + self.inner[0], top + self.inner[1]
        for text, place in zip(
            tick_labels(self.across.ticks), self.across.at(np.array(self.across.ticks)), strict=True
        ):
            draw.line((left + place, bottom, left + place, bottom + 5), fill=INK)
            draw.text((left + place, bottom + 8), text, fill=INK, font=face, anchor="ma")
        across = shorten(x_label, face, width=self.size[0])
        draw.text(((left + right) / 2, self.size[1] - 4), across, fill=INK, font=face, anchor="md")
        for text, place in zip(tick_labels(self.up.ticks), self.up.at(np.array(self.up.ticks)), strict=True):
            draw.text((left - 8, top + place), text, fill=INK, font=face, anchor="rm")
            draw.line((left - 5, top + place, left, top + place), fill=INK)
        draw.text((_MARGIN, 4), shorten(y_label, face, width=right - _MARGIN), fill=INK, font=face)
        return picture

    def draw_curves(self, places: FloatArray, lines: Mapping[str, FloatArray]) -> Image.Image:
        width, height = self.inner
        picture = Image.new("RGB", (width * _SCALE, height * _SCALE), PAPER)
        draw = ImageDraw.Draw(picture)
        for place in self.up.at(np.array(self.up.ticks)) * _SCALE:
            draw.line((0, place, width * _SCALE, place), fill=_GRID, width=_SCALE)
        draw.line((0, 0, 0, height * _SCALE), fill=INK, width=_SCALE)
        draw.line((0, height * _SCALE - 1, width * _SCALE, height * _SCALE - 1), fill=INK, width=_SCALE)
        for index, values in enumerate(lines.values()):
            points = np.stack([self.across.at(places), self.up.at(values)], axis=1) * _SCALE
            for piece in _pieces(points):
                _draw_line(draw, piece, index)
        return picture.resize((width, height), Image.Resampling.BOX)


def ticks(ends: Range, *, most: int) -> tuple[float, ...]:
    """Return round numbers, 1, 2 or 5 times a power of ten apart, the first below and the last above a range."""
    low, high = ends
    rough = (high - low) / (most - 1)
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return tuple(step * index for index in range(first, max(last, first + 1) + 1))


def tick_labels(places: tuple[float, ...]) -> list[str]:
    """Return the numbers at ticks, with as many decimals as tell them apart."""
    step = places[1] - places[0]
    largest = max(abs(place) for place in places)
    if largest >= 1e6 or largest < 1e-3:
        return [f"{place:.3g}" for place in places]
    decimals = max(0, -floor(log10(step) + 1e-9))
    return [f"{place + 0.0:,.{decimals}f}" for place in places]


def _range(values: FloatArray) -> Range:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if high - low <= 1e-12 * max(abs(low), abs(high)):  # all alike: a line in the middle
        around = abs(low) / 2 or 1.0
        return low - around, high + around
    return low, high


def _pieces(points: FloatArray) -> list[FloatArray]:
    """Return the parts of a curve between its gaps."""
    finite = np.isfinite(points).all(axis=1)
    ends = np.flatnonzero(np.diff(finite.astype(int))) + 1
    return [part for part in np.split(points, ends) if np.isfinite(part).all() and len(part)]


def _draw_line(draw: ImageDraw.ImageDraw, points: FloatArray, index: int) -> None:
    color, dash = _look(index)
    width = 2 * _SCALE
    if len(points) == 1:
        x, y = points[0]
        draw.ellipse((x - width, y - width, x + width, y + width), fill=color)
        return
    for part in [points] if dash is None else _dashed(points, stroke=dash[0] * _SCALE, gap=dash[1] * _SCALE):
        draw.line([(float(x), float(y)) for x, y in part], fill=color, width=width, joint="curve")


def _dashed(points: FloatArray, *, stroke: float, gap: float) -> list[FloatArray]:
    """Return the strokes of a line, by its length."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    strokes = []
    for start in np.arange(0.0, lengths[-1], stroke + gap):
        stop = min(start + stroke, lengths[-1])
        inside = lengths[(lengths > start) & (lengths < stop)]
        along = np.concatenate([[start], inside, [stop]])
        strokes.append(np.stack([np.interp(along, lengths, points[:, axis]) for axis in (0, 1)], axis=1))
    return strokes


def _look(index: int) -> tuple[Rgb, tuple[float, float] | None]:
    return CATEGORIES[index % len(CATEGORIES)], _DASHES[index // len(CATEGORIES) % len(_DASHES)]


def _legend(lines: Mapping[str, FloatArray], *, left: int, width: int) -> Image.Image:
    """Draw a short stroke and the name of each curve, in as many lines as it takes."""
    face, step, sample = font(_TEXT_SIZE), round(_TEXT_SIZE * 1.5), 28
    entries: list[tuple[int, int, str]] = []
    x, row = left, 0
    for name in lines:
        words = shorten(name, face, width=width - left - sample - 8)
        needed = sample + 6 + round(face.getlength(words)) + 18
        if x > left and x + needed > width:
            x, row = left, row + 1
        entries.append((x, row, words))
        x += needed
    large = Image.new("RGB", (width * _SCALE, step * (row + 1) * _SCALE), PAPER)
    draw = ImageDraw.Draw(large)
    for index, (x, row, _) in enumerate(entries):
        middle = (row + 0.5) * step
        _draw_line(draw, np.array([[x, middle], [x + sample, middle]]) * _SCALE, index)
    picture = large.resize((width, large.height // _SCALE), Image.Resampling.BOX)
    words_on = ImageDraw.Draw(picture)
    for x, row, words in entries:
        words_on.text((x + sample + 6, (row + 0.5) * step), words, fill=INK, font=face, anchor="lm")
    return picture
