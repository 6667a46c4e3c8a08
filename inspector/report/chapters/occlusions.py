"""Where the evidence is: what hiding parts of the input does to the answer."""

from __future__ import annotations

from math import ceil

import numpy as np
from PIL import Image

from inspector.render.blocks import FigureSize
from inspector.report.chapter import chapter
from inspector.report.draft import Draft
from inspector.types.results.sweep import Sweep

SHOWN = 3


@chapter("occlusions", order=50)
def occlusions(draft: Draft) -> None:
    """Show the sweeps that change the answer most."""
    draft.section(
        "Where the evidence is",
        "A gray square slides over the image (Zeiler & Fergus 2014, Fig 7): what becomes of the answer, of the most "
        "probable class, and of the total activation of the strongest map, wherever the square stands. Of the images "
        "tried, those whose answer suffers most.",
    )
    found: list[tuple[float, str, Sweep]] = []
    for subject in draft.subjects[-draft.effort.occluded :]:
        with draft.part(f"occluding {subject.name}"):
            size, stride = _square(draft, draft.given.get(subject.name))
            sweep = draft.model.occlude(subject.image, size=size, stride=stride)
            found.append((_loss(sweep), subject.name, sweep))
    for _, name, sweep in sorted(found, key=lambda entry: -entry[0])[:SHOWN]:
        with draft.part(f"the picture of {name}"):
            draft.notes_of(sweep)
            _show(draft, name, sweep)


def _show(draft: Draft, name: str, sweep: Sweep) -> None:
    words = f"{name}: {'; '.join(sweep.summary())}"
    pictures: list[Image.Image] = sweep.pictures()
    if pictures:
        draft.page.add_figure(pictures[0], words, size=FigureSize.WIDE)
    else:
        draft.page.add_text(words)


def _loss(sweep: Sweep) -> float:
    finite = sweep.probability[np.isfinite(sweep.probability)]
    loss = sweep.baseline_probability - float(finite.min()) if finite.size else 0.0
    return loss if np.isfinite(loss) else 0.0


def _square(draft: Draft, shape: tuple[int, ...] | None) -> tuple[list[int] | None, list[int] | None]:
    """Return size and stride of the square, so that it stands at as many places as the model is fast enough for."""
    space = _space(draft.info.input.layout, shape)
    if not space:
        return None, None
    places = draft.effort.places(len(space))
    size = [max(1, side * 3 // 8) for side in space]
    stride = [max(1, ceil((side - one) / (places - 1))) for side, one in zip(space, size, strict=True)]
    return size, stride


def _space(layout: str, shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return the sizes of the axes of space in the shape of one input."""
    if shape is None or len(shape) < 2 or "C" not in layout[1:]:
        return ()
    return shape[1:] if layout.startswith("NC") else shape[:-1]
