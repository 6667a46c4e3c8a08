"""Attributes of the standard domain that may not be just any value, which ONNX's schemas say in prose only."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from inspector.operators.families import CONVOLUTIONS, POOLINGS

_PADDED = CONVOLUTIONS | POOLINGS | {"ConvInteger", "QLinearConv"}
_RECURRENT = ("GRU", "LSTM", "RNN")
_REDUCTION = frozenset({"none", "add", "mul", "max", "min"})

CHOICES: Mapping[tuple[str, str], Collection[str]] = {
    **{(op_type, "auto_pad"): ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID") for op_type in _PADDED},
    **{(op_type, "direction"): ("forward", "reverse", "bidirectional") for op_type in _RECURRENT},
    **{(op_type, "reduction"): _REDUCTION for op_type in ("ScatterElements", "ScatterND")},
    ("BitShift", "direction"): ("LEFT", "RIGHT"),
    ("DepthToSpace", "mode"): ("DCR", "CRD"),
    ("Gelu", "approximate"): ("none", "tanh"),
    ("GridSample", "mode"): ("bilinear", "bicubic", "linear", "cubic", "nearest"),
    ("GridSample", "padding_mode"): ("zeros", "border", "reflection"),
    ("Pad", "mode"): ("constant", "reflect", "edge", "wrap"),
    ("Resize", "coordinate_transformation_mode"): (
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
        "tf_half_pixel_for_nn", "tf_crop_and_resize",
    ),
    ("Resize", "keep_aspect_ratio_policy"): ("stretch", "not_larger", "not_smaller"),
    ("Resize", "mode"): ("nearest", "linear", "cubic"),
    ("Resize", "nearest_mode"): ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple"),
    ("RoiAlign", "coordinate_transformation_mode"): ("half_pixel", "output_half_pixel"),
    ("RoiAlign", "mode"): ("avg", "max"),
}  # fmt: skip
"""By operator and attribute: the words that any version allows, and those that only the runtime knows ("simple")."""

FLAGS = frozenset({
    "allowzero", "align_corners", "ceil_mode", "center_point_box", "count_include_pad", "exclusive", "fmod",
    "input_forget", "inverse", "is_causal", "keepdims", "largest", "layout", "linear_before_reset",
    "noop_with_empty_axes", "onesided", "reverse", "select_last_index", "sorted", "storage_order", "training_mode",
    "transA", "transB", "upper",
})  # fmt: skip
"""Whole numbers that mean yes (1) or no (0), of whatever operator."""

RANGES: Mapping[tuple[str, str], tuple[int, int]] = {
    ("GatherND", "batch_dims"): (0, 64),  # below it, ONNX's own inference of shapes reads what is not there
    ("DepthToSpace", "blocksize"): (1, 1024),
    ("SpaceToDepth", "blocksize"): (1, 1024),
    ("LRN", "size"): (1, 2**31 - 1),
}
"""The least and the most of whole numbers by which something is counted, which sizes of tensors do not bound."""
