"""What each layer saw of one image."""

from __future__ import annotations

from inspector.render.blocks import FigureSize
from inspector.report.chapter import chapter
from inspector.report.chapters.units import layers_to_show
from inspector.report.draft import Draft
from inspector.types.layers import Layer

MOST = 4


@chapter("feature-maps", order=70)
def feature_maps(draft: Draft) -> None:
    """Show all feature maps of a few layers."""
    subject = draft.subjects[0]
    draft.section("What each layer saw", f"All feature maps of {subject.name}, layer by layer.")
    for layer in layers_to_show(draft.layers, most=draft.effort.layers) or _spread(draft.layers):
        with draft.part(f"feature maps of layer {layer.name}"):
            seen = draft.model.activations(subject.image, layers=[layer.name])
            draft.notes_of(seen)
            pictures = seen.pictures()
            for picture in pictures:
                draft.page.add_figure(picture, layer.name, size=FigureSize.MEDIUM)
            if not pictures:
                draft.note(f"Layer {layer.name} computed nothing that can be drawn.")


def _spread(layers: tuple[Layer, ...]) -> list[Layer]:
    """Return a few layers over the depth of a network without maps."""
    step = max(1, len(layers) // MOST)
    return list(layers[step - 1 :: step][:MOST])
