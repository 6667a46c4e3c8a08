"""Hand-made cases in which the image decides what is a constant in most models: filters, matrices, grids, regions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.grad.cases import Case, case, ints
from tests.support.graphs import node

_RNG = np.random.default_rng(5)


def dynamic(
    op_type: str,
    name: str,
    w: tuple[int, ...],
    *,
    shape: tuple[int, ...] = (2, 4, 7, 6),
    opset: int = 17,
    bias: bool = True,
    **settings: Any,
) -> Case:
    """Return a case of a convolution whose filter and bias the image computes (Yang et al. 2019, CondConv)."""
    spatial = list(range(2, len(shape)))
    groups = settings.get("group", 1)
    outputs = w[0] if op_type == "Conv" else w[1] * groups
    return case(
        f"{op_type} with a computed filter, {name}",
        node("ReduceMean", ["x"], "m", axes=[0, 1, *spatial], keepdims=0),
        node("Sin", ["m"], "s"),
        node("Mul", ["w", "s"], "k"),
        node("Mul", ["v", "s"], "b"),
        node(op_type, ["x", "k", "b"] if bias else ["x", "k"], "y", **settings),
        shape=shape, opset=opset, judge="runtime" if groups > 1 or op_type == "ConvTranspose" else "reference",
        w=w, v=(outputs,),
    )  # fmt: skip


_FILTERS = [
    dynamic("Conv", "plain", (5, 4, 3, 2)),
    dynamic("Conv", "strides that do not fit, pads, dilations", (5, 4, 2, 3), shape=(2, 4, 8, 9), strides=[3, 2],
            pads=[1, 0, 2, 1], dilations=[2, 1]),
    dynamic("Conv", "groups", (6, 2, 3, 3), group=2, strides=[2, 2], pads=[1, 1, 1, 1]),
    dynamic("Conv", "depthwise, no bias", (4, 1, 3, 3), group=4, bias=False),
    dynamic("Conv", "1-D, SAME_LOWER", (5, 4, 4), shape=(2, 4, 9), strides=[2], auto_pad="SAME_LOWER"),
    dynamic("Conv", "3-D", (3, 4, 2, 1, 2), shape=(1, 4, 3, 4, 5), strides=[1, 2, 2]),
    dynamic("ConvTranspose", "plain", (4, 5, 3, 2)),
    dynamic("ConvTranspose", "strides, pads, dilations", (4, 5, 3, 2), strides=[3, 2], pads=[1, 0, 2, 1],
            dilations=[1, 2]),
    dynamic("ConvTranspose", "groups and output_padding", (4, 3, 2, 3), group=2, strides=[3, 2], output_padding=[2, 1]),
    dynamic("ConvTranspose", "1-D, SAME_UPPER", (4, 2, 3), shape=(2, 4, 5), strides=[2], auto_pad="SAME_UPPER"),
    case("CondConv: images as groups", node("Reshape", ["x", "one"], "r"), node("Sin", ["x"], "s"),
         node("ReduceMean", ["s"], "m", axes=[2, 3]), node("Mul", ["m", "w"], "k"),
         node("Reshape", ["k", "kernel"], "f"),
         node("Conv", ["r", "f"], "c", group=2), node("Reshape", ["c", "back"], "y"), shape=(2, 3, 5, 4),
         judge="runtime", w=(1, 3, 4, 2), one=ints(1, 6, 5, 4), kernel=ints(8, 3, 1, 2), back=ints(2, 4, 5, 3)),
]  # fmt: skip

_MATRICES = [
    *(case(f"MatMul by a matrix of the image's own, {shape}", node("ReduceMean", ["x"], "m", axes=[0], keepdims=0),
           node("Sin", ["m"], "s"), node("Transpose", ["s"], "t", perm=[1, 0]), node("MatMul", ["x", "t"], "y"),
           shape=shape) for shape in ((1, 3, 4), (2, 3, 4))),
    *(case(f"MatMul of {shape} by a matrix of its mean", node("ReduceMean", ["x"], "m", keepdims=0),
           node("Mul", ["m", "w"], "k"), node("MatMul", ["x", "k"], "y"), shape=shape, w=(4, 5))
      for shape in ((1, 4), (2, 4), (1, 3, 4), (2, 2, 3, 4))),
    *(case(f"Gemm by a matrix of the image's mean, transB {turned}", node("ReduceMean", ["x"], "m", keepdims=0),
           node("Mul", ["m", "w"], "k"), node("Mul", ["m", "v"], "c"),
           node("Gemm", ["x", "k", "c"], "y", transB=turned, alpha=0.5, beta=2.0), shape=shape,
           w=(5, 4) if turned else (4, 5), v=(5,)) for shape in ((1, 4), (3, 4)) for turned in (0, 1)),
]  # fmt: skip


def sampled(
    name: str,
    *,
    shape: tuple[int, ...] = (2, 3, 6, 5),
    points: tuple[int, ...] = (4, 3),
    opset: int = 20,
    **settings: Any,
) -> Case:
    """Return a case of a GridSample whose grid the image computes (Jaderberg et al. 2015)."""
    n = len(points)
    return case(
        f"GridSample at computed places, {name}",
        node("GlobalAveragePool", ["x"], "m"),
        node("Flatten", ["m"], "v"),
        node("Sin", ["v"], "s"),
        node("MatMul", ["s", "w"], "g"),
        node("Reshape", ["g", "size"], "r"),
        node("Add", ["r", "b"], "grid"),
        node("GridSample", ["x", "grid"], "y", **settings),
        shape=shape, opset=opset, judge="runtime",
        w=0.3 * _RNG.standard_normal((shape[1], math.prod(points) * n)).astype(np.float32),
        b=_RNG.uniform(-1.3, 1.3, (1, *points, n)).astype(np.float32), size=ints(0, *points, n),
    )  # fmt: skip


_GRIDS = [
    *(sampled(f"{mode}, {padding}, aligned {aligned}", mode=mode, padding_mode=padding, align_corners=aligned)
      for mode in ("linear", "cubic") for padding in ("zeros", "border", "reflection") for aligned in (0, 1)),
    sampled("nearest", mode="nearest"),
    sampled("opset 16", mode="bicubic", opset=16),
    sampled("a volume", shape=(1, 2, 3, 4, 5), points=(2, 2, 3)),
]  # fmt: skip


def deformed(
    name: str,
    *,
    shape: tuple[int, int, int, int] = (2, 4, 5, 6),
    w: tuple[int, int, int, int] = (6, 4, 3, 2),
    parts: int = 1,
    mask: bool = True,
    opset: int = 19,
    outputs: tuple[int, int],
    **settings: Any,
) -> Case:
    """Return a case of a DeformConv whose offsets and mask the image computes."""
    taps = parts * math.prod(w[2:])
    mean = [node("ReduceMean", ["x", "axes"], "m"), node("Sin", ["m"], "s")]
    computed = [
        node("Conv", ["s", "wo"], "o"), node("Add", ["o", "rest"], "offset"),
        *([node("Conv", ["s", "wm"], "c"), node("Add", ["c", "one"], "mask")] if mask else []),
    ]  # fmt: skip
    inputs = ["x", "w", "offset", "b", "mask"] if mask else ["x", "w", "offset"]
    return case(
        f"DeformConv, {name}, opset {opset}",
        *mean, *computed, node("DeformConv", inputs, "y", offset_group=parts, **settings),
        shape=shape, opset=opset, judge="runtime", axes=ints(2, 3), w=w, b=(w[0],),
        wo=0.3 * _RNG.standard_normal((2 * taps, shape[1], 1, 1)).astype(np.float32),
        wm=(taps, shape[1], 1, 1), one=_RNG.uniform(0.5, 1, (1, taps, *outputs)).astype(np.float32),
        rest=_RNG.uniform(-2, 2, (1, 2 * taps, *outputs)).astype(np.float32),
    )  # fmt: skip


_DEFORMED = [
    *(deformed("plain", outputs=(3, 5), opset=opset) for opset in (19, 22)),
    deformed("no mask, padded, strides", outputs=(3, 4), mask=False, pads=[1, 0, 1, 1], strides=[2, 2], w=(3, 4, 3, 1)),
    deformed("dilated, groups, parts", outputs=(3, 4), w=(6, 2, 2, 2), group=2, parts=4, dilations=[2, 2]),
    deformed("parts", outputs=(4, 5), w=(2, 4, 2, 2), parts=2),
]  # fmt: skip

_REGIONS = np.asarray([[0.5, 1.2, 6.1, 5.3], [-1.5, 0.3, 9.5, 4.2], [2.1, 2.2, 2.4, 2.7]], np.float32)


def aligned(name: str, *, computed: bool = True, opset: int = 16, **settings: Any) -> Case:
    """Return a case of a RoiAlign, by default of regions that the image moves."""
    return case(
        f"RoiAlign, {name}, opset {opset}",
        node("GlobalAveragePool", ["x"], "m"), node("Reshape", ["m", "flat"], "v"), node("Sin", ["v"], "s"),
        node("MatMul", ["s", "w"], "p"), node("Reshape", ["p", "four"], "q"), node("Add", ["q", "r"], "regions"),
        node("RoiAlign", ["x", "regions" if computed else "r", "b"], "y", output_height=3, output_width=2, **settings),
        shape=(2, 3, 6, 8), opset=opset, judge="runtime", r=_REGIONS, b=ints(1, 0, 1), flat=ints(1, 6),
        four=ints(3, 4), w=0.2 * _RNG.standard_normal((6, 12)).astype(np.float32),
    )  # fmt: skip


_ALIGNMENTS: list[tuple[int, dict[str, Any]]] = [
    (10, {}),
    (16, {"spatial_scale": 0.5}),
    (16, {"coordinate_transformation_mode": "output_half_pixel", "spatial_scale": 0.6}),
]

_ALIGNED = [
    *(aligned(f"computed regions, {ratio} samples, {settings}", opset=opset, sampling_ratio=ratio, **settings)
      for ratio in (0, 2)
      for opset, settings in _ALIGNMENTS),
    aligned("as many samples as regions need", computed=False, sampling_ratio=0),
    *(case(f"MaxRoiPool, opset {opset}, scale {scale}", node("Exp", ["x"], "e"),
           node("MaxRoiPool", ["e", "r"], "y", pooled_shape=[3, 2], spatial_scale=scale), shape=(2, 3, 6, 8),
           opset=opset, judge="runtime",
           r=np.asarray([[1, 0, 1, 6, 5], [0, -2, 0, 9, 4], [1, 2, 2, 2, 3], [0, 3, 1, 7, 9]], np.float32))
      for opset in (7, 17) for scale in (1.0, 0.6)),
]  # fmt: skip


def framed(
    name: str,
    *,
    parts: int = 1,
    inputs: tuple[str, ...] = ("x", "step", "window"),
    length: int = 8,
    **settings: Any,
) -> Case:
    """Return a case of an STFT."""
    return case(f"STFT, {name}", node("STFT", list(inputs), "y", **settings), shape=(2, 21, parts), opset=17,
                step=np.asarray(3), window=np.hanning(length + 2)[1:-1].astype(np.float32),
                length=np.asarray(length))  # fmt: skip


_FRAMES = [
    framed("a window"),
    framed("two sides", onesided=0),
    framed("no window", inputs=("x", "step", "", "length"), length=7),
    framed("window and length", inputs=("x", "step", "window", "length"), length=5, onesided=1),
    framed("a complex signal", parts=2, onesided=0),
]  # fmt: skip

_CACHES = [
    *(case(f"TensorScatter of {what}, {mode}", node("Sin", ["x"], "s"),
           node("TensorScatter", ["s", "w", "i"] if what == "the cache" else ["w", "s", "i"], "y", mode=mode),
           shape=(2, 5, 4, 3) if what == "the cache" else (2, 5, 2, 3),
           opset=24, w=(2, 5, 2, 3) if what == "the cache" else (2, 5, 4, 3), i=ints(1, 3 if mode == "circular" else 2))
      for what in ("the cache", "the update") for mode in ("linear", "circular")),
    case("TensorScatter at the start", node("TensorScatter", ["w", "x"], "y", axis=1), shape=(2, 2, 3), opset=24,
         w=(2, 4, 3)),
]  # fmt: skip

CASES: list[Case] = [*_FRAMES, *_CACHES, *_FILTERS, *_MATRICES, *_GRIDS, *_DEFORMED, *_ALIGNED]
