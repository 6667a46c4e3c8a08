"""Hand-made cases for operators that move, cut, join, resample and pool."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from tests.grad.cases import Case, case, ints, scalar
from tests.support.graphs import node


def floats(*values: float) -> np.ndarray:
    """Return a float32 vector."""
    return np.asarray(values, np.float32)


def after_exp(name: str, written: onnx.NodeProto, *others: onnx.NodeProto, **settings: Any) -> Case:
    """Return a case whose image goes through Exp first, so that a linear operator has a gradient to pass on."""
    return case(name, node("Exp", ["x"], "e"), written, *others, **settings)


_SHAPES = [
    *(after_exp(f"Reshape, opset {opset}", node("Reshape", ["e", "s"], "y"), opset=opset, s=ints(0, 3, -1))
      for opset in (7, 13, 14, 19, 21)),
    after_exp("Squeeze, opset 11", node("Squeeze", ["e"], "y", axes=[2]), opset=11, shape=(1, 3, 1, 4)),
    after_exp("Unsqueeze, opset 11", node("Unsqueeze", ["e"], "y", axes=[1]), opset=11),
    after_exp("Reshape, allowzero", node("Reshape", ["e", "s"], "y", allowzero=1), s=ints(2, 15, 6)),
    *(after_exp(f"Squeeze and Unsqueeze, axes as inputs, opset {opset}", node("Unsqueeze", ["e", "a"], "u"),
                node("Squeeze", ["u", "a"], "y"), opset=opset, a=ints(1, 4)) for opset in (13, 21)),
    *(after_exp(f"Transpose, opset {opset}", node("Transpose", ["e"], "y", perm=[0, 3, 1, 2]), opset=opset)
      for opset in (7, 13, 21)),
    *(after_exp(f"Concat, opset {opset}", node("Concat", ["e", "x"], "y", axis=1), opset=opset)
      for opset in (7, 11, 13)),
    *(after_exp(f"Tile by {repeats}, opset {opset}", node("Tile", ["e", "r"], "y"), opset=opset, r=ints(*repeats))
      for opset in (7, 13) for repeats in ((1, 2, 1, 3), (2, 1, 1, 2))),
    case("Tile by computed repeats", node("ReduceMean", ["x"], "m", axes=[0], keepdims=0),
         node("Shape", ["x"], "r", start=1), node("Tile", ["m", "r"], "y"), shape=(2, 2, 3)),
    *(after_exp(f"Expand, opset {opset}", node("ReduceMean", ["e"], "m", axes=[2]), node("Expand", ["m", "s"], "y"),
                opset=opset, s=ints(1, 3, 4, 1)) for opset in (8, 13)),
    after_exp("Expand to a higher rank", node("ReduceMean", ["e"], "m", axes=[0], keepdims=0),
              node("Expand", ["m", "s"], "y"), s=ints(4, 1, 6, 5)),
    after_exp("Expand to a computed shape", node("ReduceMean", ["e"], "m", axes=[2, 3]), node("Shape", ["x"], "s"),
              node("Expand", ["m", "s"], "y")),
    *(case(f"DepthToSpace, {mode}, opset {opset}", node("DepthToSpace", ["x"], "y", blocksize=2, mode=mode),
           shape=(2, 12, 2, 3), opset=opset) for mode in ("DCR", "CRD") for opset in (11, 13)),
    case("DepthToSpace of opset 7", node("DepthToSpace", ["x"], "y", blocksize=2), shape=(2, 8, 2, 3), opset=7,
         judge="runtime"),
    *(case(f"SpaceToDepth, opset {opset}", node("SpaceToDepth", ["x"], "y", blocksize=2), shape=(2, 3, 4, 6),
           opset=opset) for opset in (7, 13)),
    *(after_exp(f"Identity, opset {opset}", node("Identity", ["e"], "y"), opset=opset) for opset in (7, 13, 16, 21)),
    *(case(f"CastLike, opset {opset}", node("CastLike", ["x", "like"], "c"), node("Exp", ["c"], "y"), opset=opset,
           like=scalar(1)) for opset in (15, 19, 21)),
]  # fmt: skip

_SPLITS = [
    *(case(f"Split, opset {opset}", node("Split", ["x"], ["a", "b"], axis=1, split=[1, 2]), node("Exp", ["a"], "c"),
           node("Mul", ["b", "c"], "y"), opset=opset) for opset in (7, 11)),
    *(case(f"Split by an input, opset {opset}", node("Split", ["x", "s"], ["a", "b"], axis=-1),
           node("Exp", ["a"], "c"),
           node("ReduceMean", ["b"], "m", axes=[3]) if opset < 18 else node("Neg", ["b"], "m0"),
           *([] if opset < 18 else [node("ReduceMean", ["m0", "three"], "m")]),
           node("Mul", ["m", "c"], "y"), opset=opset, s=ints(2, 3), three=ints(3)) for opset in (13, 18)),
    case("Split, equal parts", node("Split", ["x"], ["a", "b"], axis=2), node("Exp", ["a"], "c"),
         node("Mul", ["b", "c"], "y"), opset=13),
    case("Split into num_outputs", node("Split", ["x"], ["a", "b"], axis=3, num_outputs=2), node("Exp", ["b"], "y"),
         opset=18),
    *(case(f"Split, only part {part} used", node("Split", ["x"], ["a", "b", "c"], axis=1), node("Exp", [part], "y"),
           opset=11) for part in "abc"),
    case("Split of the batch", node("Split", ["x"], ["a", "b"], axis=0), node("Mul", ["a", "b"], "y"), opset=11),
]  # fmt: skip

_SLICES = [
    case("Slice-1", node("Slice", ["x"], "s", starts=[1, -3], ends=[3, 100], axes=[1, 2]), node("Exp", ["s"], "y"),
         opset=7, judge="runtime"),
    case("Slice-1, axes absent", node("Slice", ["x"], "s", starts=[0, 1], ends=[1, 3]), node("Exp", ["s"], "y"),
         opset=9, judge="runtime"),
    *(case(f"Slice [{start}:{end}:{step}] along {axis}, opset {opset}",
           node("Slice", ["x", "start", "to", "axes", "steps"], "s"), node("Exp", ["s"], "y"), shape=(2, 7, 6, 9),
           opset=opset, to=ints(end), axes=ints(axis), steps=ints(step), start=ints(start))
      for opset in (10, 11, 13)
      for start, end, step, axis in [(0, 3, 1, 1), (1, 100, 2, 3), (0, 9, 3, -1), (2, 2**63 - 1, 4, 1),
                                     (-1, -100, -1, 3), (7, 0, -2, 3), (-2, -6, -1, 1), (0, 2**31 - 1, 1, 0),
                                     (1, 2, 1, 0), (-1, -(2**63), -3, 3), (0, -1, 1, 2)]),
    case("DynamicSlice", node("DynamicSlice", ["x", "start", "to", "axes"], "s"), node("Exp", ["s"], "y"), opset=9,
         judge="runtime", to=ints(5, 2), axes=ints(2, 1), start=ints(1, 0)),
    case("Slice, axes and steps absent", node("Slice", ["x", "start", "to"], "s"), node("Exp", ["s"], "y"),
         to=ints(2, 2, 5), start=ints(0, 1, 0)),
    case("Slice, axes absent, steps given", node("Slice", ["x", "start", "to", "", "steps"], "s"),
         node("Exp", ["s"], "y"), to=ints(2, 3), steps=ints(1, 2), start=ints(0, 0)),
    case("Slice to a computed end", node("Shape", ["x"], "to", start=3),
         node("Slice", ["x", "start", "to", "axes"], "s"),
         node("Exp", ["s"], "y"), shape=(2, 3, 6, 5), axes=ints(2), start=ints(1)),
    case("the four phases of a Focus layer",
         *(node("Slice", ["x", f"start{i}", "to", "axes", "steps"], f"s{i}") for i in range(4)),
         node("Concat", [f"s{i}" for i in range(4)], "c", axis=1), node("Exp", ["c"], "y"), shape=(2, 3, 6, 8),
         to=ints(99, 99), axes=ints(2, 3), steps=ints(2, 2),
         start0=ints(0, 0), start1=ints(0, 1), start2=ints(1, 0), start3=ints(1, 1)),
    *(case(f"Compress, opset {opset}, axis {axis}",
           node("Compress", ["x", "c"], "y", **({} if axis is None else {"axis": axis})), opset=opset,
           c=np.asarray([True, False, True])) for opset in (9, 11) for axis in (None, 1)),
    case("Compress of the batch by a computed condition", node("ReduceMax", ["x"], "m", axes=[1, 2, 3], keepdims=0),
         node("Greater", ["m", "none"], "c"), node("Compress", ["x", "c"], "y", axis=0), none=scalar(-9)),
    *(case(f"CenterCropPad to {sizes}", node("CenterCropPad", ["x", "s"], "y", axes=[2, 3]), opset=18,
           s=ints(*sizes)) for sizes in ((3, 8), (7, 2), (6, 5))),
]  # fmt: skip

_INDICES: list[tuple[Any, int]] = [
    (2, 1),
    ([0, 2, 2, 4], 1),
    ([[3, 0], [1, 1]], 2),
    ([2, 0, 1], 3),
    (-1, 3),
    ([1, 0], 0),
    ([4, 1, 3, 0, 2, 1, 1, 4, 0, 2, 1, 3], 1),
    ([0, 3, 0, 0, 2, 0, 3, 0, 0, 1, 2, 0, 3], 2),
]

_GATHERS = [
    *(case(f"Gather {np.shape(indices)} along {axis}, opset {opset}", node("Gather", ["x", "i"], "g", axis=axis),
           node("Exp", ["g"], "y"), shape=(2, 5, 4, 3), opset=opset, i=np.asarray(indices))
      for opset in (7, 11, 13)
      for indices, axis in _INDICES
      if opset > 7 or np.min(indices) >= 0),
    case("Gather at computed places", node("ArgMax", ["x"], "i", axis=1, keepdims=0),
         node("Flatten", ["i"], "f", axis=0), node("Gather", ["x", "f"], "y", axis=1)),
    *(case(f"GatherElements, opset {opset}, axis {axis}", node("GatherElements", ["x", "i"], "y", axis=axis),
           shape=(2, 3, 4), opset=opset, i=np.random.default_rng(3).integers(-2, 2, (2, 3, 4)))
      for opset in (11, 13) for axis in (0, 1, -1)),
    *(case(f"GatherND, opset {opset}", node("GatherND", ["x", "i"], "y"), shape=(2, 3, 4), opset=opset,
           i=np.asarray([[0, 1], [1, -1], [0, 1]])) for opset in (11, 12, 13)),
    case("GatherND, batch_dims 1", node("GatherND", ["x", "i"], "y", batch_dims=1), shape=(2, 3, 4),
         i=np.asarray([[[2]], [[0]]])),
    *(case(f"TopK, opset {opset}, {attributes}", node("TopK", ["x", "k"], ["v", "i"], **attributes),
           node("Exp", ["v"], "y"), shape=(2, 6, 5), opset=opset, k=ints(3))
      for opset, attributes in [(10, {}), (11, {}), (11, {"axis": 1}), (11, {"largest": 0}), (17, {"axis": -2})]),
    case("TopK-1", node("TopK", ["x"], ["v", "i"], k=2, axis=1), node("Exp", ["v"], "y"), shape=(2, 6, 5), opset=7,
         judge="runtime"),
    case("ReverseSequence", node("ReverseSequence", ["x", "n"], "y", batch_axis=0, time_axis=1), shape=(2, 5, 3),
         n=ints(3, 5)),
    case("ReverseSequence, time first", node("ReverseSequence", ["x", "n"], "y"), shape=(5, 2, 3), opset=10,
         n=ints(2, 4)),
]  # fmt: skip

_PLACES = np.asarray([[[0, 2, 1, 3]], [[3, 1, 0, 2]]])
_UPDATES = floats(0.5, -0.7, 9, -9, 0.2, 8, -0.1, -7).reshape(2, 1, 4)
_WRITTEN = np.random.default_rng(5).normal(0, 3, (2, 3, 4)).astype(np.float32)

_SCATTERS = [
    case("Scatter-9", node("Scatter", ["x", "i", "u"], "y", axis=1), shape=(2, 3, 4), opset=9, judge="runtime",
         i=_PLACES % 3, u=_UPDATES),
    *(case(f"ScatterElements into x, {reduction}, opset {opset}",
           node("ScatterElements", ["x", "i", "u"], "y", axis=2, **({"reduction": reduction} if opset > 13 else {})),
           shape=(2, 3, 4), opset=opset, judge="runtime", i=_PLACES, u=_UPDATES)
      for opset, reductions in ((11, ("none",)), (13, ("none",)), (16, ("none", "add", "mul")), (18, ("max", "min")))
      for reduction in reductions),
    *(case(f"ScatterElements of x, {reduction}",
           node("ScatterElements", ["w", "i", "x"], "y", axis=-1, reduction=reduction),
           shape=(2, 1, 4), opset=18, judge="runtime", i=_PLACES, w=_WRITTEN)
      for reduction in ("none", "add", "mul", "max", "min")),
    *(case(f"ScatterND into x, {reduction}, opset {opset}",
           node("ScatterND", ["x", "i", "u"], "y", **({"reduction": reduction} if opset > 13 else {})),
           shape=(2, 3, 4), opset=opset, i=np.asarray([[1, 0], [0, 2]]), u=_UPDATES[:, 0])
      for opset, reductions in ((11, ("none",)), (13, ("none",)), (16, ("none", "add", "mul")), (18, ("max", "min")))
      for reduction in reductions),
    *(case(f"ScatterND of x, {reduction}", node("ScatterND", ["w", "i", "x"], "y", reduction=reduction),
           shape=(2, 4), opset=18, i=np.asarray([[1, 0], [0, 2]]), w=_WRITTEN)
      for reduction in ("none", "add", "mul", "max", "min")),
]  # fmt: skip

_PADS = [
    *(case(f"Pad by attribute, {mode}", node("Pad", ["x"], "p", mode=mode, pads=[0, 0, 2, 1, 0, 0, 1, 3]),
           node("Exp", ["p"], "y"), opset=10, judge="runtime") for mode in ("constant", "edge", "reflect")),
    *(case(f"Pad, {mode}, opset {opset}", node("Pad", ["x", "p"], "q", mode=mode), node("Exp", ["q"], "y"),
           opset=opset, judge="runtime" if mode == "constant" else "reference", p=ints(0, 0, 2, 1, 0, 1, 1, 3))
      for opset in (11, 13, 18, 19, 21)
      for mode in ("constant", "edge", "reflect", "wrap") if mode != "wrap" or opset >= 19),
    *(case(f"Pad, {mode}, negative too", node("Pad", ["x", "p"], "q", mode=mode), node("Exp", ["q"], "y"),
           judge="runtime", p=ints(0, 0, -1, 2, 0, 0, 2, -2)) for mode in ("edge", "reflect")),
    *(case(f"Pad, {mode}, wide", node("Pad", ["x", "p", "", "a"], "q", mode=mode), node("Exp", ["q"], "y"), opset=19,
           p=ints(4, 5, 4, 5), a=ints(-1, 2)) for mode in ("edge", "reflect", "wrap") if mode != "reflect"),
    case("Pad by computed amounts", node("Shape", ["x"], "p"), node("Concat", ["p", "p"], "pp", axis=0),
         node("Pad", ["x", "pp"], "q"), node("Exp", ["q"], "y"), shape=(1, 2, 3, 4), judge="runtime"),
    *(case(f"Pad, {mode}, to a multiple of 4", node("Shape", ["x"], "s", start=2), node("Mod", ["s", "four"], "over"),
           node("Sub", ["four", "over"], "lack"), node("Mod", ["lack", "four"], "ends"),
           node("ConstantOfShape", ["six"], "begins", value=numpy_helper.from_array(ints(0))),
           node("Concat", ["begins", "ends"], "p", axis=0), node("Pad", ["x", "p"], "q", mode=mode),
           node("Exp", ["q"], "y"), shape=(2, 2, 6, 7), opset=19, four=ints(4), six=ints(6))
      for mode in ("edge", "reflect", "wrap")),
    after_exp("ReduceSum over the last axis, computed", node("Shape", ["x"], "s"), node("Size", ["s"], "rank"),
              node("Sub", ["rank", "one"], "axis"), node("ReduceSum", ["e", "axis"], "y"), one=ints(1), opset=18),
    after_exp("CumSum along the last axis, computed", node("Shape", ["x"], "s"), node("Size", ["s"], "rank"),
              node("Sub", ["rank", "one"], "axis"), node("CumSum", ["e", "axis"], "y"), one=np.array(1)),
]  # fmt: skip


def resize(
    name: str,
    *,
    scales: tuple[float, ...] | None = None,
    sizes: tuple[int, int, int, int] | None = None,
    opset: int = 13,
    shape: tuple[int, ...] = (1, 2, 5, 6),
    judge: str = "reference",
    **settings: Any,
) -> Case:
    """Return a case of one Resize with an empty region."""
    inputs = ["x", "", "scales"] if scales else ["x", "", "", "sizes"]
    inputs[1] = "" if opset >= 13 else "region"
    if opset < 13 and sizes:
        inputs[2] = "none"
    weights: dict[str, Any] = {"scales": floats(*scales)} if scales else {"sizes": ints(*sizes or ())}
    return case(f"Resize, {name}, opset {opset}", node("Resize", inputs, "y", **settings), shape=shape, opset=opset,
                judge=judge, region=floats(), none=floats(), **weights)  # fmt: skip


def mode_name(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key.split('_')[0]} {value}" for key, value in settings.items())


_RESIZES = [
    *(case(f"Upsample-7, {mode}", node("Upsample", ["x"], "y", mode=mode, scales=[1.0, 1.0, 2.0, 3.0]),
           shape=(2, 3, 4, 5), opset=7, judge="runtime") for mode in ("nearest", "linear")),
    *(case(f"{op}-{opset}, {mode}, {scales}", node(op, ["x", "s"], "y", mode=mode), shape=(2, 3, 4, 5), opset=opset,
           judge="runtime", s=floats(*scales))
      for op, opset, mode, scales in [("Upsample", 9, "nearest", (1, 1, 2, 2)),
                                      ("Upsample", 9, "linear", (1, 1, 2, 1.6)),
                                      ("Resize", 10, "nearest", (1, 1, 2, 3)), ("Resize", 10, "linear", (1, 1, 2, 0.6)),
                                      ("Resize", 10, "nearest", (1, 1, 0.5, 1.7))]),
    *(resize(mode_name({"mode": mode, "coordinates": coordinates, "sizes": sizes}), sizes=sizes, mode=mode, opset=opset,
             judge="runtime", coordinate_transformation_mode=coordinates)
      for opset in (11, 13, 19)
      for mode in ("nearest", "linear", "cubic")
      for coordinates in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
      for sizes in ((1, 2, 9, 3), (1, 2, 1, 13))),
    *(resize(mode_name({"nearest": rounding, "scales": scales}), scales=scales, mode="nearest", nearest_mode=rounding,
             judge="runtime")
      for rounding in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
      for scales in ((1, 1, 2, 2), (1, 1, 0.6, 1.9))),
    resize("tf_half_pixel_for_nn", scales=(1, 1, 1.7, 2), opset=11, judge="runtime", mode="nearest",
           coordinate_transformation_mode="tf_half_pixel_for_nn"),
    resize("half_pixel_symmetric", scales=(1, 1, 1.7, 0.7), opset=19, judge="runtime", mode="linear",
           coordinate_transformation_mode="half_pixel_symmetric"),
    *(case(f"Resize of a region, {mode}", node("Resize", ["x", "r", "", "s"], "y", mode=mode,
           coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=5.0), shape=(1, 2, 5, 6),
           judge="runtime", r=floats(0, 0, 0.1, -0.2, 1, 1, 0.8, 1.1), s=ints(1, 2, 4, 7))
      for mode in ("nearest", "linear")),
    resize("cubic, other coefficient, exclude_outside", scales=(1, 1, 1.7, 0.7), judge="runtime", mode="cubic",
           cubic_coeff_a=-0.5, exclude_outside=1),
    *(resize(f"{mode}, antialias, exclude_outside {outside}", scales=(1, 1, 0.4, 1.7), opset=18, judge="runtime",
             mode=mode, antialias=1, exclude_outside=outside)
      for mode, outside in (("linear", 0), ("cubic", 0), ("cubic", 1))),
    resize("NHWC", scales=(1, 2, 1.6, 1), shape=(1, 4, 5, 3), judge="runtime", mode="linear"),
    resize("5-D", scales=(1, 1, 2, 1.5, 2), shape=(1, 2, 2, 4, 3), mode="nearest", judge="runtime"),
    *(case(f"Resize of chosen axes, {policy}", node("Resize", ["x", "", "", "s"], "y", axes=[2, 3], mode="linear",
           keep_aspect_ratio_policy=policy), shape=(1, 2, 5, 6), opset=18, s=ints(7, 13))
      for policy in ("stretch", "not_larger", "not_smaller")),
    case("Resize to the computed size of another tensor", node("Shape", ["x"], "s"),
         node("AveragePool", ["x"], "p", kernel_shape=[2, 2], strides=[2, 2]),
         node("Resize", ["p", "", "", "s"], "y", mode="linear"), shape=(1, 2, 6, 8), judge="runtime"),
]  # fmt: skip


def _padded(auto: str) -> dict[str, Any]:
    return {"auto_pad": auto} if auto else {}


def transposed(
    name: str,
    w: tuple[int, ...],
    *,
    shape: tuple[int, ...] = (2, 4, 5, 6),
    opset: int = 11,
    **attributes: Any,
) -> Case:
    """Return a case of one ConvTranspose."""
    return case(f"ConvTranspose, {name}, opset {opset}", node("ConvTranspose", ["x", "w"], "y", **attributes),
                shape=shape, opset=opset, judge="runtime", w=w)  # fmt: skip


_TRANSPOSED = [
    *(transposed("plain", (4, 3, 3, 3), opset=opset) for opset in (7, 11, 22)),
    transposed("strides, pads", (4, 3, 3, 2), strides=[2, 3], pads=[1, 0, 0, 1]),
    transposed("output_padding", (4, 3, 3, 3), strides=[3, 2], pads=[1, 1, 1, 1], output_padding=[2, 1]),
    transposed("output_padding without pads", (4, 3, 2, 2), strides=[3, 2], output_padding=[2, 1]),
    transposed("groups and dilation", (4, 2, 3, 2), group=2, dilations=[2, 1], strides=[2, 1]),
    transposed("depthwise", (4, 1, 4, 4), group=4, strides=[2, 2], pads=[1, 1, 1, 1]),
    *(transposed(f"{auto}, stride {s}", (4, 3, 3, 4), auto_pad=auto, strides=[s, s])
      for auto in ("SAME_UPPER", "SAME_LOWER", "VALID") for s in (1, 2, 3)),
    *(transposed(f"output_shape, {auto}", (4, 3, 3, 4), strides=[2, 2], output_shape=[10, 13],
                 **_padded(auto)) for auto in ("", "SAME_UPPER", "SAME_LOWER")),
    transposed("1-D", (4, 3, 5), shape=(2, 4, 7), strides=[2], pads=[2, 1]),
    transposed("3-D", (4, 3, 2, 3, 2), shape=(1, 4, 3, 2, 4), strides=[2, 1, 2], pads=[0, 1, 0, 0, 1, 1]),
    case("Col2Im", node("Col2Im", ["x", "i", "k"], "y", pads=[1, 0, 2, 1], strides=[2, 1], dilations=[1, 2]),
         shape=(2, 12, 9), opset=18, i=ints(4, 4), k=ints(3, 2)),
]  # fmt: skip


def lp_pooled(
    name: str,
    *,
    opset: int,
    shape: tuple[int, int, int, int] = (2, 3, 9, 8),
    judge: str = "runtime",
    **attributes: Any,
) -> Case:
    """Return a case of one LpPool."""
    shared: dict[str, Any] = {"kernel_shape": [3, 2], **attributes}
    return case(f"LpPool, {name}, opset {opset}", node("LpPool", ["x"], "y", **shared), shape=shape, opset=opset,
                judge=judge)  # fmt: skip


_POOLINGS = [
    *(lp_pooled(f"p {p}", opset=opset, p=p, strides=[2, 2]) for opset in (7, 11, 18, 22) for p in (1, 2, 3)),
    lp_pooled("padded", opset=17, pads=[1, 0, 1, 1], strides=[2, 2]),
    lp_pooled("ceil_mode", opset=18, ceil_mode=1, strides=[2, 3], shape=(1, 2, 8, 8)),
    lp_pooled("dilated", opset=18, dilations=[2, 3]),
    lp_pooled("SAME_UPPER", opset=11, auto_pad="SAME_UPPER", strides=[2, 2]),
    *(case(f"GlobalLpPool, p {p}, opset {opset}", node("GlobalLpPool", ["x"], "y", p=p), opset=opset, judge="runtime")
      for p in (1, 2, 3) for opset in (7, 17)),  # ONNX Runtime has no newer one
    *(case(f"MaxPool and MaxUnpool, opset {opset}",
           node("MaxPool", ["x"], ["p", "i"], kernel_shape=[2, 2], strides=[2, 2]), node("Exp", ["p"], "e"),
           node("MaxUnpool", ["e", "i"], "y", kernel_shape=[2, 2], strides=[2, 2]), shape=(2, 3, 4, 6), opset=opset,
           judge="runtime") for opset in (9, 11, 22)),
]  # fmt: skip

_GRID = np.random.default_rng(11).uniform(-1.4, 1.4, (2, 3, 4, 2)).astype(np.float32)
_VOLUME_GRID = np.random.default_rng(11).uniform(-1.4, 1.4, (1, 2, 3, 2, 3)).astype(np.float32)
_REGIONS = floats(0.5, 1.2, 6.1, 5.3, -1.5, 0.3, 9.5, 4.0, 2.0, 2.0, 2.4, 2.3).reshape(3, 4)

_ALIGNMENTS: list[tuple[int, dict[str, Any]]] = [
    (10, {}),
    (10, {"spatial_scale": 0.5}),
    (10, {"mode": "max"}),
    (16, {}),
    (16, {"mode": "max", "spatial_scale": 0.7}),
    (22, {"mode": "max"}),
    (16, {"coordinate_transformation_mode": "output_half_pixel"}),
    (22, {}),
]

_SAMPLINGS = [
    *(case(f"GridSample, {mode}, {padding}, aligned {aligned}, opset {opset}",
           node("GridSample", ["x", "g"], "y", mode=mode, padding_mode=padding, align_corners=aligned),
           shape=(2, 3, 6, 5), opset=opset, judge="runtime", g=_GRID)
      for opset, modes in ((16, ("bilinear", "nearest", "bicubic")), (20, ("linear", "cubic")), (22, ("linear",)))
      for mode in modes for padding in ("zeros", "border", "reflection") for aligned in (0, 1)),
    *(case(f"GridSample of a volume, {mode}", node("GridSample", ["x", "g"], "y", mode=mode), shape=(1, 2, 3, 4, 5),
           opset=20, judge="runtime", g=_VOLUME_GRID) for mode in ("linear", "nearest")),
    case("a spatial transformer with a fixed grid", node("AffineGrid", ["t", "s"], "g"),
         node("GridSample", ["x", "g"], "y"),
         shape=(2, 3, 6, 5), opset=20, judge="runtime", s=ints(2, 3, 4, 3), t=(2, 2, 3)),
    *(case(f"AffineGrid, aligned {aligned}, {size}", node("AffineGrid", ["x", "s"], "y", align_corners=aligned),
           shape=(2, len(size) - 2, len(size) - 1), opset=20, judge="runtime", s=ints(*size))
      for aligned in (0, 1) for size in ((2, 3, 4, 5), (2, 3, 2, 4, 3))),
    *(case(f"RoiAlign, {settings}, opset {opset}",
           node("RoiAlign", ["x", "r", "b"], "y", sampling_ratio=2, output_height=3, output_width=2, **settings),
           shape=(2, 3, 6, 8), opset=opset, judge="runtime" if opset < 22 else "reference", r=_REGIONS, b=ints(1, 0, 1))
      for opset, settings in _ALIGNMENTS),
    case("ImageScaler", node("ImageScaler", ["x"], "s", scale=2.5, bias=[0.1, 0.2, 0.3]), node("Exp", ["s"], "y"),
         opset=7, judge="runtime"),
    case("Affine", node("Affine", ["x"], "a", alpha=-1.5, beta=0.3), node("Exp", ["a"], "y"), opset=7, judge="runtime"),
    *(case(f"{op} of opset {opset}", node(op, ["x"], "a", **settings), node("Exp", ["a"], "y"), opset=opset,
           judge="runtime")
      for opset in (7, 9)
      for op, settings in [("Scale", {"scale": -0.5}), ("ScaledTanh", {"alpha": 1.5, "beta": 0.7}),
                           ("ParametricSoftplus", {"alpha": 1.5, "beta": -0.7}), ("ThresholdedRelu", {"alpha": 0.7})]),
    case("Crop", node("Crop", ["x"], "c", border=[1, 2, 0, 1]), node("Exp", ["c"], "y"), shape=(1, 3, 6, 5), opset=7,
         judge="runtime"),
    case("Crop to a size", node("Crop", ["x"], "c", border=[1, 2, 1, 1], scale=[2, 3]), node("Exp", ["c"], "y"),
         shape=(1, 3, 6, 5), opset=7, judge="runtime"),
]  # fmt: skip

CASES: tuple[Case, ...] = (
    *_SHAPES,
    *_SPLITS,
    *_SLICES,
    *_GATHERS,
    *_SCATTERS,
    *_PADS,
    *_RESIZES,
    *_TRANSPOSED,
    *_POOLINGS,
    *_SAMPLINGS,
)
