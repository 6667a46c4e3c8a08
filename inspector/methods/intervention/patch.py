"""Activation patching: a channel of one image is put into another, and what it brings along is what it carries."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.card import Card
from inspector.methods.choosing import choose
from inspector.methods.intervention.effects import Effect, Effects, is_of_classes, layer_of
from inspector.methods.intervention.ranking import of_score, pictures_of, table_of
from inspector.methods.notes import note_target
from inspector.methods.prepared import prepared
from inspector.methods.verbs import answers
from inspector.resolve.probabilities import answers as answers_of
from inspector.resolve.probabilities import tensors_for
from inspector.types.requests.intervene import PatchRequest
from inspector.types.results.base import Cell
from inspector.types.results.figure import Figure, Panel
from inspector.types.targets import Class

_CARD = Card(
    formula="Δ_c = f(h(x) with h_c ← h_c(source)) − f(h(x)); restored = ΔS_c / (S(source) − S(x)), with S what "
    "is explained: of a class its score before the softmax.",
    source="Vig et al. 2020, “Causal mediation analysis”, §3 (arXiv 2004.12265); Zhang & Nanda 2024, “Towards best "
    "practices of activation patching” (arXiv 2309.16042).",
    shows="Which channels carry what tells the source from the image: alone they bring its answer along. “all” is 1 "
    "where everything passes the layer.",
    hides="What several channels carry only together. Two photographs differ in many ways; the closer they are, the "
    "more a difference means.",
    cost="Per image one forward pass and, per channel, the part of a forward pass behind the layer.",
)


@answers(PatchRequest, card=_CARD)
def patch(run: Run, request: PatchRequest) -> Figure:
    """Put each channel of the source into each other image; the progress tells replacements.

    The target is chosen on the source.
    """
    x = prepared(run, request.images).values
    if len(x) < 2:
        raise InvalidInputError(
            f"Patching takes the source and at least one other image; {len(x)} was given.", field="images"
        )
    if not -len(x) <= request.source < len(x):
        raise InvalidInputError(
            f"source is {request.source}; there are {len(x)} images, from 0 to {len(x) - 1}.", field="source"
        )
    place = request.source % len(x)
    source, target = x[place][None], request.target or Class()
    layer = layer_of(run, request.layer, target)
    chosen = choose(run, source, target)
    found = run.forward(source, [layer.output, *tensors_for(run.engine, chosen)])
    aimed = float(answers_of(run.engine, chosen, found, source)[0])
    own = found[layer.output][0]
    measured = Effects(run, layer)
    groups = measured.require_channels(source, request.channels)
    others = [index for index in range(len(x)) if index != place]
    for number, index in enumerate(others):
        measured.measure(
            x[index][None], chosen, own, done=number * len(groups), total=len(others) * len(groups)
        )
    before, score = float(np.mean(measured.before)), float(np.mean(measured.scores))

    def restored(effect: Effect) -> Cell:
        return effect.score / (chosen.resolved.value - score) if chosen.resolved.value != score else None

    what = str(chosen.resolved)
    answer = f"probability of {what}" if is_of_classes(run, target) else what
    measured.note(source, target=answer)
    note_target(run, target)
    table = table_of(
        run,
        measured.effects,
        title=f"{layer.name}, each channel taken from image {place}: change of the {answer}, {before:.4g} before, "
        f"{aimed:.4g} on the source",
        output=target.output if isinstance(target, Class) else None,
        size=of_score,
        more=("restored", restored),
    )
    panels = [Panel(title="channels", result=table, caption="Those that act most come first.")]
    drawn = pictures_of(
        run, list(source), measured.effects, layer, top=request.top, size=of_score, is_one=True
    )
    if drawn is not None:
        caption = "Where the channels that bring most along fire on the source."
        panels.append(Panel(title="where they fire", result=drawn, caption=caption))
    return Figure(
        panels=tuple(panels), title=f"What image {place} brings along in {layer.name}", notes=run.notes
    )
