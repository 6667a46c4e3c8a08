"""An image that has other channels than pictures have."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.rule import Found, rule
from inspector.model.inputs import IMAGE_CHANNELS
from inspector.types.layers import shape_text
from inspector.types.layouts import channel_axis


@rule(
    "image-channels",
    family="preprocessing",
    severity="warning",
    rationale="Pictures have 1, 3 or 4 channels. Where the first layer reads another axis for them than the one of "
    "such a size, rows were taken for channels at export.",
    mend="Export with the axes in the order in which the images come, or with a Transpose before the first layer; an "
    "input of other channels by design needs its preprocessing given.",
)
def image_channels(examination: Examination) -> Iterator[Found]:
    """Find an image input with other than 1, 3 or 4 channels, and the axis that looks as if it were meant."""
    given = examination.model.input
    if len(given.space) != 2:
        raise SkippedError("the input is no image.")
    if given.channels is None:
        raise SkippedError("how many channels the image has is not known.")
    if given.channels in IMAGE_CHANNELS:
        return
    axis = channel_axis(given.layout)
    meant = [
        place for place, size in enumerate(given.shape) if place and place != axis and size in IMAGE_CHANNELS
    ]
    hint = f"; axis {meant[0]} has {given.shape[meant[0]]}" if meant else ""
    yield Found(
        subject=given.name,
        kind="input",
        message=f"The image {given.name!r} ({shape_text(given.shape)}) is read as {given.layout}, with "
        f"{given.channels} channels{hint}.",
        measured=f"{given.channels} channels",
        allowed="1, 3 or 4",
    )
