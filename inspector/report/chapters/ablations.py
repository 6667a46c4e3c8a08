"""What the answer rests on: what becomes of it without a channel."""

from __future__ import annotations

from inspector.report.chapter import chapter
from inspector.report.chapters.units import has_maps
from inspector.report.draft import Draft

IMAGES = 2
SHARE = 0.25
"""Of a forward pass, what lies behind the last layer with maps, at most."""


@chapter("ablations", order=55)
def ablations(draft: Draft) -> None:
    """Rank the channels of the last layer with maps by what the answer loses without them."""
    draft.section(
        "What the answer rests on",
        "What lights up need not matter: here each channel of a layer is set to zero, one after another, and the rest "
        "of the network runs on it. The channels without which the answer loses most come first.",
    )
    maps = [layer for layer in draft.layers if has_maps(layer) and layer.channels]
    if not maps:
        draft.note("Not shown: no layer of this model has channels that are known to be maps.")
        return
    layer = maps[-1]
    images = [subject.image for subject in draft.subjects[:IMAGES]]
    most = draft.effort.affordable(SHARE * len(images), most=layer.channels or 0)
    if not most:
        draft.too_long("ablate")
        return
    with draft.part(f"taking channels of {layer.name} away"):
        channels = None if most == layer.channels else list(range(most))
        if channels is not None:
            draft.note(f"Of the {layer.channels} channels of {layer.name}, the first {most} are tried.")
        draft.show(
            draft.model.ablate(images, layer=layer.name, channels=channels), f"channels of {layer.name}"
        )
