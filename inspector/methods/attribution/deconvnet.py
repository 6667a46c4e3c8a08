"""The deconvnet projection (Zeiler & Fergus 2014, §2.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.engine.run import Run
from inspector.methods.attribution.projection import contributions, plain, project_targets
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


@attribution_method("deconvnet", picture="projection", caution=_CAUTION)
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
