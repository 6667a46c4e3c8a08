"""Invariance: features and answers under shifts, enlargements and turns (Zeiler & Fergus 2014, §4.1, Fig 5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.engine.sweeping.batches import Batches
from inspector.errors import InvalidInputError, within
from inspector.methods.card import Card
from inspector.methods.figures.invariance_drawn import Measured, drawn
from inspector.methods.figures.layers import first_layer, last_layer, named_layers
from inspector.methods.figures.moving import Move, moved, moves_of
from inspector.methods.figures.spread import Spread
from inspector.methods.notes import NOT_FINITE, note_target
from inspector.methods.paper import paper_figure
from inspector.methods.planes import image_size
from inspector.methods.prepared import prepared_parts
from inspector.methods.sets import count_of
from inspector.methods.verbs import answers
from inspector.resolve.chosen import Chosen
from inspector.resolve.probabilities import answers as answers_of
from inspector.resolve.probabilities import tensors_for
from inspector.resolve.targets import resolve, settled, source_of
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.requests.invariance import InvarianceRequest
from inspector.types.results.figure import Figure
from inspector.types.targets import Class, Target

ONE_IMAGE = "one_image"
BORDER_FILLED = "border_filled"

_CARD = Card(
    formula="d(t) = mean over images of ‖f(x) − f(T_t x)‖₂, divided by √(mean over pairs of ‖f(x_i) − f(x_j)‖₂²), "
    "so that 1 is as far as another photograph; beside it the probability of each image's class at T_t x.",
    source="Zeiler & Fergus 2014, §4.1 and Fig 5, arXiv 1311.2901; there the distances are not normalized.",
    shows="How fast features move as the image is shifted, enlarged or turned: near the image at once, near the "
    "classes slowly. Where the class's probability falls, the network is not invariant.",
    hides="What comes in from beyond the border is made up (option border), so large shifts and turns measure that "
    "too. A class that is lost may be lost to the border.",
    cost="1 forward pass for each amount of each transformation, 48 an image by default",
)


@paper_figure("5", request=InvarianceRequest, title="Invariance (Fig 5)")
@answers(InvarianceRequest, card=_CARD)
def invariance(run: Run, request: InvarianceRequest) -> Figure:
    """Return curves of distances and probabilities; the progress tells moved images.

    Raw distances are in the panel "numbers".
    """
    engine, total = run.engine, count_of(request.images)
    targets = request.targets or (Class(),)
    _require_one_each(targets, at_least=total)
    layers = named_layers(engine, request.layers) or _ends(run)
    moves: list[Move] = []
    spreads = {layer.output: Spread(layer.name) for layer in layers}
    rows: list[list[tuple[Array, Array]]] = []
    shown: list[Array] = []
    for places, part in prepared_parts(run, request.images):
        for index, image in zip(places, part.values[:, None], strict=True):
            moves = moves or moves_of(
                request, layout=engine.model.input.layout, size=image_size(engine, image)
            )
            target = _target(targets, index)
            chosen, own = _original(run, image, target, layers)
            note_target(run, target)
            for name, spread in spreads.items():
                spread.add(own[name])
            found = []
            for move in moves:
                images = moved(run, image, move, border=request.border)
                shown += [images] if not index else []
                found.append(_measured(run, images, chosen, own, layers))
                run.control.tell(len(rows) * len(moves) + len(found), max(total, index + 1) * len(moves))
            rows.append(found)
    _require_one_each(targets, at_least=len(rows), exactly=True)
    _note(run, request, len(rows))
    measured = Measured(
        moves=moves,
        distances=[np.stack([row[at][0] for row in rows]) for at in range(len(moves))],
        answers=[np.stack([row[at][1] for row in rows]) for at in range(len(moves))],
        scales=np.array([spread.typical() for spread in spreads.values()]),
        layers=[layer.name for layer in layers],
        is_probability=chosen.resolved.kind == "class",
        images=shown,
    )
    return drawn(run, measured)


def _ends(run: Run) -> list[Layer]:
    first, last = first_layer(run.engine), last_layer(run.engine)
    return [first] if first == last else [first, last]


def _target(targets: Sequence[Target], index: int) -> Target:
    if len(targets) == 1:
        return targets[0]
    _require_one_each(targets, at_least=index + 1)
    return targets[index]


def _require_one_each(targets: Sequence[Target], *, at_least: int, exactly: bool = False) -> None:
    if len(targets) > 1 and (len(targets) < at_least or (exactly and len(targets) > at_least)):
        raise InvalidInputError(
            f"{len(targets)} targets were given for {at_least}{'' if exactly else ' or more'} images; give one, or "
            "one per image.",
            field="targets",
        )


def _original(
    run: Run, image: Array, target: Target, layers: Sequence[Layer]
) -> tuple[Chosen, dict[str, Array]]:
    """Return what is watched, chosen on the image as it is, and its features by layer's tensor."""
    with within("targets"):
        aim = settled(run, image, target, image=0)
        source = source_of(run.engine, aim)
    found = run.forward(image, [source, *(layer.output for layer in layers)])
    with within("targets"):
        chosen = resolve(run.engine, aim, found[source][0], image=0)
    return chosen, {layer.output: found[layer.output][0].astype(np.float32) for layer in layers}


def _measured(
    run: Run, images: Array, chosen: Chosen, own: dict[str, Array], layers: Sequence[Layer]
) -> tuple[Array, Array]:
    """Return distances, float64 (P, layers), and answers, float32 (P,), of images (P, …)."""
    names = [layer.output for layer in layers]
    tensors = tuple(dict.fromkeys((*tensors_for(run.engine, chosen), *names)))
    distances, answered = np.zeros((len(images), len(layers))), np.zeros(len(images), np.float32)
    image = images.shape[1:]
    batches = Batches(run, image, tensors, count=len(images), at_most=run.engine.usual_batch(image))
    for places, _, found in batches(range(len(images)), lambda some: images[some.start : some.stop]):
        part = slice(places.start, places.stop)
        for column, name in enumerate(names):
            if found[name].shape[1:] != own[name].shape:
                raise InvalidInputError(
                    f"Layer {layers[column].name!r} has another shape for another image, so no distance.",
                    field=f"layers[{column}]",
                )
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is told of
                apart = (found[name].astype(np.float32) - own[name]).reshape(len(found[name]), -1)
                distances[part, column] = np.sqrt(np.square(apart).sum(axis=1, dtype=np.float64))
            if not np.isfinite(distances[part, column]).all():
                run.note(
                    NOT_FINITE,
                    f"Features of layer {layers[column].name!r} are NaN or infinite, and so are distances.",
                )
        answered[part] = answers_of(run.engine, chosen, found, images[part])
    return distances, answered


def _note(run: Run, request: InvarianceRequest, count: int) -> None:
    words = {"reflect": "the image mirrored at its border", "edge": "the pixels of its edge, repeated"}
    run.note(
        BORDER_FILLED,
        "The model's input is moved (of a picture, what is left after resizing and cropping): an amount of one is one "
        f"of its pixels. From beyond the border comes {words.get(request.border, request.border)}; with large shifts "
        "and turns that counts as well.",
    )
    if count == 1:
        run.note(
            ONE_IMAGE,
            "With one image there is no distance between photographs: distances are divided by the norm of the "
            "image's own features. Give several, so that layers compare.",
        )
