"""Layers whose units see more than there is."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.rule import Found, rule
from inspector.types.layers import Layer, shape_text


@rule(
    "receptive-field",
    family="inspectability",
    severity="info",
    rationale="Where a unit's window is larger than the image, its place says little about what it sees: what is "
    "beyond the border is padding, and a map laid over the image is drawn more exactly than it is.",
    mend="Look at an earlier layer for places, or give the model larger images.",
)
def receptive_field(examination: Examination, *, times: float = 1.0) -> Iterator[Found]:
    """Find the first layer with maps whose units have windows larger than so many `times` the image."""
    model = examination.model
    space = model.input.space
    sides = [size for size in space if isinstance(size, int)]
    if not space or len(sides) < len(space):
        raise SkippedError("the size of the image is free." if space else "the input is no image.")
    mapped = [layer for layer in model.layers if _has_maps(layer)]
    wide = [layer for layer in mapped if any(_over(layer, sides, times))]
    if wide:
        first = wide[0]
        window = first.receptive_field.size if first.receptive_field is not None else ()
        yield Found(
            subject=first.name,
            kind="layer",
            operator=first.op_type,
            message=f"From layer {first.name!r} on, {len(wide)} of {len(mapped)} layers with maps have units whose "
            f"windows ({shape_text(window)} pixels there) are larger than the image ({shape_text(sides)}).",
            measured=f"{shape_text(window)} pixels",
            allowed=f"{times:g} × {shape_text(sides)} pixels",
        )


def _has_maps(layer: Layer) -> bool:
    """Return whether a layer has several places that are known, each with a window of its own."""
    field = layer.receptive_field
    return field is not None and any(one.stride > 0 and one.size > 0 for one in field.axes)


def _over(layer: Layer, sides: list[int], times: float) -> Iterator[bool]:
    if layer.receptive_field is not None:
        for axis, side in zip(layer.receptive_field.axes, sides, strict=True):
            yield axis.stride > 0 and axis.size > times * side
