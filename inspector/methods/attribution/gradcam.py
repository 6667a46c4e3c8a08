"""Grad-CAM (Selvaraju et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.engine.run import Run
from inspector.methods.attribution.activation_map import class_activation_map
from inspector.methods.attribution.reading import Weights
from inspector.methods.card import Card
from inspector.methods.registration import attribution_method
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


def _drawn(*, relu: bool = True, **_: object) -> str:
    return "heat" if relu else "signed"


@attribution_method(
    "gradcam",
    picture="heat",
    drawn=_drawn,
    card=Card(
        formula="max(0, Σ_c α_c A_c), α_c the mean of ∂S/∂A_c over the map. With local weights Σ_c ∂S/∂A_c ⊙ "
        "A_c, for targets that see a part of the layer.",
        source="Selvaraju et al. 2017, eq. 1 and 2, arXiv 1610.02391; local weights: HiResCAM, Draelos & Carin "
        "2020, arXiv 2011.08891, and for boxes ODAM, Zhao & Chan 2023, arXiv 2304.06354",
        shows="Where in the image the last maps hold what speaks for the target: rough and "
        "class-discriminative. With relu=False also what speaks against it.",
        hides="As fine as the layer's grid, no finer. The mean of gradients can point at places that do not "
        "raise the score; the layer decides what is seen, and is named in the result.",
        cost="1 forward pass, and a short backward pass for each target (about 1 to 2 forward passes); 1 forward "
        "pass more where the image decides the layer, as of a detector's boxes.",
    ),
)
def gradcam(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    layer: str | None = None,
    relu: bool = True,
    weights: Weights = "auto",
) -> Maps:
    """Sum a layer's maps, each weighted by how much the target grows with it; one channel, enlarged to the image.

    The layer is by default the last one with maps that all of the target depends on; for a target that sees a part of
    it, such as a box, the last of its scale of which it sees enough. Then each place has a weight of its own, unless
    `weights` says otherwise. With `relu` what speaks against the target is left out; without, it is negative.
    """
    return class_activation_map(run, x, targets, layer=layer, relu=relu, weights=weights)
