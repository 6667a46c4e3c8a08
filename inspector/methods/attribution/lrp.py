"""Layer-wise relevance propagation (Bach et al. 2015; Montavon et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from inspector.engine.engine import Engine
from inspector.methods.attribution.projection import attribution_method, project_targets, shares
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.results import Attribution
from inspector.types.targets import Target

Rule = Literal["epsilon_plus_flat", "epsilon_alpha2beta1_flat", "epsilon", "zplus", "alpha2beta1"]


@attribution_method("lrp")
def lrp(
    engine: Engine,
    x: Array,
    targets: Sequence[Target],
    *,
    rule: Rule = "epsilon_plus_flat",
    policies: Mapping[str, str] | None = None,
    cancellation: Cancellation | None = None,
) -> Attribution:
    """Share the target's value out, layer by layer, among the pixels that made it; the map sums to it, less biases.

    The rule "epsilon_plus_flat" is the usual composite (ε at dense layers, z⁺ at convolutions, evenly
    at the first layer).
    """
    return project_targets(
        engine,
        x,
        targets,
        method="lrp",
        policy=f"lrp_{rule}",
        policies=policies,
        planting=shares,
        cancellation=cancellation,
    )
