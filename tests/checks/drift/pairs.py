"""Pairs of models: one network as several exporters write it, and as faults leave it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

import inspector
from inspector.checks.examination import Examination
from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.face.load import SESSIONS
from inspector.model.read import read_model
from inspector.runtime.device import CPU
from inspector.types.requests.check import CheckRequest
from inspector.types.results.report import Report
from tests.support.graphs import model, node

SIDE = 12
CLASSES = 4
LAYERS = 4


def network(
    *,
    normalized: bool = False,
    channels_last: bool = False,
    prefix: str = "",
    gain: dict[int, float] | None = None,
) -> onnx.ModelProto:
    """Return convolutions, each with a rectifier, and a dense layer: the same function whatever is asked.

    `normalized` has a BatchNormalization behind each convolution that is folded otherwise, `channels_last` an input
    with channels last, `prefix` stands before all names; `gain` multiplies weights of layers, which is not the same.
    """
    rng = np.random.default_rng(3)
    weights: dict[str, np.ndarray | np.generic] = {}
    last = "nchw" if channels_last else "x"
    nodes = [node("Transpose", ["x"], "nchw", perm=[0, 3, 1, 2])] if channels_last else []
    count = 3
    for index in range(LAYERS):
        w = (rng.standard_normal((6, count, 3, 3)) * np.sqrt(2 / (9 * count))).astype(np.float32)
        b = (rng.standard_normal(6) * 0.1).astype(np.float32)
        slope = rng.uniform(0.3, 3, 6).astype(np.float32)
        offset, mean = (rng.standard_normal(6).astype(np.float32) * 0.2 for _ in range(2))
        var = rng.uniform(0.5, 2, 6).astype(np.float32)
        scale = slope / np.sqrt(var + np.float32(1e-5))
        if not normalized:
            w, b = w * scale[:, None, None, None], (b - mean) * scale + offset
        w = w * np.float32((gain or {}).get(index, 1.0))
        weights |= {f"{prefix}w{index}": w, f"{prefix}b{index}": b}
        conv = f"{prefix}conv{index}"
        nodes.append(node("Conv", [last, f"{prefix}w{index}", f"{prefix}b{index}"], conv, pads=[1, 1, 1, 1]))
        last = conv
        if normalized:
            operands = {"slope": slope, "offset": offset, "mean": mean, "var": var}
            weights |= {f"{prefix}{name}{index}": value for name, value in operands.items()}
            names = [f"{prefix}{name}{index}" for name in operands]
            nodes.append(node("BatchNormalization", [conv, *names], f"{prefix}norm{index}"))
            last = f"{prefix}norm{index}"
        nodes.append(node("Relu", [last], f"{prefix}relu{index}"))
        last, count = f"{prefix}relu{index}", 6
    nodes.append(node("GlobalAveragePool", [last], f"{prefix}pool"))
    nodes.append(node("Flatten", [f"{prefix}pool"], f"{prefix}flat"))
    weights[f"{prefix}dense"] = rng.standard_normal((6, CLASSES)).astype(np.float32)
    nodes.append(node("MatMul", [f"{prefix}flat", f"{prefix}dense"], f"{prefix}scores"))
    shape = ("n", SIDE, SIDE, 3) if channels_last else ("n", 3, SIDE, SIDE)
    return model(nodes, shape=shape, weights=weights)


def change(proto: onnx.ModelProto, name: str, by: Callable[[np.ndarray], np.ndarray]) -> onnx.ModelProto:
    """Set an initializer to a function of itself."""
    one = next(one for one in proto.graph.initializer if one.name == name)
    array = numpy_helper.to_array(one)
    one.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(by(array)).astype(array.dtype), name))
    return proto


def without(proto: onnx.ModelProto, operator: str, index: int) -> onnx.ModelProto:
    """Take the index-th node of an operator away."""
    gone = [one for one in proto.graph.node if one.op_type == operator][index]
    for reader in proto.graph.node:
        for place, name in enumerate(reader.input):
            if name == gone.output[0]:
                reader.input[place] = gone.input[0]
    proto.graph.node.remove(gone)
    return proto


def behind(
    proto: onnx.ModelProto, tensor: str, *nodes: onnx.NodeProto, **weights: np.ndarray | np.generic
) -> onnx.ModelProto:
    """Put nodes behind a tensor, the first of which reads it, and let its readers read what the last one gives."""
    last = nodes[-1].output[0]
    for reader in proto.graph.node:
        reader.input[:] = [last if name == tensor else name for name in reader.input]
    place = [one.output[0] for one in proto.graph.node].index(tensor) + 1
    for offset, one in enumerate(nodes):
        proto.graph.node.insert(place + offset, one)
    for name, array in weights.items():
        proto.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    return proto


def given(proto: onnx.ModelProto, tensor: str) -> onnx.NodeProto:
    """Return the node that computes a tensor."""
    return next(one for one in proto.graph.node if tensor in one.output)


def attributed(proto: onnx.ModelProto, tensor: str, **attributes: Any) -> onnx.ModelProto:
    """Set attributes of the node that computes a tensor."""
    found = given(proto, tensor)
    for name, value in attributes.items():
        for one in [one for one in found.attribute if one.name == name]:
            found.attribute.remove(one)
        found.attribute.append(onnx.helper.make_attribute(name, value))
    return proto


def leaky(proto: onnx.ModelProto, alpha: float, tensor: str = "relu1") -> onnx.ModelProto:
    """Let a rectifier leak."""
    given(proto, tensor).op_type = "LeakyRelu"
    return attributed(proto, tensor, alpha=alpha)


def sized(proto: onnx.ModelProto, *sides: int | str, batch: int | str = "n") -> onnx.ModelProto:
    """Set the sizes of the input's rows and columns, and of its batch: numbers, or names of what is free."""
    shape = proto.graph.input[0].type.tensor_type.shape
    for axis, size in zip((0, 2, 3), (batch, *sides), strict=True):
        shape.dim[axis].Clear()
        setattr(shape.dim[axis], "dim_value" if isinstance(size, int) else "dim_param", size)
    return proto


def pictures(count: int = 8, *, seed: int = 5) -> list[np.ndarray]:
    """Return smooth random images (3, SIDE, SIDE), float32."""
    rng = np.random.default_rng(seed)
    coarse = rng.standard_normal((count, 3, SIDE // 3, SIDE // 3)).astype(np.float32)
    return list(coarse.repeat(3, axis=2).repeat(3, axis=3))


def report(
    folder: Path, proto: onnx.ModelProto, baseline: onnx.ModelProto, *, images: Any = None, **given: Any
) -> Report:
    """Return what the rules of drift find in a model beside a baseline."""
    path = folder / "baseline.onnx"
    path.write_bytes(baseline.SerializeToString())
    shown = pictures() if images is None else images
    with inspector.load(proto.SerializeToString(), device="cpu") as one:
        asked: dict[str, Any] = {"select": ["drift"], "baseline": str(path), "images": shown}
        return one.check(**asked | given)


def examination(proto: onnx.ModelProto, baseline: onnx.ModelProto, *, images: Any = None) -> Examination:
    """Return the examination of a model beside a baseline."""

    def engine(made: onnx.ModelProto) -> Engine:
        return Engine(read_model(made.SerializeToString()), device=CPU, cache=SESSIONS)

    run = Run(engine(proto), others=lambda _: engine(baseline))
    return Examination(
        run, CheckRequest(images=pictures() if images is None else images, baseline="baseline")
    )
