"""The deconvnet projection (Zeiler & Fergus 2014, §2.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.engine.engine import Engine
from inspector.methods.attribution.projection import attribution_method, plain, project_targets, shares
from inspector.resolve.chosen import Chosen
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target


@attribution_method("deconvnet")
def deconvnet(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    policies: Mapping[str, str] | None = None,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """Keep a target's activations, set its layer's others to zero, then unpool, rectify and filter down to the pixels.

    The signal starts as the unit's activation, so that one that did not fire projects to nothing; that of a class or
    of an output, whose values no rectifier passed, starts as 1. Unpooling uses the switches of the forward pass.
    """
    return project_targets(
        engine,
        x,
        targets,
        method="deconvnet",
        policy="deconvnet",
        policies=policies,
        planting=_signal,
        cancellation=cancellation,
    )


def _signal(chosen: Chosen, values: Array) -> Array:
    return plain(chosen, values) if chosen.resolved.layer is None else shares(chosen, values)
