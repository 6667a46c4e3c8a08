"""Layer-wise relevance propagation (Bach et al. 2015; Montavon et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from inspector.engine.run import Run
from inspector.methods.attribution.projection import contributions, project_targets
from inspector.methods.registration import attribution_method
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target

Rule = Literal["epsilon_plus_flat", "epsilon_alpha2beta1_flat", "epsilon", "zplus", "alpha2beta1"]


@attribution_method("lrp", picture="signed", shares="value")
def lrp(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    rule: Rule = "epsilon_plus_flat",
    policies: Mapping[str, str] | None = None,
) -> Maps:
    """Share the target's value out, layer by layer, among the pixels that made it; the map sums to it, less biases.

    The rule "epsilon_plus_flat" is the usual composite (ε at dense layers, z⁺ at convolutions, evenly
    at the first layer).
    """
    return project_targets(run, x, targets, policy=f"lrp_{rule}", policies=policies, seeding=contributions)
