"""Grad-CAM (Selvaraju et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.engine.run import Run
from inspector.methods.attribution.activation_map import class_activation_map
from inspector.methods.attribution.reading import Weights
from inspector.methods.registration import attribution_method
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


def _drawn(*, relu: bool = True, **_: object) -> str:
    return "heat" if relu else "signed"


@attribution_method("gradcam", picture="heat", drawn=_drawn)
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

    The layer is by default the last one with maps that all of the target depends on. With `relu` what speaks against
    the target is left out; without, it is negative.
    """
    return class_activation_map(run, x, targets, layer=layer, relu=relu, weights=weights)
