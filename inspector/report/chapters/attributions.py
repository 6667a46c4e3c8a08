"""Why the answer is what it is: ways back to the input."""

from __future__ import annotations

import numpy as np
from PIL import Image

from inspector.render.blocks import FigureSize
from inspector.render.chart import line_chart
from inspector.render.photograph import photograph_of
from inspector.report.chapter import chapter
from inspector.report.draft import Draft
from inspector.types.results.maps import Maps

METHODS = ("saliency", "deconvnet", "guided", "gradcam")


@chapter("attributions", order=20)
def attributions(draft: Draft) -> None:
    """Show maps of the default target by several methods, beside what the model was given."""
    draft.section(
        "Why the answer is what it is",
        f"Ways back from what the model answers first to the input: {', '.join(METHODS)}; first what it was given.",
    )
    for subject in draft.subjects[: draft.effort.images]:
        found: list[Maps] = []
        for method in METHODS:
            with draft.part(f"{method} of {subject.name}"):
                found.append(draft.model.attribute(subject.image, method=method))
        if not found:
            continue
        draft.given[subject.name] = found[0].inputs[0].shape
        with draft.part(f"the picture of {subject.name}"):
            _show(draft, subject.name, found)


def given(result: Maps) -> Image.Image | None:
    """Return the picture that the model was given; None where it is none."""
    if result.layout not in ("NCHW", "NHWC") or result.inputs.ndim != 4:
        return None
    pixels = photograph_of(result.inputs[0], layout=result.layout, spec=result.preprocessing)
    return Image.fromarray(pixels)


def _show(draft: Draft, name: str, found: list[Maps]) -> None:
    draft.notes_of(*found)
    for one in found:
        draft.note(one.caution or "")
    target = found[0].targets[0]
    caption = f"{name}: {target.label or target}"
    photograph = given(found[0])
    pictures = [(one.method, picture) for one in found for picture in one.pictures()[:1]]
    if not pictures:
        draft.page.add_figure(_curves(found), caption, size=FigureSize.WIDE)
        return
    draft.page.add_group(caption)
    if photograph is not None:
        draft.page.add_figure(photograph, f"{name}, as the model is given it", size=FigureSize.MEDIUM)
    for method, picture in pictures:
        draft.page.add_figure(picture, f"{method} of {name}", size=FigureSize.MEDIUM)


def _curves(found: list[Maps]) -> Image.Image:
    """Draw maps that are no pictures as curves over the values of the input, each by its largest value."""
    curves = {}
    for one in found:
        values = np.abs(one.maps[0].astype(np.float64)).reshape(-1)
        if values.size == one.inputs[0].size:
            curves[one.method] = values / (values.max() or 1.0)
    places = np.arange(next(iter(curves.values())).size) if curves else np.arange(0)
    return line_chart(places, curves, x_label="place in the input", y_label="|map| / largest")
