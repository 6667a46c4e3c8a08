"""Why a map is empty: where, between the image and the target, the gradient ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, UserError
from inspector.grad.rule import NO_GRADIENT
from inspector.graph.bottleneck import Step
from inspector.methods.notes import STILL_LAYER
from inspector.operators.families import RECTIFIERS, SOFTMAXES, SQUASHING
from inspector.resolve.chosen import Chosen
from inspector.resolve.rectifiers import rectifiers
from inspector.resolve.targets import Aim, resolve, settled, source_of
from inspector.types.arrays import Array
from inspector.types.contrast import is_nothing
from inspector.types.results.maps import Maps

DEAD_UNITS = "dead_units"
SATURATED = "saturated"
BLOCKED = "blocked"
NOT_DIFFERENTIABLE = "not_differentiable"
NO_POSITIVE_EVIDENCE = "no_positive_evidence"
SILENT_TARGET = "silent_target"
IMAGE_IS_ZERO = "image_is_zero"
IMAGE_IS_BASELINE = "image_is_baseline"
EMPTY_MAP = "empty_map"

_EXPLAIN = {NO_POSITIVE_EVIDENCE, SILENT_TARGET, IMAGE_IS_BASELINE, STILL_LAYER}
"""What methods themselves say of maps that are 0."""

_LOOKED_AT = 3
"""Of the maps that are empty: each costs some runs."""
_SHOWN = 3
"""Of the layers that a sentence could name."""

Reason = tuple[str, str]
"""A note's id, and the end of its sentence."""


def note_empty(run: Run, x: Array, found: Maps, targets: Sequence[Aim]) -> None:
    """Note of maps that are 0 everywhere, or what rounding left of that, why; runs the model again only for those.

    Where the target does change with the image, and the method itself said nothing, the method is what left nothing.
    """
    empty = [
        index
        for index, (one, target) in enumerate(zip(found.maps, found.targets, strict=True))
        if is_nothing(one, beside=target.value)
    ]
    for index in empty[:_LOOKED_AT]:
        resolved = found.targets[index]
        aim = targets[0] if len(targets) == 1 else targets[index]
        image = x[resolved.image][None]
        which = (
            f"The map of {resolved}{f', on image {resolved.image},' if len(x) > 1 else ''} is 0 everywhere"
        )
        largest = float(np.abs(found.maps[index]).max(initial=0.0))
        if largest:
            run.note(
                EMPTY_MAP, f"{which}, but for {largest:.1g} at the most, which is rounding: it is drawn as 0."
            )
            continue
        reasons = reasons_for(run, image, aim)
        if not reasons and not any(note.id in _EXPLAIN for note in run.notes):
            reasons = [_left_by_the_method(image)]
        for identifier, text in reasons:
            run.note(identifier, f"{which}: {text}")
    if len(empty) > _LOOKED_AT:
        run.note(EMPTY_MAP, f"{len(empty)} of {len(found.maps)} maps are 0 everywhere.")


def reasons_for(run: Run, image: Array, aim: Aim) -> list[Reason]:
    """Return why a target does not change with one (1, …) image; none where it does."""
    chosen = _chosen(run, image, aim)
    try:
        ends = _ends(run, image, chosen)
    except UserError:  # no way back can be written: a method that only looks at answers needs none
        return []
    if not ends:
        return []
    parts = {layer for one in rectifiers(run.engine.model) for layer in one.layers}
    looked_at = [step for step in ends if not _is_discrete(step)][:_SHOWN]
    values = run.forward(image, [step.tensor for step in looked_at])
    found = [_because(run, step, values[step.tensor], parts=parts) for step in looked_at]
    return [*dict.fromkeys(found), *_discrete(run, chosen.resolved.tensor, others=bool(found))]


def _chosen(run: Run, image: Array, aim: Aim) -> Chosen:
    """Return what is meant on an image; of what was chosen before its elements are asked for, and not their values."""
    if isinstance(aim, Chosen):
        return aim
    aim = settled(run, image, aim, image=0)
    source = source_of(run.engine, aim)
    return resolve(run.engine, aim, run.forward(image, [source])[source][0], image=0)


