"""Guided backpropagation (Springenberg et al. 2015, §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.engine.run import Run
from inspector.methods.attribution.cautions import GUIDED_CAUTION
from inspector.methods.attribution.projection import project_targets
from inspector.methods.card import Card
from inspector.methods.registration import attribution_method
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target


@attribution_method(
    "guided",
    picture="projection",
    caution=GUIDED_CAUTION,
    card=Card(
        formula="Backward, at every rectifier R ← (f > 0) · (R > 0) · R: the gradient's mask and the "
        "deconvnet's.",
        source="Springenberg et al. 2015, §3, arXiv 1412.6806",
        shows="Fine, clean structure that excites a unit or a class, anywhere in the image.",
        hides="It is close to recovering the image's edges: with random weights it looks much the same, and it "
        "hardly tells classes apart.",
        cost="1 forward and 1 backward pass (about 3 forward passes).",
    ),
)
def guided(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    policies: Mapping[str, str] | None = None,
) -> Maps:
    """Backward pass that at every rectifier keeps what is positive in the signal and was positive going forward."""
    return project_targets(run, x, targets, policy="guided", policies=policies)
