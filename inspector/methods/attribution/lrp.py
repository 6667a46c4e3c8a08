"""Layer-wise relevance propagation (Bach et al. 2015; Montavon et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from inspector.engine.run import Run
from inspector.methods.attribution.projection import contributions, project_targets
from inspector.methods.card import Card
from inspector.methods.registration import attribution_method
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target

Rule = Literal["epsilon_plus_flat", "epsilon_alpha2beta1_flat", "epsilon", "zplus", "alpha2beta1"]


@attribution_method(
    "lrp",
    picture="signed",
    shares="value",
    card=Card(
        formula="R_i = Σ_j z_ij / Σ_i z_ij · R_j, layer by layer, with z by the rule: ε at dense layers, z⁺ or "
        "α2β1 at convolutions, evenly at the first.",
        source="Bach et al. 2015, doi 10.1371/journal.pone.0130140; rules: Montavon et al. 2019, doi "
        "10.1007/978-3-030-28954-6_10",
        shows="How the target's value is shared out among the pixels, what speaks for it and what against it; "
        "little noise.",
        hides="z⁺ rules hardly tell classes apart and ignore much of the upper layers (Sixt et al. 2020). "
        "Biases take a part, so the sum is not exactly the value.",
        cost="1 forward and 1 backward pass of about twice its size (about 4 forward passes).",
    ),
)
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
