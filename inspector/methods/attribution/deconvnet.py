"""The deconvnet projection (Zeiler & Fergus 2014, §2.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.engine.run import Run
from inspector.methods.attribution.projection import contributions, plain, project_targets
from inspector.methods.card import Card
from inspector.methods.registration import attribution_method
from inspector.resolve.chosen import Chosen
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target

# Randomization: Adebayo et al., "Sanity checks for saliency maps", arXiv 1810.03292.
# Image recovery: Nie et al., "A theoretical explanation for perplexing behaviors of backpropagation-based
# visualizations", arXiv 1805.07039.
_CAUTION = (
    "Read with care: deconvnet pictures can look alike even when the network's weights are randomized, "
    "as shown for the closely related guided backpropagation (Adebayo et al. 2018) and explained for "
    "both as partial recovery of the image (Nie et al. 2018). They show which structure of the image "
    "drives a unit, and are no proof of why the model decided. Plain gradients pass that test."
)


@attribution_method(
    "deconvnet",
    picture="projection",
    caution=_CAUTION,
    card=Card(
        formula="From the kept activation down: unpool with the switches, rectify the signal (R ← max(0, R)), "
        "filter with the transposed filters.",
        source="Zeiler & Fergus 2014, §2.1, arXiv 1311.2901",
        shows="Which structure of the image drives a unit, in its own shape: edges, textures, parts.",
        hides="Not why a class won: pictures of classes look alike, and alike with random weights. In a "
        "network without pooling switches the projection of a class does not depend on the image.",
        cost="1 forward and 1 backward pass (about 3 forward passes).",
    ),
)
def deconvnet(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    policies: Mapping[str, str] | None = None,
) -> Maps:
    """Keep a target's activations, set its layer's others to zero, then unpool, rectify and filter down to the pixels.

    The signal starts as the unit's activation, so that one that did not fire projects to nothing; that of a class or
    of an output, whose values no rectifier passed, starts as 1. Unpooling uses the switches of the forward pass.
    """
    return project_targets(run, x, targets, policy="deconvnet", policies=policies, seeding=_signal)


def _signal(chosen: Chosen, values: Array) -> Array:
    return plain(chosen, values) if chosen.resolved.layer is None else contributions(chosen, values)
