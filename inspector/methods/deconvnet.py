"""The deconvnet projection (Zeiler & Fergus 2014, §2.1)."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.engine.attribution import Array, attribution_method, project_targets
from inspector.engine.engine import Engine
from inspector.engine.results import Attribution
from inspector.engine.targets import Target
from inspector.runtime.cancel import Cancellation


@attribution_method("deconvnet")
def deconvnet(
    engine: Engine, x: Array, targets: Sequence[Target], *, cancellation: Cancellation | None = None
) -> Attribution:
    """Keep one activation, set its layer's others to zero, then unpool, rectify and filter down to the pixels.

    The signal starts as the activation's own value, so a unit that did not fire projects to nothing; unpooling uses
    the switches of the forward pass.
    """
    return project_targets(
        engine,
        x,
        targets,
        method="deconvnet",
        policy="deconvnet",
        seed=lambda target: target.value,
        cancellation=cancellation,
    )
