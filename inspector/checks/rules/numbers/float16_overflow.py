"""Numbers that float16 does not have, since they are too large."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.checks.examination import Examination
from inspector.checks.measures.activity import LayerActivity, activity
from inspector.checks.measures.conversion import require_float32, sums_of_codes
from inspector.checks.measures.tally import MOST_FLOAT16
from inspector.checks.measures.weights import float_weights
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.model.spec import OnnxModel
from inspector.operators.families import CASTS
from inspector.types.arrays import Array

WEIGHTS_ONLY = "float16_weights_only"
_ALLOWED = f"{MOST_FLOAT16:,.0f}"


@rule(
    "float16-overflow",
    family="numbers",
    severity="info",
    rationale="In float16, or on devices that compute in it, what is larger than 65,504 becomes infinite, and NaN "
    "after that.",
    mend="Keep these layers in float32 when it is converted, or scale what they read.",
)
def float16_overflow(examination: Examination) -> Iterator[Found]:
    """Find weights, and layers' values over the images, whose magnitude is beyond that of float16."""
    require_float32(examination.model)
    yield from several(_of_weights(examination))
    if examination.has_images and not examination.model.other_inputs:
        found = examination.measured(activity)
        passed = sums_of_codes(examination.model) | _casts(examination.model)
        large = (
            one
            for name, one in found.layers.items()
            if one.tally.beyond_float16 and one.layer.dtype != "float16" and name not in passed
        )
        yield from several(_told(one, found.over) for one in large)
    else:
        examination.run.note(
            WEIGHTS_ONLY, "Without images float16-overflow looked at the weights only, at no layer's values."
        )


def _casts(model: OnnxModel) -> frozenset[str]:
    """Return what the model itself casts to float16: where that overflows, activations-finite tells it already."""
    return frozenset(
        node.inputs[0].name or ""
        for node in model.ir.graph
        if node.op_type in CASTS
        and node.inputs[0] is not None
        and model.dtypes.get(node.outputs[0].name or "") == "float16"
    )


def _of_weights(examination: Examination) -> Iterator[Found]:
    for weight in float_weights(examination.model):
        count = 0 if weight.dtype == "float16" else weight.count(_is_too_large)
        if count:
            most = max(
                float(np.max(np.abs(part), where=np.isfinite(part), initial=0)) for part in weight.parts()
            )
            yield Found(
                subject=weight.name,
                kind="tensor",
                message=f"{count:,} of {weight.size:,} weights of {weight.name!r} are too large for float16.",
                measured=f"{most:.4g}",
                allowed=_ALLOWED,
            )


def _is_too_large(part: Array) -> Array:
    return np.isfinite(part) & (np.abs(part) > MOST_FLOAT16)


def _told(one: LayerActivity, over: str) -> Found:
    layer, tally = one.layer, one.tally
    return Found(
        subject=layer.name,
        kind="layer",
        operator=layer.op_type,
        message=f"{tally.beyond_float16:,} of {tally.count:,} values of layer {layer.name!r} ({layer.op_type}) are too "
        f"large for float16, {over}.",
        measured=f"{max(abs(tally.highest), abs(tally.lowest)):.4g}",
        allowed=_ALLOWED,
    )
