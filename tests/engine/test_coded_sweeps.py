"""Sweeps over models on codes: parts are taken only where sums of integers make them exact."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.engine.sweeping.costs import costs
from inspector.engine.sweeping.incremental import Incremental
from inspector.engine.sweeping.sweep import Sweeping
from inspector.errors import CancelledError
from inspector.graph.incremental.work import KINDS, Rounding
from inspector.types.control import Cancellation, Control
from tests.support.graphs import model, node
from tests.support.sweeps import assert_all_ways_agree, loaded_engine, parting_of, random_variants

IMAGE = (3, 30, 26)
RNG = np.random.default_rng(4)
WEIGHTS: dict[str, np.ndarray | np.generic] = {
    "sx": np.float32(0.03),
    "zx": np.uint8(114),
    "sw": np.float32(0.01),
    "zw": np.int8(0),
    "sy": np.float32(0.05),
    "zy": np.uint8(20),
    "w1": RNG.integers(-90, 90, (6, 3, 3, 3)).astype(np.int8),
    "w2": RNG.integers(-90, 90, (6, 6, 3, 3)).astype(np.int8),
}
END = [
    node("DequantizeLinear", ["q2", "sy", "zy"], "real"),
    node("GlobalAveragePool", ["real"], "mean"),
    node("Flatten", ["mean"], "answer"),
]


def with_codes() -> onnx.ModelProto:
    """Two convolutions on codes."""
    ends = ["sw", "zw", "sy", "zy"]
    nodes = [
        node("QuantizeLinear", ["x", "sx", "zx"], "qx"),
        node("QLinearConv", ["qx", "sx", "zx", "w1", *ends], "q1", pads=[1, 1, 1, 1]),
        node("QLinearConv", ["q1", "sy", "zy", "w2", *ends], "q2", pads=[1, 1, 1, 1], strides=[2, 2]),
    ]
    return model([*nodes, *END], shape=("n", *IMAGE), weights=WEIGHTS, outputs=["answer"])


def between_codes(*, middle: str | None = None) -> onnx.ModelProto:
    """The same as its quantizer writes it; maybe with a float operator in the middle that no fusion takes."""
    nodes = [
        node("QuantizeLinear", ["x", "sx", "zx"], "qx"),
        node("DequantizeLinear", ["qx", "sx", "zx"], "x1"),
        node("DequantizeLinear", ["w1", "sw", "zw"], "f1"),
        node("Conv", ["x1", "f1"], "c1", pads=[1, 1, 1, 1]),
        *([node(middle, ["c1"], "m1")] if middle else []),
        node("QuantizeLinear", ["m1" if middle else "c1", "sy", "zy"], "q1"),
        node("DequantizeLinear", ["q1", "sy", "zy"], "x2"),
        node("DequantizeLinear", ["w2", "sw", "zw"], "f2"),
        node("Conv", ["x2", "f2"], "c2", pads=[1, 1, 1, 1], strides=[2, 2]),
        node("QuantizeLinear", ["c2", "sy", "zy"], "q2"),
    ]
    return model([*nodes, *END], shape=("n", *IMAGE), weights=WEIGHTS, outputs=["answer"])


def test_codes_that_several_stages_read_as_numbers_stay() -> None:
    """A block whose first layer goes place by place from what its sum takes as well, both through one node."""
    ends = ["sy", "zy"]
    nodes = [
        node("QuantizeLinear", ["x", "sx", "zx"], "qx"),
        node("DequantizeLinear", ["qx", "sx", "zx"], "x1"),
        node("DequantizeLinear", ["w1", "sw", "zw"], "f1"),
        node("Conv", ["x1", "f1"], "c1", pads=[1, 1, 1, 1]),
        node("QuantizeLinear", ["c1", *ends], "q1"),
        node("DequantizeLinear", ["q1", *ends], "real1"),
        node("Relu", ["real1"], "m"),
        node("QuantizeLinear", ["m", *ends], "qm"),
        node("DequantizeLinear", ["qm", *ends], "realm"),
        node("DequantizeLinear", ["w2", "sw", "zw"], "f2"),
        node("Conv", ["realm", "f2"], "c2", pads=[1, 1, 1, 1]),
        node("Add", ["c2", "real1"], "sum"),
        node("QuantizeLinear", ["sum", *ends], "q2"),
    ]
    proto = model([*nodes, *END], shape=("n", *IMAGE), weights=WEIGHTS, outputs=["answer"])
    engine = loaded_engine(proto)
    stages = parting_of(engine, ["answer"]).parting.stages
    variants = random_variants(image(), (2, 3), np.random.default_rng(6))

    given = {"x", *(stage.output for stage in stages)}
    assert all(read.tensor in given for stage in stages for read in stage.reads)
    assert assert_all_ways_agree(proto, engine, variants, ["answer"], tolerance=0.02) == len(stages) > 2


def image() -> np.ndarray:
    return np.random.default_rng(5).standard_normal((1, *IMAGE)).astype(np.float32)


def test_sums_of_integers_are_exact_on_crops() -> None:
    proto = with_codes()
    engine = loaded_engine(proto)
    parting = parting_of(engine, ["answer"]).parting

    assert parting.rounding is Rounding.INTEGERS
    assert [(read.tensor, read.fill) for stage in parting.stages for read in stage.reads] == [
        ("x", None),
        ("qx", 114.0),
        ("q1", 20.0),
    ]
    variants = random_variants(image(), (2, 3), np.random.default_rng(6))
    assert assert_all_ways_agree(proto, engine, variants, ["answer"], tolerance=0.0) == 3


def test_codes_are_cut_and_not_what_they_stand_for() -> None:
    parting = parting_of(loaded_engine(between_codes()), ["answer"]).parting

    assert parting.rounding is Rounding.FUSED
    assert [(read.tensor, read.fill) for stage in parting.stages for read in stage.reads] == [
        ("x", None),
        ("qx", 114.0),
        ("q1", 20.0),
    ]


@pytest.mark.parametrize("middle", [None, "Tanh"])
def test_sums_of_floats_between_codes_are_run_whole(
    middle: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = loaded_engine(between_codes(middle=middle))
    if middle:
        assert parting_of(engine, ["answer"]).parting.rounding is Rounding.FLOATS
    monkeypatch.setattr(Incremental, "__call__", _refused)
    variants = random_variants(image(), (2, 3), np.random.default_rng(6), count=40)

    assert sum(len(part) for part, _ in Sweeping(Run(engine), variants, ["answer"]).answers()) == 40


def test_a_sweep_that_is_cancelled_compares_no_answers() -> None:
    """It can be what a quantized model is asked first."""
    engine, token = loaded_engine(between_codes()), Cancellation()
    token.cancel()
    variants = random_variants(image(), (2, 3), np.random.default_rng(6), count=40)

    with pytest.raises(CancelledError):
        Sweeping(Run(engine, control=Control(cancellation=token)), variants, ["answer"])
    assert engine.level is not None
    assert engine.level.known is None


def _refused(*_: object) -> None:
    raise AssertionError("no crop may be run")


@pytest.mark.parametrize("coded", [False, True])
def test_costs_are_measured(coded: bool) -> None:
    engine: Engine = loaded_engine(with_codes())
    found = costs(parting_of(engine, ["answer"]).opened, coded=coded)

    assert set(found.small) == set(found.large) == set(KINDS)
    assert all(0 < rate < 1e-3 for rate in (*found.small.values(), *found.large.values()))
    assert min(found.byte, found.crop, found.call) > 0
    ends = [found.of({kind: 1.0}, area=area) for kind in KINDS for area in (1, 10**6)]
    assert ends == [rates[kind] for kind in KINDS for rates in (found.small, found.large)]
