"""What the model would like best: pictures made from noise."""

from __future__ import annotations

from inspector.report.chapter import chapter
from inspector.report.chapters.units import layers_to_show
from inspector.report.draft import Draft
from inspector.types.targets import Class, Target, Unit

CLASSES, CHANNELS = 3, 3
STEPS = 64
_FEWEST_STEPS = 16
_PASSES = 3
"""Forward passes that one step costs."""


@chapter("synthesis", order=40)
def synthesis(draft: Draft) -> None:
    """Show pictures that raise a few classes, and a few channels of a layer in the middle."""
    draft.section(
        "What it would like best",
        "Pictures that are made from noise so that a class, or a channel, answers as strongly as it can (Olah et al. "
        "2017). They show what it rewards, not how often it sees such a thing.",
    )
    targets: list[Target] = [Class(index) for index in _classes(draft)]
    middle = layers_to_show(draft.layers, most=3)[1:2]
    targets += [
        Unit(layer.name, channel) for layer in middle for channel in range(min(layer.channels or 0, CHANNELS))
    ]
    if not targets:
        draft.note(
            "Not shown: the model answers no classes, and no layer has maps whose channels could be asked for."
        )
        return
    steps = draft.effort.affordable(_PASSES * len(targets), most=STEPS)
    if steps < _FEWEST_STEPS:
        draft.note(
            f"Not shown: one run takes {draft.effort.seconds:.2g} s, and this takes {STEPS} steps of {_PASSES} runs "
            "for each picture. Ask for one by `inspector synthesize`."
        )
        return
    with draft.part("making pictures"):
        draft.show(draft.model.synthesize(target=targets, steps=steps), f"after {steps} steps")


def _classes(draft: Draft) -> list[int]:
    """Return the first answers on the images, each class once."""
    found = [one.classes[0].index for answer in draft.answers for one in answer if one.classes]
    return list(dict.fromkeys(found))[:CLASSES]
