"""Ablation: a channel is replaced, and what the answer loses says what rests on it."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.card import Card
from inspector.methods.choosing import choose
from inspector.methods.intervention.effects import Effects, is_of_classes, layer_of
from inspector.methods.intervention.ranking import of_answer, pictures_of, table_of
from inspector.methods.notes import note_target
from inspector.methods.prepared import prepared_parts
from inspector.methods.verbs import answers
from inspector.resolve.targets import channel_axis
from inspector.types.arrays import Array
from inspector.types.images import ImageLike
from inspector.types.layers import Layer
from inspector.types.requests.intervene import AblateRequest
from inspector.types.results.figure import Figure, Panel
from inspector.types.targets import Class

_CARD = Card(
    formula="Δ_c = f(h with h_c ← v) − f(h): the layer's tensor h is computed once, its channel c replaced by v "
    "(zero, the channel's mean over the images and places, or a number), and the rest of the network runs on it.",
    source="Morcos et al. 2018, “On the importance of single directions for generalization”, §3.2 (arXiv 1803.06959); "
    "Bau et al. 2020, “Understanding the role of individual units”, §3 (PNAS).",
    shows="Which channels the answer rests on, not only which of them light up; “all” is the whole layer replaced.",
    hides="Channels that stand in for each other: each alone changes little. Zero may be a value that the network "
    "never sees there; `value=mean` is milder.",
    cost="Per image one forward pass and, per channel, the part of a forward pass behind the layer.",
)


@answers(AblateRequest, card=_CARD)
def ablate(run: Run, request: AblateRequest) -> Figure:
    """Replace each channel on each image; the progress tells replacements.

    What is watched is the probability of a class, or another target's value, chosen on each image as it is.
    """
    target = request.target or Class()
    layer = layer_of(run, request.layer, target)
    measured = Effects(run, layer)
    count = len(request.images) if isinstance(request.images, list | tuple) else None
    means: Array | None = None
    first: Array | None = None
    done, title = 0, ""
    for rows, part in prepared_parts(run, request.images):
        x = part.values
        if first is None:
            first = x[:1]
            groups = measured.require_channels(first, request.channels)
            means = _means(run, request.images, layer) if request.value == "mean" else None
        for image in x:
            chosen = choose(run, image[None], target)
            title = title or str(chosen.resolved)
            total = max(count or rows.stop, rows.stop) * len(groups)
            put = _put(run, image[None], layer, request.value, means)
            measured.measure(image[None], chosen, put, done=done, total=total)
            done += len(groups)
    if first is None:
        raise InvalidInputError("No image was given; give at least one.", field="images")
    what = title if target != Class() else "the most probable class" if done > len(groups) else title
    answer = f"probability of {what}" if is_of_classes(run, target) else what
    measured.note(first, target=answer)
    note_target(run, target)
    images = len(measured.before)
    names = f"{images} images" if images > 1 else "one image"
    table = table_of(
        run,
        measured.effects,
        title=f"{layer.name}, each channel replaced ({request.value}): change of the {answer}, {names}, "
        f"{np.mean(measured.before):.4g} before",
        output=target.output if isinstance(target, Class) else None,
        size=of_answer,
    )
    panels = [Panel(title="channels", result=table, caption="Those that act most come first.")]
    drawn = pictures_of(run, request.images, measured.effects, layer, top=request.top, size=of_answer)
    if drawn is not None:
        caption = "Where the channels that act most fire, each on the image where it acts most."
        panels.append(Panel(title="where they fire", result=drawn, caption=caption))
    return Figure(panels=tuple(panels), title=f"What acts in {layer.name}", notes=run.notes)


def _means(run: Run, images: ImageLike, layer: Layer) -> Array:
    """Return each channel's mean over images and places, float64 (channels,)."""
    total, seen = np.zeros(1), 0
    for _, part in prepared_parts(run, images):
        for _, found in run.scan(part.values, [layer.output]):
            values = found[layer.output].astype(np.float64)
            maps = np.moveaxis(values, channel_axis(layer, values.ndim - 1) + 1, 0)
            flat = maps.reshape(len(maps), -1)
            total, seen = total + flat.sum(axis=1), seen + flat.shape[1]
    return np.asarray(total / max(seen, 1))


def _put(run: Run, image: Array, layer: Layer, value: str | float, means: Array | None) -> Array | float:
    """Return what is put in the channels' place."""
    if value == "zero":
        return 0.0
    if means is None:
        return float(value)
    shape = run.forward(image, [layer.output])[layer.output].shape[1:]
    along = [1] * len(shape)
    along[channel_axis(layer, len(shape))] = -1
    return np.broadcast_to(means.reshape(along), shape)
