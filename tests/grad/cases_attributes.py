"""Hand-made cases of attributes that exports seldom set, in combinations."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.grad.cases import Case, case, ints
from tests.grad.cases_movement import floats
from tests.support.graphs import node


def pooled(op_type: str, opset: int, *, shape: tuple[int, ...] = (1, 2, 10, 9), **attributes: Any) -> Case:
    """Return a case of one pooling by windows of 3, judged by the runtime."""
    return case(f"{op_type}, opset {opset}, {attributes}", node("Sin", ["x"], "s"),
                node(op_type, ["s"], "y", kernel_shape=[3] * (len(shape) - 2), **attributes), shape=shape, opset=opset,
                judge="runtime")  # fmt: skip


_POOLINGS = [
    *(pooled(op_type, opset, ceil_mode=1, dilations=[2, 1], strides=[3, 2], pads=[1, 0, 2, 1])
      for op_type, opset in (("MaxPool", 10), ("MaxPool", 22), ("AveragePool", 19), ("AveragePool", 22))),
    *(pooled("AveragePool", opset, ceil_mode=1, strides=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
      for opset in (10, 19, 22)),
    *(pooled(op_type, 18, shape=shape, auto_pad=auto, strides=[2] * (len(shape) - 2))
      for op_type in ("MaxPool", "AveragePool", "LpPool") for shape in ((1, 2, 6), (1, 2, 6, 5, 7))
      for auto in ("SAME_UPPER", "SAME_LOWER")),
]  # fmt: skip

_PADS = [
    *(case(f"Pad of chosen axes by {pads}, {mode}", node("Pad", ["x", "p", "", "a"], "q", mode=mode),
           node("Sin", ["q"], "y"), opset=19, judge="runtime", p=ints(*pads), a=ints(-1, -2))
      for mode in ("constant", "edge", "reflect", "wrap") for pads in ((2, -1, 1, 2), (-1, 2, 2, -2), (0, 0, 0, 0))),
    *(case(f"Pad of channels, {mode}", node("Pad", ["x", "p"], "q", mode=mode), node("Sin", ["q"], "y"),
           shape=(2, 3, 4), opset=19, judge="runtime", p=ints(0, 1, 2, 0, 2, 1))
      for mode in ("edge", "reflect", "wrap")),
]  # fmt: skip


def resized(
    name: str,
    *,
    scales: tuple[float, ...] = (),
    sizes: tuple[int, ...] = (),
    region: tuple[float, ...] = (),
    shape: tuple[int, ...] = (1, 2, 5, 6),
    opset: int = 13,
    **attributes: Any,
) -> Case:
    """Return a case of one Resize, judged by the runtime."""
    given = ["x", "r" if region else "", "s"] if scales else ["x", "r" if region else "", "", "s"]
    amounts = floats(*scales) if scales else ints(*sizes)
    return case(f"Resize, {name}, opset {opset}, {attributes}", node("Resize", given, "y", **attributes), shape=shape,
                opset=opset, judge="runtime", s=amounts, r=floats(*region))  # fmt: skip


_RESIZES = [
    *(resized(f"antialias, {scales}", scales=scales, opset=19, mode=mode, antialias=1,
              coordinate_transformation_mode=coordinates)
      for mode in ("linear", "cubic") for scales in ((1, 1, 2.0, 0.5), (1, 1, 0.6, 1.7))
      for coordinates in ("align_corners", "asymmetric", "half_pixel_symmetric", "pytorch_half_pixel")),
    *(resized("a region", sizes=(1, 2, 7, 4), region=(0, 0, -0.3, 0.2, 1, 1, 0.8, 1.4), mode=mode,
              coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=3.0)
      for mode in ("nearest", "linear", "cubic")),
    *(resized("chosen axes", sizes=(9, 4), opset=18, mode=mode, axes=[3, 2], keep_aspect_ratio_policy=policy)
      for mode in ("nearest", "cubic") for policy in ("not_larger", "not_smaller")),
    resized("1-D", scales=(1, 1, 1.7), shape=(1, 2, 7), mode="linear"),
    resized("3-D", scales=(1, 1, 1.7, 2, 0.7), shape=(1, 2, 3, 4, 3), mode="linear"),
]  # fmt: skip

_TRANSPOSED = [
    case(f"ConvTranspose, {n}-D, {settings}",
         node("ConvTranspose", ["x", "w"], "y",
              **{name: value if isinstance(value, str) else [value] * n for name, value in settings.items()}),
         shape=(1, 2, *[4] * n), opset=11, judge="runtime", w=(2, 3, *[3] * n))
    for n in (1, 2, 3)
    for settings in (
        {"output_shape": 9, "strides": 2, "auto_pad": "SAME_LOWER", "output_padding": 1},
        {"output_shape": 11, "strides": 3, "output_padding": 1},
        {"auto_pad": "SAME_LOWER", "strides": 3, "dilations": 2},
        {"auto_pad": "SAME_UPPER", "strides": 2, "output_padding": 1},
    )
]  # fmt: skip

_MOVED = [
    *(case(f"Slice {start}:{end}:{step} along {axes}, twice", node("Slice", ["x", "start", "to", "axes", "steps"], "s"),
           node("Concat", ["s", "s"], "t", axis=1), node("Sin", ["t"], "y"), opset=13, to=ints(*end),
           axes=ints(*axes), steps=ints(*step), start=ints(*start))
      for start, end, axes, step in [((-2, 4), (0, -6), (2, -1), (-3, -2)), ((100,), (1,), (2,), (-1,)),
                                     ((-100,), (100,), (2,), (3,))]),
    *(case(f"GatherND, batch_dims {batch}, {np.shape(places)}", node("GatherND", ["x", "i"], "g", batch_dims=batch),
           node("Sin", ["g"], "y"), shape=(2, 3, 4), opset=13, i=np.asarray(places))
      for batch, places in [(1, [[[0], [2]], [[1], [1]]]), (2, [[[0], [3], [1]], [[2], [2], [2]]])]),
    *(case(f"ScatterElements, {reduction}, places that meet", node("ScatterElements", ["w", "i", "x"], "y", axis=1,
           reduction=reduction), shape=(2, 3), opset=18, judge="runtime", i=np.asarray([[2, 0, 2], [1, 1, -1]]),
           w=(2, 4))
      for reduction in ("add", "mul", "max", "min")),
    *(case(f"Einsum {equation}", node("Einsum", ["x"] * (equation.count(",") + 1), "y", equation=equation), shape=shape)
      for equation, shape in [("...ii->...i", (2, 3, 4, 4)), ("ii...->i...", (3, 3, 2)), ("...ii->...", (2, 3, 3)),
                              ("...a,...b->...ab", (2, 3, 4))]),
]  # fmt: skip

CASES: list[Case] = [*_POOLINGS, *_PADS, *_RESIZES, *_TRANSPOSED, *_MOVED]
