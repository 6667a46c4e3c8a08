"""The time of a forward pass against that of the baseline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.checks.numbers.planted import images
from tests.support.checked import findings, report, skipped
from tests.support.graphs import node
from tests.support.toys import toy_cnn


def slow(*, extra: int) -> bytes:
    """Return the toy with convolutions of 96 channels more, whose results it adds times 0."""
    proto = onnx.load_from_string(toy_cnn())
    random = np.random.default_rng(1)
    weights = {"wide": (96, 3, 3, 3), "inner": (96, 96, 3, 3)}
    for name, shape in weights.items():
        array = (random.standard_normal(shape) * 0.05).astype(np.float32)
        proto.graph.initializer.append(numpy_helper.from_array(array, name))
    proto.graph.initializer.append(numpy_helper.from_array(np.float32(0), "nothing"))
    nodes, last = [node("Conv", ["x", "wide"], "first", pads=[1, 1, 1, 1])], "first"
    for index in range(extra):
        nodes.append(node("Conv", [last, "inner"], f"extra{index}", pads=[1, 1, 1, 1]))
        last = f"extra{index}"
    nodes += [
        node("ReduceMean", [last], "mean"),
        node("Flatten", ["mean"], "one"),
        node("Mul", ["one", "nothing"], "none"),
        node("Add", ["scores", "none"], "answer"),
    ]
    proto.graph.node.extend(nodes)
    proto.graph.output[0].name = "answer"
    return proto.SerializeToString()


@pytest.fixture
def fast(tmp_path: Path) -> str:
    path = tmp_path / "fast.onnx"
    path.write_bytes(toy_cnn())
    return str(path)


def test_a_model_that_takes_longer_than_is_allowed_is_found(fast: str) -> None:
    (one,) = findings(slow(extra=12), "latency", images=images(1), baseline=fast, **{"latency.most": 3.0})
    assert (one.severity, one.kind, one.allowed) == ("warning", "file", "3 times")
    assert findings(slow(extra=12), "latency", images=images(1), baseline=fast, **{"latency.most": 1e5}) == ()


@pytest.mark.parametrize("given", [None, 1])
def test_the_ratio_is_told_where_nothing_is_allowed(fast: str, given: int | None) -> None:
    shown = {} if given is None else {"images": images(given)}
    found = report(slow(extra=12), "latency", baseline=fast, **shown)
    assert found.findings == ()
    assert found.facts["latency_ratio"] > 3
    assert found.facts["latency_ratio"] == pytest.approx(
        found.facts["latency_ms"] / found.facts["baseline_latency_ms"]
    )


def test_without_a_baseline_it_is_skipped() -> None:
    assert "--baseline" in skipped(toy_cnn(), "latency", images=images(1))