def _ends(run: Run, image: Array, chosen: Chosen) -> list[Step]:
    """Return the steps at which the gradient ends: it reaches what they give, and nothing of what they are given.

    None where it reaches the image. What all passes halves the way that is left; between two such, step by step.
    """
    engine, source = run.engine, chosen.resolved.tensor
    steps = engine.way_to(source)

    def is_reached(tensor: str) -> bool:
        if tensor == source:
            return True
        has_gradient = tensor in engine.model.codes or "float" in engine.model.dtypes.get(tensor, "float32")
        return has_gradient and _reaches(run, image, chosen, tensor)  # a mask has none

    if _reaches(run, image, chosen, engine.model.input.name):
        return []
    passed = engine.bottlenecks_of(source)
    places = [place for place, step in enumerate(steps) if step.tensor in passed or step.tensor == source]
    low, high = -1, len(places) - 1  # nothing reaches the image; the seed is at the source
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_reached(steps[places[middle]].tensor) else (middle, high)
    block = steps[(places[low] + 1) if low >= 0 else 0 : places[high] + 1]
    reached: set[str] = {block[-1].tensor} if block else set()
    for step in reversed(block[:-1]):
        is_read = any(step.tensor in other.reads for other in block if other.tensor in reached)
        if is_read and is_reached(step.tensor):
            reached.add(step.tensor)
    return [step for step in block if step.tensor in reached and not reached.intersection(step.reads)]


def _reaches(run: Run, image: Array, chosen: Chosen, tensor: str) -> bool:
    """Return whether any of the target's gradient reaches a tensor; where there is no such target, it may."""
    try:
        for _, values, pullback in run.pullbacks(
            image, source=chosen.resolved.tensor, toward=tensor, policy="gradient"
        ):
            places = chosen.places_in(values.shape[1:])
            if places is None:
                return True
            seed = np.zeros((1, *values.shape[1:]), np.float32)
            seed.reshape(-1)[places] = chosen.weights
            return bool(pullback(seed).numpy().any())
    except InvalidInputError as error:
        if error.reason != "NOT_DIFFERENTIABLE":
            raise
    return False


def _because(run: Run, step: Step, values: Array, *, parts: set[str]) -> Reason:
    layer = run.engine.model.layer_giving(step.tensor)
    name = (
        f"layer {layer.name!r} ({step.op_type})" if layer is not None else f"{step.tensor!r} ({step.op_type})"
    )
    if step.op_type in RECTIFIERS or (layer is not None and layer.name in parts):
        if not values.any():
            return (
                DEAD_UNITS,
                f"none of the {values.size:,} units of {name} fires, so nothing of the image passes it.",
            )
        if np.all((values == 0) | (values == values.max())):
            return SATURATED, f"all units of {name} that fire stand at its upper end, {values.max():g}."
        return DEAD_UNITS, f"in {name} no unit that the target depends on fires."
    if step.op_type in SQUASHING | SOFTMAXES:
        return SATURATED, (
            f"{name} is saturated: what it gives, {values.min():g} to {values.max():g}, no longer changes with what it "
            "is given."
        )
    return (
        BLOCKED,
        f"{name} passes nothing on: what the target reads of it does not change with what it is given.",
    )


def _is_discrete(step: Step) -> bool:
    return ("", step.op_type) in NO_GRADIENT


def _discrete(run: Run, source: str, *, others: bool) -> list[Reason]:
    """Return what is to be said of layers on the way whose gradient is 0 by definition."""
    names = [
        f"{layer.name!r} ({step.op_type})"
        for step in run.engine.way_to(source)
        if (layer := run.engine.model.layer_giving(step.tensor)) is not None and _is_discrete(step)
    ]
    if not names:
        return []
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    ways = "other ways pass" if others else "the ways pass"
    text = f"{ways} {', '.join(names[:_SHOWN])}{more}, whose gradient is 0 by definition."
    return [(NOT_DIFFERENTIABLE, text)]


def _left_by_the_method(image: Array) -> Reason:
    if not image.any():
        return IMAGE_IS_ZERO, "the image itself is 0 everywhere in the model's input units."
    return (
        EMPTY_MAP,
        "the target does change with the image, but nothing of that is what this method keeps on its way.",
    )
