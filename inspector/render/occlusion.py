"""The three maps of an occlusion sweep over the photograph (Zeiler & Fergus 2014, Fig 7 b, d, e)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from inspector.errors import InvalidInputError
from inspector.render.arrange import PAPER, beside, stack
from inspector.render.colormaps import CATEGORIES, OTHER_CATEGORY, Colormap, colorize
from inspector.render.flat import mosaic
from inspector.render.legend import Rgb, color_bar, color_key
from inspector.render.normalize import FloatArray, finite, to_unit
from inspector.render.overlay import PhotoArray, blend, in_gray, photograph
from inspector.render.text import ends
from inspector.types.contrast import hardly_moves

_ALPHA = 0.62
_SMALLEST_SIDE = 320
"""A smaller photograph is enlarged to this width, so that the words under it can be read; a narrow one, as far as its
height allows."""
_LARGEST_SIDE = 960
"""Photographs are not enlarged to more than this height."""
_TEXT_SIZE = 15
_MARGIN = 8
_STILL: Rgb = (128, 128, 128)
"""Of a map that hardly moves."""

Labels = Sequence[str] | Mapping[int, str]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class OcclusionFigure:
    """Each picture stands alone, with its legend below it."""

    probability: Image.Image
    """Fig 7 d: the class's probability while the square is there; dark where hiding it hurts."""
    label: Image.Image
    """Fig 7 e: the most probable label while the square is there."""
    activation: Image.Image | None
    """Fig 7 b: the total activation of the layer's strongest map while the square is there; None where none is."""

    def side_by_side(self) -> Image.Image:
        """Return them in one row."""
        pictures = (self.probability, self.label, self.activation)
        return beside([picture for picture in pictures if picture is not None], gap=16)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Canvas:
    """The photograph, and for each of its pixels the position of the square whose middle is nearest."""

    photo: PhotoArray
    over: tuple[IntArray, ...]
    """Per axis of positions its number there, in arrays that broadcast to (H, W)."""
    done: BoolArray
    factor: int

    def paint(self, cells: npt.NDArray[np.uint8]) -> Image.Image:
        """Lay the colors of the positions (…, 3) over the photograph; what is not done stays bare."""
        painted = np.asarray(blend(self.photo, cells[self.over], alpha=_ALPHA))
        untouched = np.asarray(in_gray(self.photo))
        return self._enlarged(Image.fromarray(np.where(self.done[self.over][:, :, None], painted, untouched)))

    def bare(self) -> Image.Image:
        """Return the photograph as it looks before any position is done."""
        return self._enlarged(in_gray(self.photo))

    def _enlarged(self, picture: Image.Image) -> Image.Image:
        size = (picture.width * self.factor, picture.height * self.factor)
        large = picture.resize(size, Image.Resampling.NEAREST)
        missing = max(
            0, _SMALLEST_SIDE - large.width
        )  # beside a narrow photograph, so that there is room for words
        return ImageOps.expand(large, (missing // 2, 0, missing - missing // 2, 0), PAPER)


def occlusion_figure(
    image: npt.ArrayLike,
    probability: npt.ArrayLike,
    label: npt.ArrayLike,
    activation: npt.ArrayLike | None,
    *,
    tops: npt.ArrayLike,
    lefts: npt.ArrayLike,
    size: Sequence[int],
    fronts: npt.ArrayLike | None = None,
    labels: Labels | None = None,
    target: str = "the class",
    answer: str = "Probability",
    layer: str = "the layer",
    done: npt.ArrayLike | None = None,
    baselines: tuple[float, float] = (0.0, 0.0),
) -> OcclusionFigure:
    """Draw probability, label and activation, each (R, C), over image (H, W, 3) uint8 as the model sees it.

    The square of `size` (height, width) at position (r, c) has its corner at pixel (tops[r], lefts[c]). Each
    pixel takes the color of the position whose square has its middle nearest to it: nothing is interpolated. A volume
    (D, H, W, 3) has `fronts` and three axes of positions too, and is drawn as slices. `answer` names what `probability`
    holds. `done` leaves out positions that a sweep has not reached yet.
    `baselines` are probability and activation without the square: a map that hardly moves against its own is not
    stretched over the colors, and the photograph stays bare.
    """
    given = np.asarray(image)
    photo = photograph(mosaic(given) if given.ndim == 4 else given)
    edges = [np.asarray(one) for one in (fronts, tops, lefts) if one is not None]
    positions = tuple(one.size for one in edges)
    reached = np.ones(positions, dtype=bool) if done is None else np.asarray(done, dtype=bool)
    named = {"probability": probability, "label": label, "activation": activation}
    maps = {
        name: _reached_values(values, reached, positions, field=name)
        for name, values in named.items()
        if values is not None
    }
    nearest = np.ix_(
        *(
            _nearest(one, extent=extent, size=side)
            for one, extent, side in zip(edges, given.shape, size, strict=False)
        )
    )
    over = tuple(nearest)
    if given.ndim == 4:
        full = np.broadcast_arrays(*nearest)
        over = tuple(mosaic(one[..., None])[:, :, 0] for one in full)
    height, width = photo.shape[:2]
    factor = max(1, min(-(-_SMALLEST_SIDE // width), _LARGEST_SIDE // height))
    canvas = _Canvas(photo=photo, over=over, done=reached, factor=factor)
    return OcclusionFigure(
        probability=_range_picture(
            canvas, maps["probability"], title=f"{answer} of {target}", beside=baselines[0]
        ),
        label=_label_picture(canvas, maps["label"].astype(np.int64), labels),
        activation=_range_picture(
            canvas, maps["activation"], title=f"Total activation in {layer}", beside=baselines[1]
        )
        if "activation" in maps
        else None,
    )


def _range_picture(canvas: _Canvas, values: FloatArray, *, title: str, beside: float) -> Image.Image:
    reached = values[canvas.done]
    if reached.size == 0:
        return canvas.bare()
    low, high = float(reached.min()), float(reached.max())
    low_words, high_words = ends(low, high)
    if hardly_moves(reached, beside=beside):
        picture, one = canvas.bare(), low_words == high_words
        words = f"alike everywhere: {low_words if one else f'{low_words} to {high_words}'}"
        width = picture.width - 2 * _MARGIN
        return _with_legend(picture, color_key([(_STILL, words)], title=title, width=width, size=_TEXT_SIZE))
    picture = canvas.paint(colorize(to_unit(values, low=low, high=high), Colormap.HEAT))
    bar = color_bar(
        low=low_words,
        high=high_words,
        title=title,
        width=picture.width - 2 * _MARGIN,
        size=_TEXT_SIZE,
        colormap=Colormap.HEAT,
    )
    return _with_legend(picture, bar)


def _label_picture(canvas: _Canvas, winners: IntArray, labels: Labels | None) -> Image.Image:
    counts = Counter(winners[canvas.done].tolist())
    if not counts:
        return canvas.bare()
    named = sorted(counts, key=lambda index: (-counts[index], index))[: len(CATEGORIES)]
    colors = np.full((*winners.shape, 3), OTHER_CATEGORY, dtype=np.uint8)
    entries: list[tuple[Rgb, str]] = []
    for color, index in zip(CATEGORIES, named, strict=False):
        colors[winners == index] = color
        entries.append((color, f"{_name(index, labels)} ({_share(counts[index], counts.total())})"))
    rest = counts.total() - sum(counts[index] for index in named)
    if rest:
        share = _share(rest, counts.total())
        entries.append((OTHER_CATEGORY, f"{len(counts) - len(named)} more labels ({share})"))
    picture = canvas.paint(colors)
    key = color_key(entries, title="Most probable label", width=picture.width - 2 * _MARGIN, size=_TEXT_SIZE)
    return _with_legend(picture, key)


def _with_legend(picture: Image.Image, legend: Image.Image) -> Image.Image:
    return stack([picture, ImageOps.expand(legend, (_MARGIN, 0, _MARGIN, _MARGIN), PAPER)], gap=_MARGIN)


def _name(index: int, labels: Labels | None) -> str:
    if isinstance(labels, Mapping):
        return labels.get(index, f"class {index}")
    return labels[index] if labels is not None and 0 <= index < len(labels) else f"class {index}"


def _share(part: int, whole: int) -> str:
    percent = 100 * part / whole
    return "under 1 %" if percent < 1 else f"{percent:.0f} %"


def _nearest(starts: IntArray, *, extent: int, size: int) -> IntArray:
    middles = starts + size / 2
    pixels = np.arange(extent) + 0.5
    nearest: IntArray = np.abs(pixels[:, None] - middles[None, :]).argmin(axis=1)
    return nearest


def _reached_values(
    values: npt.ArrayLike, reached: BoolArray, positions: tuple[int, ...], *, field: str
) -> FloatArray:
    array = np.asarray(values)
    if array.shape != positions or reached.shape != positions:
        axes = ("planes", "rows", "columns")[-len(positions) :]
        counts = " and ".join(f"{count} {axis}" for count, axis in zip(positions, axes, strict=True))
        raise InvalidInputError(
            f"{field} has shape {array.shape} and done {reached.shape}, but tops and lefts give "
            f"{counts} of positions; they must agree.",
            field=field,
        )
    return finite(np.where(reached, array, 0), field=field)  # whatever stands where nothing was computed yet
