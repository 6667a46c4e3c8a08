"""Small models whose answers are recorded, and changes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

import inspector
from inspector.types.golden import Golden
from inspector.types.results.report import Finding, Report
from tests.support.graphs import model, node
from tests.support.toys import toy_cnn

GOLDEN = ("golden",)


def toy() -> onnx.ModelProto:
    return onnx.load_from_string(toy_cnn())


def images(count: int = 4) -> np.ndarray:
    return np.random.default_rng(5).standard_normal((count, 3, 16, 16)).astype(np.float32)


def recorded(proto: onnx.ModelProto, data: Any = None, **given: Any) -> Golden:
    return inspector.record(
        proto.SerializeToString(), images() if data is None else data, device="cpu", **given
    )


def checked(proto: onnx.ModelProto, golden: Golden, **settings: Any) -> Report:
    """Return what the golden rules say of a model and what was recorded."""
    given: dict[str, Any] = {"select": GOLDEN, **golden.options, **settings}
    with inspector.load(proto.SerializeToString(), device="cpu") as opened:
        return opened.check(golden.images_for(opened.info.input), **given)


def found(report: Report, rule: str) -> list[Finding]:
    return [one for one in report.findings if one.id == rule]


def outcomes(report: Report) -> Mapping[str, str]:
    return {one.id: one.outcome for one in report.verdicts}


def with_weight(
    proto: onnx.ModelProto, name: str, change: Callable[[np.ndarray], np.ndarray]
) -> onnx.ModelProto:
    """Return the model with other values of an initializer."""
    for weight in proto.graph.initializer:
        if weight.name == name:
            weight.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(weight).copy()), name))
    return proto


def with_other_names(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with other names of all tensors and nodes."""
    graph = proto.graph

    def other(name: str) -> str:
        return f"other/{name}" if name else ""

    for one in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        one.name = other(one.name)
    for one in graph.node:
        one.name = other(one.name)
        for names in (one.input, one.output):
            renamed = [other(name) for name in names]
            del names[:]
            names.extend(renamed)
    return proto


def normalized(*, folded: bool) -> onnx.ModelProto:
    """Return a convolution and a normalization of its channels, or one convolution that does both."""
    rng = np.random.default_rng(8)
    weights = rng.standard_normal((6, 3, 3, 3)).astype(np.float32)
    scale, shift, mean = (rng.standard_normal(6).astype(np.float32) for _ in range(3))
    variance = rng.uniform(0.5, 2, 6).astype(np.float32)
    factor = scale / np.sqrt(variance + 1e-5)
    values: dict[str, np.ndarray | np.generic] = {"w": rng.standard_normal((6, 5)).astype(np.float32)}
    if folded:
        values |= {"k": weights * factor[:, None, None, None], "b": shift - mean * factor}
        nodes = [node("Conv", ["x", "k", "b"], "normal", pads=[1, 1, 1, 1])]
    else:
        values |= {"k": weights, "s": scale, "b": shift, "m": mean, "v": variance}
        nodes = [
            node("Conv", ["x", "k"], "conv", pads=[1, 1, 1, 1]),
            node("BatchNormalization", ["conv", "s", "b", "m", "v"], "normal"),
        ]
    nodes += [
        node("Relu", ["normal"], "relu"),
        node("GlobalAveragePool", ["relu"], "pool"),
        node("Flatten", ["pool"], "flat"),
        node("Gemm", ["flat", "w"], "scores"),
    ]
    return model(nodes, shape=("n", 3, 16, 16), weights=values)


def two_outputs() -> onnx.ModelProto:
    """Return a model that gives scores of classes, and features."""
    proto = toy()
    proto.graph.output.append(onnx.helper.make_tensor_value_info("flat", onnx.TensorProto.FLOAT, None))
    return proto
