"""What is computed on crops is what the whole image gives: every way through random networks, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inspector.graph.incremental.intervals import Changes, Intervals
from inspector.graph.incremental.ways import Way
from inspector.model.receptive.field import Field
from tests.support.graphs import run_exposed
from tests.support.layered import Layered, gate, layered
from tests.support.sweeps import assert_all_ways_agree, loaded_engine, parting_of, random_variants


def _ended(net: Layered) -> tuple[str, str]:
    """Give a network an answer, and return it and a map from the middle."""
    middle = net.at
    pooled = net.add("GlobalAveragePool", [net.at])
    answer = net.add("Flatten", [pooled])
    return answer, middle


@pytest.mark.parametrize("seed", range(60))
def test_random_networks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = layered(seed, space=2 if seed % 5 else int(rng.choice([1, 3])))
    tensors = _ended(net)
    proto = net.proto(tensors[0])
    image = rng.standard_normal((1, *net.image)).astype(np.float32)
    try:
        run_exposed(proto, image, tensors)
    except Exception as error:  # noqa: BLE001 — whatever the runtime says of a window without elements
        pytest.skip(str(error)[:80])
    layout = {1: "NCL", 2: "NCHW", 3: "NCDHW"}[net.space]
    engine = loaded_engine(proto, layout=layout)
    variants = random_variants(image, tuple(range(2, 2 + net.space)), rng)
    assert_all_ways_agree(proto, engine, variants, tensors)


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_window_that_is_off_by_one_is_found(shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checker is checked: windows that end too early, or crops that begin one place off."""
    rng = np.random.default_rng(1)
    net = Layered(1)
    net.image = (3, 17, 14)
    for _ in range(3):
        net.at = net.add("Conv", [net.at, net.random(4, net.channels, 3, 3)], pads=[1, 1, 1, 1])
        net.channels = 4
    tensors = _ended(net)
    proto = net.proto(tensors[0])
    image = rng.standard_normal((1, *net.image)).astype(np.float32)
    variants = random_variants(image, (2, 3), rng)
    assert assert_all_ways_agree(proto, loaded_engine(proto), variants, tensors) == 3

    if shift < 0:
        reach = Changes.reach

        def narrowed(self: Changes, field: Field) -> Intervals:
            found = reach(self, field)
            return Intervals(found.starts, tuple(max(1, length - 1) for length in found.lengths))

        monkeypatch.setattr(Changes, "reach", narrowed)
    else:
        monkeypatch.setattr(Way, "start", lambda self, start: self.stride * start + self.first + 1)
    with pytest.raises(AssertionError, match="Not equal"):
        assert_all_ways_agree(proto, loaded_engine(proto), variants, tensors)


def test_a_gate_over_the_whole_image_ends_the_window() -> None:
    net = Layered(2)
    net.at = net.add("Conv", ["x", net.random(4, 3, 3, 3)], pads=[1, 1, 1, 1])
    net.channels = 4
    first = net.at
    gate(net)
    net.at = net.add("Conv", [net.at, net.random(4, 4, 3, 3)], pads=[1, 1, 1, 1])
    tensors = _ended(net)
    engine = loaded_engine(net.proto(tensors[0]))

    assert [stage.output for stage in parting_of(engine, tensors[:1]).parting.stages] == [first]


@pytest.mark.parametrize(
    ("op_type", "more", "attributes"),
    [
        ("AveragePool", (), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
        ("Resize", ("", "scales"), {"mode": "nearest"}),
        ("InstanceNormalization", ("scale", "bias"), {}),
        ("Add", ("plane",), {}),
        ("Mul", ("row",), {}),
        ("CumSum", ("axis",), {}),
        ("Trilu", (), {}),
        ("Softmax", (), {"axis": -1}),
    ],
)
def test_what_differs_from_place_to_place_is_left_to_whole_maps(
    op_type: str, more: tuple[str, ...], attributes: dict[str, Any]
) -> None:
    net = Layered(3)
    net.image = (3, 16, 16)
    rng = np.random.default_rng(0)
    net.weights = {
        "scales": np.array([1, 1, 2, 2], np.float32),
        "scale": np.ones(3, np.float32),
        "bias": np.ones(3, np.float32),
        "plane": rng.standard_normal((16, 16)).astype(np.float32),
        "row": rng.standard_normal((16,)).astype(np.float32),
        "axis": np.array(2),
    }
    net.at = net.add(op_type, ["x", *more], **attributes)
    net.at = net.add("Conv", [net.at, net.random(3, 3, 3, 3)])
    tensors = _ended(net)
    proto = net.proto(tensors[0])

    assert parting_of(loaded_engine(proto), tensors[:1]).parting.stages == []


@pytest.mark.parametrize(
    ("op_type", "more", "attributes"),
    [
        ("Softmax", (), {"axis": 0}),
        ("ReduceMean", (), {"axes": [0], "keepdims": 1}),
        ("LpNormalization", (), {"axis": 0}),
        ("Slice", ("start", "end", "axis"), {}),
    ],
)
def test_what_computes_across_images_is_left_to_whole_maps(
    op_type: str, more: tuple[str, ...], attributes: dict[str, Any]
) -> None:
    """In a model of one image it changes nothing, but variants that run together would meet in it."""
    net = Layered(3)
    net.image = (3, 16, 16)
    net.weights = {"start": np.array([0]), "end": np.array([1]), "axis": np.array([0])}
    net.at = net.add(op_type, ["x", *more], **attributes)
    net.at = net.add("Conv", [net.at, net.random(3, 3, 3, 3)])
    tensors = _ended(net)
    engine = loaded_engine(net.proto(tensors[0], batch=1))

    assert parting_of(engine, tensors[:1]).parting.stages == []
