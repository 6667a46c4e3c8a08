"""Normalizations that could be part of the weights before them."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.checks.several import first_of
from inspector.model.redundant import foldable_normalizations


@rule(
    "foldable-normalization",
    family="health",
    severity="info",
    rationale="A BatchNormalization behind a convolution is a factor and a sum of its filters: folded, it costs "
    "nothing, and quantizers measure the filters that will run.",
    mend="Fold it when exporting, in evaluation mode (fuse_conv_bn, do_constant_folding, onnxsim).",
)
def foldable_normalization(examination: Examination) -> Iterator[Found]:
    """Find models with BatchNormalizations that could be folded into the convolutions before them: one finding."""
    found = list(foldable_normalizations(examination.model))
    if found:
        yield Found(
            subject=found[0].name,
            kind="node",
            operator=found[0].operator,
            message=f"{len(found):,} {'normalization' if len(found) == 1 else 'normalizations'} could be part of the "
            f"weights of the convolutions before them: {first_of([one.name for one in found])}.",
            measured=f"{len(found):,}",
            allowed="0",
        )
