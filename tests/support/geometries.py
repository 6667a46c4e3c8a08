"""Small models of one operator that changes the size of a map, with random settings: what shapes are judged on.

Every setting is one that an exporter can write; those which ONNX Runtime refuses are for the caller to pass over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from inspector.runtime.failures import RUNTIME_FAILURES
from tests.support.graphs import model, node, run_exposed

CHANNELS = 3


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """One model: a convolution that keeps the size, the operator, and its square, so that nothing is linear."""

    name: str
    proto: onnx.ModelProto
    shape: tuple[int, ...]
    """Of the image."""
    is_exact: bool
    """Whether every element that a unit reads changes it visibly: not by a maximum, nor a weight near 0 or below."""


class _Drawn:
    """What one model is made of."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.size = tuple(int(size) for size in rng.integers(4, 15, 2))
        self.weights: dict[str, np.ndarray] = {"w": _positive(rng, CHANNELS, CHANNELS, 3, 3)}
        self.opset = 17

    def one_of(self, *options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def upto(self, most: int, *, least: int = 0, count: int = 2) -> list[int]:
        return [int(number) for number in self.rng.integers(least, most + 1, count)]

    def constant(self, name: str, array: Any, dtype: Any) -> str:
        self.weights[name] = np.asarray(array, dtype)
        return name


def _positive(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.uniform(0.2, 1.0, shape).astype(np.float32)


def _windows(d: _Drawn, *, dilated: bool = True) -> dict[str, Any]:
    settings: dict[str, Any] = {"kernel_shape": d.upto(4, least=1)}
    if d.chance(0.8):
        settings["strides"] = d.upto(3, least=1)
    if dilated and d.chance(0.4):
        settings["dilations"] = d.upto(2, least=1)
    padding = d.rng.random()
    if padding < 0.5:
        settings["pads"] = [
            min(pad, size - 1)
            for pad, size in zip(d.upto(2, count=4), settings["kernel_shape"] * 2, strict=True)
        ]
    elif padding < 0.85:
        settings["auto_pad"] = d.one_of("SAME_UPPER", "SAME_LOWER", "VALID")
    return settings


def conv(d: _Drawn) -> list[onnx.NodeProto]:
    settings = _windows(d)
    d.opset = d.one_of(7, 11, 17, 22)
    weight = d.constant("k", _positive(d.rng, 3, CHANNELS, *settings["kernel_shape"]), np.float32)
    return [node("Conv", ["a", weight], "y", **settings)]


def pooling(d: _Drawn) -> list[onnx.NodeProto]:
    op_type = d.one_of("MaxPool", "AveragePool", "LpPool")
    d.opset = d.one_of(7, 8, 10, 11, 12, 18, 19, 22)
    since_ceil = {"MaxPool": 10, "AveragePool": 10, "LpPool": 18}[op_type]
    since_dilated = {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}[op_type]
    settings = _windows(d, dilated=d.opset >= since_dilated)
    if d.opset >= since_ceil and d.chance(0.6):
        settings["ceil_mode"] = 1
    if op_type == "AveragePool" and d.chance(0.5):
        settings["count_include_pad"] = 1
    return [node(op_type, ["a"], "y", **settings)]


def transposed(d: _Drawn) -> list[onnx.NodeProto]:
    settings = _windows(d)
    if settings.pop("auto_pad", None):
        settings["auto_pad"] = d.one_of("SAME_UPPER", "SAME_LOWER", "VALID")
    strides = settings.get("strides", [1, 1])
    if d.chance(0.4):
        settings["output_padding"] = [int(d.rng.integers(0, stride)) for stride in strides]
    if d.chance(0.3):
        settings["output_shape"] = [
            size * stride + int(d.rng.integers(-1, 3)) for size, stride in zip(d.size, strides, strict=True)
        ]
        settings.pop("pads", None)
    d.opset = d.one_of(7, 11, 17, 22)
    weight = d.constant("k", _positive(d.rng, CHANNELS, 3, *settings["kernel_shape"]), np.float32)
    return [node("ConvTranspose", ["a", weight], "y", **settings)]


def _scale(d: _Drawn, size: int) -> float:
    exact = d.one_of(0.35, 0.5, 0.55, 0.7, 0.9, 1.0, 1.1, 1.3, 1.4, 1.5, 1.7, 2.0, 2.3, 3.0)
    return float(d.one_of(exact, round(float(d.rng.uniform(0.4, 2.6)), 3), int(d.rng.integers(3, 20)) / size))


def upsample(d: _Drawn) -> list[onnx.NodeProto]:
    d.opset = d.one_of(7, 9, 10)
    scales = [1.0, 1.0, *(_scale(d, size) for size in d.size)]
    mode = d.one_of("nearest", "linear")
    if d.opset == 7:
        return [node("Upsample", ["a"], "y", mode=mode, scales=[max(1.0, scale) for scale in scales])]
    if d.opset == 9:
        scales = [max(1.0, scale) for scale in scales]
    return [
        node(
            "Upsample" if d.opset == 9 else "Resize",
            ["a", d.constant("s", scales, np.float32)],
            "y",
            mode=mode,
        )
    ]


def resize(d: _Drawn) -> list[onnx.NodeProto]:
    d.opset = d.one_of(11, 13, 18, 19)
    mode = d.one_of("nearest", "linear", "cubic")
    settings: dict[str, Any] = {
        "mode": mode,
        "coordinate_transformation_mode": d.one_of(
            "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel", "tf_crop_and_resize",
            *(("half_pixel_symmetric",) if d.opset >= 19 else ()),
        ),
    }  # fmt: skip
    if mode == "nearest":
        settings["nearest_mode"] = d.one_of("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    spatial = d.opset >= 18 and d.chance(0.5)
    if spatial:
        settings["axes"] = d.one_of([2, 3], [-2, -1], [3, 2])
    if d.opset >= 18 and mode != "nearest" and d.chance(0.3):
        settings["antialias"] = 1
    lead, rank = ([] if spatial else [1, 1]), 2 if spatial else 4
    region = [*([0] * len(lead)), 0.1, 0.2, *([1] * len(lead)), 0.8, 0.7]
    roi = (
        d.constant("roi", region, np.float32) if "crop" in settings["coordinate_transformation_mode"] else ""
    )
    order = [1, 0] if settings.get("axes") == [3, 2] else [0, 1]
    if d.chance(0.65):
        scales = [*map(float, lead), *(_scale(d, d.size[place]) for place in order)]
        return [node("Resize", ["a", roi, d.constant("s", scales, np.float32)], "y", **settings)]
    if d.opset >= 18 and spatial:
        settings["keep_aspect_ratio_policy"] = d.one_of("stretch", "not_larger", "not_smaller")
    sizes = [*([1, CHANNELS] if lead else []), *d.upto(20, least=3)]
    assert len(sizes) == rank
    return [node("Resize", ["a", roi, "", d.constant("t", sizes, np.int64)], "y", **settings)]


def pad(d: _Drawn) -> list[onnx.NodeProto]:
    mode = d.one_of("constant", "reflect", "edge", "wrap")
    d.opset = 19 if mode == "wrap" else d.one_of(10, 11, 13, 18, 19)
    before, after = ([int(d.rng.integers(-2, 4)) for _ in d.size] for _ in range(2))
    if d.opset == 10:
        return [node("Pad", ["a"], "y", mode=mode, pads=[0, 0, *before, 0, 0, *after])]
    if d.opset >= 18 and d.chance(0.4):
        axes = d.one_of([2, 3], [-2, -1])
        inputs = [d.constant("p", [*before, *after], np.int64), "", d.constant("axes", axes, np.int64)]
    else:
        inputs = [d.constant("p", [0, 0, *before, 0, 0, *after], np.int64)]
    return [node("Pad", ["a", *inputs], "y", mode=mode)]


def computed(d: _Drawn) -> list[onnx.NodeProto]:
    """Sizes that the graph computes from the map's own: slices, tiles and resizes by them."""
    d.constant("two", [2], np.int64)
    d.constant("four", [4], np.int64)
    d.constant("one", [1], np.int64)
    d.constant("axes", [2, 3], np.int64)
    shape = [node("Shape", ["a"], "shape"), node("Slice", ["shape", "two", "four"], "hw")]
    kind = d.one_of("slice", "tile", "resize", "expand", "range")
    if kind == "slice":
        return [*shape, node("Div", ["hw", "two"], "half"), node("Mul", ["half", "one"], "starts"),
                node("Slice", ["a", "starts", "hw", "axes"], "y")]  # fmt: skip
    if kind == "tile":
        d.constant("repeats", [1, 1], np.int64)
        return [*shape, node("Div", ["hw", "hw"], "ones"), node("Add", ["ones", "one"], "twos"),
                node("Concat", ["repeats", "twos"], "r", axis=0), node("Tile", ["a", "r"], "y")]  # fmt: skip
    if kind == "resize":
        d.constant("lead", [1, CHANNELS], np.int64)
        return [*shape, node("Add", ["hw", "two"], "more"), node("Concat", ["lead", "more"], "sizes", axis=0),
                node("Resize", ["a", "", "", "sizes"], "y", mode="nearest")]  # fmt: skip
    if kind == "expand":
        d.constant("lead", [1, CHANNELS], np.int64)
        return [*shape, node("Concat", ["lead", "hw"], "sizes", axis=0),
                node("ReduceMean", ["a"], "m", axes=[3], keepdims=1), node("Expand", ["m", "sizes"], "y")]  # fmt: skip
    d.constant("zero", np.array(0), np.int64)
    d.constant("step", np.array(2), np.int64)
    d.constant("place", np.array(1), np.int64)
    return [*shape, node("Gather", ["hw", "place"], "width"), node("Range", ["zero", "width", "step"], "even"),
            node("Gather", ["a", "even"], "y", axis=3)]  # fmt: skip


KINDS: tuple[Callable[[_Drawn], list[onnx.NodeProto]], ...] = (
    conv, pooling, pooling, transposed, upsample, resize, resize, pad, computed,
)  # fmt: skip


def drawn(seed: int, count: int) -> Iterator[Geometry]:
    """Yield models with random settings; those that ONNX Runtime refuses, or whose maps are empty, are passed over."""
    return (geometry for geometry in _geometries(seed, count) if _runs(geometry))


def _runs(geometry: Geometry) -> bool:
    try:
        made = run_exposed(geometry.proto, np.ones(geometry.shape, np.float32), ["y"])
    except RUNTIME_FAILURES:
        return False
    return made["y"].size > 0


def _geometries(seed: int, count: int) -> Iterator[Geometry]:
    rng = np.random.default_rng(seed)
    for number in range(count):
        model_of = _Drawn(rng)
        middle = KINDS[number % len(KINDS)](model_of)
        nodes = [
            node("Conv", ["x", "w"], "a", pads=[1, 1, 1, 1]),
            *middle,
            node("Mul", ["y", "y"], "square"),
            node("GlobalAveragePool", ["square"], "mean"),
            node("Flatten", ["mean"], "score"),
        ]
        shape = (1, CHANNELS, *model_of.size)
        last = middle[-1]
        said = {item.name: onnx.helper.get_attribute_value(item) for item in last.attribute}
        constants = {name: array.tolist() for name, array in model_of.weights.items() if array.size <= 8}
        yield Geometry(
            name=f"{number}: {last.op_type}-{model_of.opset} on {model_of.size}, {said}, {constants}",
            proto=model(nodes, shape=shape, weights=model_of.weights, opset=model_of.opset),
            shape=shape,
            is_exact=last.op_type != "MaxPool" and said.get("mode") not in (b"linear", b"cubic"),
        )
