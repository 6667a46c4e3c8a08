"""Single layers at sizes that networks have, by each way in which their derivative can be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
import onnx
import onnx_ir as ir

from benchmarks.backward.patterns import without
from benchmarks.backward.timing import Trip, race, trip
from inspector.grad.backward import BackwardGraph, write_backward
from inspector.grad.policies.table import policy_named
from inspector.grad.ways import convolution, pooling
from inspector.grad.ways.convolution import Layer
from inspector.grad.writing.builder import Batch
from inspector.grad.writing.window import Window
from inspector.types.arrays import Array

SAME = 1e-5


@dataclass(frozen=True, kw_only=True)
class Case:
    """One layer: its input, and its node with the weights."""

    name: str
    shape: tuple[int, ...]
    nodes: tuple[onnx.NodeProto, ...]
    weights: Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a layer takes, there and back, by the ways to write it."""

    case: Case
    chosen: str
    milliseconds: Mapping[str, float]


def convolution_case(
    name: str, *, channels: int, filters: int, kernel: int, stride: int, size: int, pad: int, group: int = 1
) -> Case:
    """Return a convolution of a square map."""
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((filters, channels // group, kernel, kernel)).astype(np.float32)
    node = onnx.helper.make_node(
        "Conv",
        ["x", "w"],
        ["y"],
        strides=[stride] * 2,
        pads=[pad] * 4,
        group=group,
        kernel_shape=[kernel] * 2,
    )
    return Case(name=name, shape=(1, channels, size, size), nodes=(node,), weights={"w": weight})


def pooling_case(name: str, *, channels: int, size: int, **window: Any) -> Case:
    """Return a max-pooling of a square map."""
    node = onnx.helper.make_node("MaxPool", ["x"], ["y"], **window)
    return Case(name=name, shape=(1, channels, size, size), nodes=(node,), weights={})


def slice_case(name: str, *, channels: int, size: int) -> Case:
    """Return every second row and column, as a Focus layer takes them."""
    nodes = tuple(
        onnx.helper.make_node("Slice", [given, "one", "end", axis, "two"], [made])
        for given, axis, made in (("x", "rows", "part"), ("part", "columns", "y"))
    )
    numbers = {"one": 1, "end": 9999, "rows": 2, "columns": 3, "two": 2}
    weights = {name: np.asarray([number]) for name, number in numbers.items()}
    return Case(name=name, shape=(1, channels, size, size), nodes=nodes, weights=weights)


def _few() -> list[Case]:
    sizes = [(3, 32, 3, 224), (3, 64, 7, 112), (4, 16, 3, 112), (8, 16, 3, 112), (8, 32, 1, 112), (12, 16, 3, 208),
             (12, 24, 1, 56), (12, 64, 3, 56), (16, 64, 3, 56), (16, 16, 1, 56)]  # fmt: skip
    return [
        convolution_case(
            f"{c} ← {m}, {k}×{k}, {s}", channels=c, filters=m, kernel=k, stride=1, size=s, pad=k // 2
        )
        for c, m, k, s in sizes
    ]


def _strided() -> list[Case]:
    sizes = [(3, 64, 7, 224), (64, 128, 3, 56), (256, 512, 3, 14), (64, 128, 1, 56), (256, 512, 1, 56)]
    return [
        convolution_case(
            f"{c} ← {m}, {k}×{k}/2, {s}", channels=c, filters=m, kernel=k, stride=2, size=s, pad=k // 2
        )
        for c, m, k, s in sizes
    ]


def _depthwise() -> list[Case]:
    sizes = [(96, 3, 112, 2), (144, 3, 56, 2), (192, 3, 28, 2), (576, 3, 14, 2), (144, 5, 56, 2), (672, 5, 14, 2),
             (64, 4, 32, 4), (144, 3, 56, 1)]  # fmt: skip
    return [
        convolution_case(
            f"{c} depthwise, {k}×{k}/{s}, {size}", channels=c, filters=c, kernel=k, stride=s, size=size,
            pad=(k - 1) // 2, group=c,
        )
        for c, k, size, s in sizes
    ]  # fmt: skip


def _poolings() -> list[Case]:
    tiled = [
        (64, 2, 224),
        (256, 2, 56),
        (832, 2, 14),
        (16, 2, 28),
        (64, 3, 27),
        (64, 3, 111),
        (64, 4, 112),
        (512, 3, 12),
    ]
    moved = [(192, 3, 28), (512, 3, 14), (832, 3, 7), (128, 5, 13), (128, 13, 13)]
    return [
        *(
            pooling_case(f"{c}, {k}×{k}/{k}, {s}", channels=c, size=s, kernel_shape=[k] * 2, strides=[k] * 2)
            for c, k, s in tiled
        ),
        *(
            pooling_case(f"{c}, {k}×{k}/1, {s}", channels=c, size=s, kernel_shape=[k] * 2, pads=[k // 2] * 4)
            for c, k, s in moved
        ),
    ]


def measured(*, seconds: float) -> dict[str, list[Row]]:
    """Measure all layers; by the pattern that they belong to."""
    return {
        "Convolutions of few channels": [_by_convolution(case, seconds) for case in _few()],
        "Strided convolutions": [_by_convolution(case, seconds) for case in _strided()],
        "Depthwise convolutions": [_by_convolution(case, seconds) for case in _depthwise()],
        "Max-poolings": [_by_pooling(case, seconds) for case in _poolings()],
        "Every second row and column": [
            _by_slice(slice_case(f"{c}, {s}", channels=c, size=s), seconds)
            for c, s in ((3, 416), (3, 640), (64, 56), (256, 14))
        ],
    }


def _by_convolution(case: Case, seconds: float) -> Row:
    layer, found = _layer(case), {}
    for way in convolution.ways(layer):
        with patch("inspector.grad.writing.convolution.way_of", lambda _, way=way: way):
            found[way.value] = _trip(case)
    return _raced(case, found, convolution.way_of(layer).value, seconds)


def _layer(case: Case) -> Layer:
    weight, (node,) = case.weights["w"], case.nodes
    given = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    kernel, strides, pad = given["kernel_shape"], given["strides"], given["pads"][0]
    sizes = case.shape[2:]
    outputs = tuple((i + 2 * pad - k) // s + 1 for i, k, s in zip(sizes, kernel, strides, strict=True))
    window = Window(kernel=tuple(kernel), strides=tuple(strides), dilations=(1, 1), pads=(pad,) * 4)
    return Layer(
        window=window,
        group=given["group"],
        channels=weight.shape[1] * given["group"],
        inputs=sizes,
        outputs=outputs,
    )


def _by_pooling(case: Case, seconds: float) -> Row:
    (node,) = case.nodes
    given = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    kernel = tuple(given["kernel_shape"])
    strides = tuple(given.get("strides", (1, 1)))
    window = Window(kernel=kernel, strides=strides, dilations=(1, 1), pads=(0,) * 4)
    chosen, found = pooling.way_of(window), {}
    for way in pooling.ways(window):
        with patch("inspector.grad.ways.pooling.way_of", lambda _, way=way: way):
            found[way.value] = _trip(case)
    return _raced(case, found, chosen.value, seconds)


def _by_slice(case: Case, seconds: float) -> Row:
    found = {"ConvTranspose of ones": _trip(case)}
    with without("strided slices"):
        found["zeros padded"] = _trip(case)
    return _raced(case, found, "ConvTranspose of ones", seconds)


def _trip(case: Case) -> Trip:
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in case.weights.items()]
    graph = onnx.helper.make_graph(
        list(case.nodes), "one", [onnx.helper.make_tensor_value_info("x", 1, case.shape)],
        [onnx.helper.make_tensor_value_info("y", 1, None)], tensors,
    )  # fmt: skip
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10)
    proto = onnx.shape_inference.infer_shapes(proto)
    values = [*proto.graph.input, *proto.graph.output, *proto.graph.value_info]
    shapes = {value.name: tuple(d.dim_value for d in value.type.tensor_type.shape.dim) for value in values}
    model = ir.from_proto(proto)
    written: BackwardGraph = write_backward(
        model, source="y", target="x", policy=policy_named("gradient"), batch=Batch.ONE,
        shapes=shapes | {name: array.shape for name, array in case.weights.items()},
    )  # fmt: skip
    x = np.maximum(np.random.default_rng(0).standard_normal(case.shape), 0).astype(np.float32)
    return trip(model, written, "y", x)


def _raced(case: Case, trips: Mapping[str, Trip], chosen: str, seconds: float) -> Row:
    first = next(iter(trips.values())).gradient()
    for way, each in trips.items():
        apart = np.abs(each.gradient() - first).max() / np.abs(first).max()
        if apart > SAME:
            raise AssertionError(f"{case.name}: {way} differs by {apart:.1e}.")
    lanes = {
        f"{way}/{end}": getattr(each, end) for way, each in trips.items() for end in ("forward", "backward")
    }
    times = race(lanes, seconds=seconds)
    sums = {way: times[f"{way}/forward"] + times[f"{way}/backward"] for way in trips}
    return Row(case=case, chosen=chosen, milliseconds=sums)
