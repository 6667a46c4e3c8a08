"""Fooling images: a change within a bound that lets another class win (Goodfellow et al. 2015; Madry et al. 2018)."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, within
from inspector.methods.card import Card
from inspector.methods.notes import note_head
from inspector.methods.prepared import prepared
from inspector.methods.synthesis.aims import Aims
from inspector.methods.synthesis.attack import Way, attacked, ball
from inspector.methods.synthesis.bounds import attack_of, bounding_levels
from inspector.methods.synthesis.counts import require_steps
from inspector.methods.synthesis.fooled import Pairs, fooled_images
from inspector.methods.verbs import answers
from inspector.model.heads.head import BOXES, Head
from inspector.resolve.classes import by_class, even, winner
from inspector.resolve.finite import find_origin, is_choosable, no_choice
from inspector.resolve.targets import resolve
from inspector.types.arrays import Array
from inspector.types.requests.fool import FoolRequest
from inspector.types.results.images import Images
from inspector.types.targets import Class

MOST_TOGETHER = 16
"""Images that are attacked together: their state is kept in float64."""


@answers(
    FoolRequest,
    card=Card(
        formula="FGSM: x′ = x + ε · sign ∂L/∂x. PGD: from a random place within ε of x, again and again "
        "x ← clip(x + a · sign ∂L/∂x), to within ε of the image and to what a picture can be. "
        "L is log p of the class that is to win, or −log p of the one that wins now.",
        source="Goodfellow et al. 2015, *Explaining and Harnessing Adversarial Examples* (arXiv 1412.6572), §4; Madry "
        "et al. 2018 (arXiv 1706.06083), §2.1",
        shows="How little of an image must change, and where, until the model answers otherwise; whether that is left "
        "after the image is written to a file.",
        hides="Why the model answers as it does: the change rarely looks like the class. That an image is not fooled "
        "proves nothing: a stronger attack, or another start, may do it. Through quantized operators the gradient is "
        "only a guess (straight-through).",
        cost="steps forward and backward passes, and 3 forward passes (20 steps: about 60 forward passes)",
    ),
)
def fool(run: Run, request: FoolRequest) -> Images:
    """Return three pictures per image: as it was, as it fools, and the change; the progress tells steps of images."""
    attack = attack_of(request)
    require_steps(run, attack.steps)
    x = prepared(run, request.images)
    head = _head(run, request)
    if len(request.targets) > 1 and len(x) > 1 and len(request.targets) != len(x):
        raise InvalidInputError(
            f"{len(request.targets)} targets do not go with {len(x)} images. Give one target, or one image, or as many "
            "of both.",
            field="targets",
        )
    what = "image"
    if len(x) < len(request.targets):
        x, what = x[[0] * len(request.targets)], "target"
    run.control.require_room(
        x.values[0].size * (9 + 2 * x.values.itemsize) * len(x), what="The pictures and their values"
    )
    note_head(run, head.output)
    levels = bounding_levels(run, x, request)
    aims = _aims(run, x.values, head, request)
    unit = 1.0 if levels is None else levels.unit
    bound, size = attack.sizes(x.values, levels)
    generator = run.generator(request.seed)
    together = min(run.engine.largest_batch(x.values.shape[1:]), MOST_TOGETHER)
    pairs = Pairs(run, x.values, aims, levels=levels, bound=bound, what=what)
    for first in range(0, len(x), together):
        part = slice(first, min(first + together, len(x)))
        own = x.values[part]
        start = np.zeros_like(own, np.float64)
        if attack.starts_at_random:
            start = generator.uniform(-1.0, 1.0, own.shape) * (bound[part] * unit)
        count = len(own)

        def tell(step: int, best: Array, part: slice = part, count: int = count) -> None:
            done = part.start * attack.steps + step * count
            run.control.tell(
                done, len(x) * attack.steps, partial=lambda: fooled_images(pairs.so_far(part, best))
            )

        best, lost = attacked(
            run, own, aims.part(part),
            within=ball(own, bound[part] * unit, None if levels is None else levels.ends),
            way=Way(steps=attack.steps, size=size[part] * unit, start=start),
            tell=tell,
        )  # fmt: skip
        pairs.add(part, best, lost=[first + one for one in lost])
    return fooled_images(pairs)


def _head(run: Run, request: FoolRequest) -> Head:
    """Return the output whose classes are meant; InvalidInputError where it has none that can win."""
    outputs = set()
    for index, target in enumerate(request.targets):
        if not isinstance(target, Class) or target.position is not None:
            raise InvalidInputError(
                "An image is fooled about its class: give a class by its index or label, without a position, or "
                "nothing for any other class.",
                field=f"targets[{index}]",
            )
        outputs.add(target.output)
    if len(outputs) > 1:
        raise InvalidInputError("The targets are classes of different outputs; give one.", field="targets")
    head = run.engine.head_of(next(iter(outputs), None))
    if not head.has_classes or head.meaning == BOXES:
        raise InvalidInputError(
            f"Output {head.output!r} has {head.words}: there is no class that wins, so the model cannot be fooled "
            "about it. Name an output with classes, as Class(output=…).",
            reason="NO_CLASSES",
            field="targets",
        )
    return head


def _aims(run: Run, x: Array, head: Head, request: FoolRequest) -> Aims:
    """Return what is to win on each image, or else what is to lose: the winner; of labels, what is flipped."""
    scores = run.forward(x, [head.scores])[head.scores]
    classes, signs = [], []
    for image, values in enumerate(scores):
        own = by_class(head, values[None])[0]
        if not own.size or not is_choosable(own):
            raise no_choice("the most probable class", origin=find_origin(run, x[image : image + 1]))
        if len(own) == 1 and not head.is_set:
            raise InvalidInputError(
                f"Output {head.output!r} has one class, which always wins.",
                reason="NO_CLASSES",
                field="targets",
            )
        at = image if len(request.targets) > 1 else 0
        target = request.targets[at] if request.targets else Class()
        if target != Class(output=target.output):  # type: ignore[union-attr]
            with within(f"targets[{at}]"):
                index = resolve(run.engine, target, values, image=image).resolved.channel or 0
            sign = 1
        else:
            index = winner(head, own)
            sign = 1 if head.is_set and float(own[index].mean()) <= even(head) else -1
        classes.append(index)
        signs.append(sign)
    return Aims(head, np.asarray(classes, np.int64), np.asarray(signs, np.int64))
