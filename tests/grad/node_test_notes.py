"""What must be known of ONNX's own node tests before rules are judged by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

JUDGED_BY_RUNTIME: Mapping[str, str] = {
    "AffineGrid": "the reference evaluator computes its points in float32",
    "DeformConv": "the reference evaluator computes its places in float32",
    "Erf": "the reference evaluator computes it in float32",
    "Gelu": "the reference evaluator computes its Erf in float32",
    "GridSample": "the reference evaluator computes its places in float32",
    "GroupNormalization": "the reference evaluator computes its statistics in float32",
    "MaxUnpool": "the reference evaluator does not count indices in the output_shape",
    "MeanVarianceNormalization": "the reference evaluator mixes float64 with a float32 constant",
    "Pad": "the reference evaluator knows no negative pads",
    "Scatter": "the reference evaluator has none",
}
"""By operator: why ONNX Runtime judges in float32 in the place of the reference evaluator in float64."""

_CORNERS = (
    "the reference evaluator aligns the corners of the size before rounding, ONNX Runtime of the size it has"
)
_SATURATED = "its gradients are rounding errors of a saturated softmax"
_CANCELLED = "the gradients of its class weights cancel to three digits in float32"
_ROUNDED = "its difference in float32 has two digits"
_SINGLE = (
    "the reference evaluator computes the activation in float32, and ONNX Runtime does not know the opset"
)

LEFT_OUT: Mapping[str, str] = {
    "test_attention_4d_diff_heads_mask4d_padded_kv": "the gradient of its mask has a negative pad",
    "test_attention_4d_softcap_neginf_mask": _SATURATED,
    "test_attention_4d_softcap_neginf_mask_poison": _SATURATED,
    "test_causal_conv_with_state_silu": _SINGLE,
    "test_causal_conv_with_state_silu_with_past_state": _SINGLE,
    "test_causal_conv_with_state_swish_alias": _SINGLE,
    "test_deform_conv_with_mask_bias": _ROUNDED,
    "test_gridsample_bicubic_align_corners_0_additional_1": _ROUNDED,
    "test_gridsample_volumetric_nearest_align_corners_0": "a place lies where its nearest element changes",
    "test_l1normalization_axis_last": "the reference evaluator forgets the absolute value where p = 1",
    "test_mod_float_edge_cases_fmod_0_float32": "its inputs are infinite",
    "test_nllloss_NCd1d2d3d4d5_mean_weight": _CANCELLED,
    "test_pow_types_int32_float32": "its output is an integer",
    "test_pow_types_int64_float32": "its output is an integer",
    "test_sce_NCd1d2d3d4d5_mean_weight": _CANCELLED,
    "test_sce_NCd1d2d3d4d5_mean_weight_log_prob": _CANCELLED,
    "test_resize_downsample_scales_cubic_align_corners": _CORNERS,
    "test_resize_downsample_scales_linear_align_corners": _CORNERS,
}
"""By test: why it says nothing of a rule."""

OTHERWISE_WRITTEN: Mapping[tuple[str, int], str] = {
    ("GridSample", 16): "its modes were called bilinear and bicubic",
    ("Mod", 10): "floats needed fmod = 1",
    ("Mod", 13): "floats needed fmod = 1",
}
"""By operator and opset: why newer tests of it are not valid there, though the schema says nothing against them."""

DOMAINS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "Acos": lambda x: 0.45 * np.clip(x, -2.2, 2.2),
    "Acosh": lambda x: np.abs(x) + 1,
    "Asin": lambda x: 0.45 * np.clip(x, -2.2, 2.2),
    "Atanh": lambda x: 0.45 * np.clip(x, -2.2, 2.2),
    "Pow": np.abs,
}
"""By operator: how any values are brought to where it is defined."""


def inside(op_type: str, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the inputs brought to where the operator is defined."""
    domain = DOMAINS.get(op_type)
    return {name: np.asarray(domain(x)) if domain else x for name, x in feeds.items()}


_NOBODY = "neither the reference evaluator nor ONNX Runtime computes it; it added a type, bfloat16"

UNJUDGED: Mapping[tuple[str, int], str] = {("GlobalLpPool", 22): _NOBODY, ("MaxRoiPool", 22): _NOBODY}
"""By operator and version: why no model can judge it."""
