"""Guided Grad-CAM (Selvaraju et al. 2017, §3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inspector.engine.run import Run
from inspector.methods.attribution.activation_map import activation_map_beside
from inspector.methods.attribution.cautions import GUIDED_CAUTION
from inspector.methods.attribution.reading import Weights
from inspector.methods.card import Card
from inspector.methods.registration import attribution_method
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


@attribution_method(
    "guided_gradcam",
    picture="projection",
    caution=GUIDED_CAUTION,
    card=Card(
        formula="guided ⊙ gradcam, element by element.",
        source="Selvaraju et al. 2017, §3.2, arXiv 1610.02391",
        shows="Fine structure at the places that speak for the class.",
        hides="Its detail is that of guided backpropagation, which does not depend on the class or, much, on "
        "the weights; only the places do.",
        cost="1 forward pass, and both ways back from there (about 3 forward passes).",
    ),
)
def guided_gradcam(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    layer: str | None = None,
    relu: bool = True,
    weights: Weights = "auto",
) -> Maps:
    """Guided backpropagation × Grad-CAM of a layer (by default the last one with maps), element by element.

    Without `relu` Grad-CAM keeps what speaks against the target, as negative.
    """
    coarse, (fine,) = activation_map_beside(
        run, x, targets, policies=["guided"], layer=layer, relu=relu, weights=weights
    )
    return replace(coarse, maps=fine * coarse.maps, notes=run.notes)
