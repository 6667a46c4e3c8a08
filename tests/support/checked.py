"""What rules of check find in models of tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx

import inspector
from inspector.types.results.report import Finding, Report
from tests.support.graphs import model, node
from tests.support.toys import toy_cnn

Given: TypeAlias = onnx.ModelProto | bytes | Path


def report(given: Given, *rules: str, **request: Any) -> Report:
    """Return what rules say of a model; no rule may end by an error."""
    source = given.SerializeToString() if isinstance(given, onnx.ModelProto) else given
    with inspector.load(source, device="cpu") as loaded:
        found = loaded.check(select=list(rules), **request)
    failed = [f"{one.id}: {one.reason}" for one in found.verdicts if one.outcome == "failed"]
    assert not failed, failed
    return found


def findings(given: Given, *rules: str, **request: Any) -> tuple[Finding, ...]:
    """Return what rules find in a model; none of them may be skipped."""
    found = report(given, *rules, **request)
    skipped = [f"{one.id}: {one.reason}" for one in found.verdicts if one.outcome == "skipped"]
    assert not skipped, skipped
    return found.findings


def skipped(given: Given, rule: str, **request: Any) -> str:
    """Return why a rule cannot judge a model; it must not."""
    (verdict,) = report(given, rule, **request).verdicts
    assert verdict.outcome == "skipped", verdict.outcome
    return verdict.reason


def cnn(*, batch: int | str = "batch") -> onnx.ModelProto:
    """Return a sound CNN with 5 classes for 3 × 16 × 16 images, with the shape of what it gives declared."""
    proto = onnx.load_from_string(toy_cnn(batch=batch))
    del proto.graph.output[:]
    proto.graph.output.append(
        onnx.helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, [batch, 5])
    )
    return proto


def flattened(
    shape: list[int], *, batch: int | str = "batch", outputs: list[int | str] | None = None
) -> onnx.ModelProto:
    """Return a model that ends in a Reshape to a shape, of 2 × 4 × 4 features per image."""
    nodes = [
        node("Conv", ["x", "w"], "conv", kernel_shape=[1, 1]),
        node("Reshape", ["conv", "shape"], "flat"),
    ]
    values: dict[str, np.ndarray | np.generic] = {
        "w": np.arange(6, dtype=np.float32).reshape(2, 3, 1, 1),
        "shape": np.array(shape, np.int64),
    }
    proto = model(nodes, shape=(batch, 3, 4, 4), weights=values)
    if outputs is not None:
        del proto.graph.output[:]
        proto.graph.output.append(onnx.helper.make_tensor_value_info("flat", onnx.TensorProto.FLOAT, outputs))
    return proto
