"""Layers of which a part does nothing."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.activity import activity
from inspector.checks.rule import Found, rule
from inspector.checks.several import first_of, several


@rule(
    "dead-channels",
    family="health",
    severity="warning",
    rationale="A channel that gives the same for every image costs as much as any other: its filter died in "
    "training, or was broken by a conversion.",
    mend="Compare the layer with the model before it was converted; where its channels are dead there too, cut them "
    "out, or train again with a smaller step.",
    needs=("images", "runs"),
)
def dead_channels(examination: Examination, *, share: float = 0.5, images: int = 16) -> Iterator[Found]:
    """Find layers with weights of whose channels at least a share is dead: one value everywhere, whatever the image.

    A channel that is silent on some images may wait for others. How many do is guessed from how many channels a single
    image woke, and left out; of fewer than so many images nothing is said. Trained models have up to 54% dead
    channels in a layer by this measure, and seldom more than 40%.
    """
    seen = examination.measured(activity)
    found, count = seen.watched.layers, seen.images
    if not found:
        raise SkippedError("the model has no layer with constant weights.")
    if count < images:
        raise SkippedError(
            f"{count} {'image wakes' if count == 1 else 'images wake'} too few channels to tell which are dead; give "
            f"at least {images}."
        )
    yield from several(
        Found(
            subject=one.layer.name,
            kind="layer",
            operator=one.layer.op_type,
            message=f"{len(one.silent):,} of the {len(one.counts):,} channels of {one.layer.name!r} are the same "
            f"everywhere on all of {one.images} images: {first_of(one.silent.tolist())}.",
            measured=f"{one.dead:.0%} dead, of {one.images} images",
            allowed=f"less than {share:.0%}",
        )
        for one in found
        if len(one.silent) and one.dead >= share
    )
