"""What a target means on an image that a picture begins with: what is chosen there stays chosen."""

from __future__ import annotations

from dataclasses import replace

from inspector.engine.run import Run
from inspector.methods.synthesis.goals import Goal, goal_of
from inspector.resolve.chosen import Chosen
from inspector.resolve.targets import resolve, settled, source_of
from inspector.types.arrays import Array
from inspector.types.targets import Class, Direction, Element, Region, Target, Unit


def goal_on(run: Run, target: Target, image: Array) -> Goal:
    """Return what a target means on one image (1, …).

    A class that is not named is the most probable one, a unit without a channel its whole layer's norm, one without a
    position its channel's mean.
    """
    if isinstance(target, Unit) and target.channel is None:
        target = Direction(target.layer)
    aim = settled(run, image, target, image=0)
    if isinstance(aim, Chosen):
        return Goal(chosen=aim, caption=str(aim.resolved))
    if isinstance(target, Class) and is_unnamed(target):
        target = replace(target, index=_on(run, target, image).resolved.channel)
    is_largest = isinstance(target, Element) and target.index is None
    if is_largest or (isinstance(target, Region) and target.reduce == "max"):
        found = _on(run, target, image)
        return Goal(chosen=found, caption=str(found.resolved))
    return goal_of(run, target, image)


def is_unnamed(target: Target) -> bool:
    """Return whether it is a class, of whichever output, that is not named."""
    return isinstance(target, Class) and target == Class(output=target.output)


def name_of(goal: Goal) -> str:
    """Return the goal in words for captions."""
    return goal.caption.replace("direction of", "norm of") if goal.is_norm else goal.caption


def _on(run: Run, target: Target, image: Array) -> Chosen:
    tensor = source_of(run.engine, target)
    return resolve(run.engine, target, run.forward(image, [tensor])[tensor][0], image=0)
