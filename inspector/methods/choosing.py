"""What a target means on one image, for verbs that go on to change the image or the model."""

from __future__ import annotations

from inspector.engine.run import Run
from inspector.errors import within
from inspector.resolve.chosen import Chosen
from inspector.resolve.targets import Aim, resolve, settled, source_of
from inspector.types.arrays import Array


def choose(run: Run, image: Array, target: Aim, *, field: str = "target") -> Chosen:
    """Choose a target on one (1, …) image; errors about the target name `field`."""
    with within(field):
        aim = settled(run, image, target, image=0)
        source = source_of(run.engine, aim)
    values = run.forward(image, [source])[source][0]  # what fails here is about the image
    with within(field):
        return resolve(run.engine, aim, values, image=0)
