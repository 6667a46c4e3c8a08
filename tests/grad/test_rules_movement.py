"""The rules of operators that move, cut, join, resample and pool: against a difference, and for many seeds at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.errors import UnsupportedOperatorError
from inspector.grad.backward import GRADIENT, SEED
from tests.grad.cases import Case, case, ints
from tests.support.graphs import node
from tests.support.numeric import backward_of, run_all, to_float32
from tests.support.sessions import plain_session

OF_ONE_IMAGE = [
    case("crop, mirror and shuffle", node("Slice", ["x", "start", "to", "axes", "steps"], "s"),
         node("Pad", ["s", "pads"], "p", mode="reflect"), node("Gather", ["p", "order"], "y", axis=1),
         shape=(1, 3, 6, 8), to=ints(6, 8), axes=ints(2, 3), steps=ints(2, 1),
         pads=ints(0, 0, 1, 2, 0, 0, 1, 2), order=ints(2, 0, 1, 1), start=ints(1, 1)),
    case("tile and resize", node("Tile", ["x", "r"], "t"), node("Resize", ["t", "", "s"], "y", mode="linear"),
         shape=(1, 2, 3, 4), r=ints(1, 2, 1, 2), s=np.asarray([1, 1, 1.7, 2], np.float32)),
    case("depth to space and a part", node("DepthToSpace", ["x"], "d", blocksize=2, mode="CRD"),
         node("Split", ["d"], ["a", "y"], axis=3), shape=(1, 8, 2, 3)),
    case("a transposed convolution and a norm", node("ConvTranspose", ["x", "w"], "t", strides=[2, 2]),
         node("LpPool", ["t"], "y", kernel_shape=[2, 2]), shape=(1, 4, 3, 3), w=(4, 2, 3, 3)),
    case("a sampled image", node("GridSample", ["x", "g"], "y"), shape=(1, 2, 4, 5), opset=16,
         g=np.random.default_rng(3).uniform(-1.2, 1.2, (1, 3, 2, 2)).astype(np.float32)),
]  # fmt: skip
"""What keeps images apart: one run takes many seeds."""


@pytest.mark.parametrize("case", OF_ONE_IMAGE, ids=lambda case: case.name)
def test_three_seeds_of_one_image_are_each_what_they_are_alone(case: Case) -> None:
    x = case.image(np.random.default_rng(1)).astype(np.float32)
    values = run_all(to_float32(case.model), {"x": x})
    written = backward_of(case.model, values, wrt="x", source="y", dtype=ir.DataType.FLOAT)
    assert written.batchable
    session = plain_session(ir.to_proto(written.model))
    saved = {name: values[name] for name in written.saved}
    seeds = np.random.default_rng(2).standard_normal((3, *values["y"].shape[1:])).astype(np.float32)

    together = session.run([GRADIENT], saved | {SEED: seeds})[0]

    alone = [session.run([GRADIENT], saved | {SEED: seed[None]})[0] for seed in seeds]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("written", "weights", "match"),
    [
        ([node("Shape", ["x"], "images", start=0, end=1), node("Sub", ["images", "one"], "n"),
          node("Concat", ["n"] * 8, "p", axis=0), node("Pad", ["x", "p"], "y", mode="reflect")], {"one": ints(1)},
         "Pad in mode 'reflect' by computed amounts"),
        ([node("ReduceMax", ["x"], "m", keepdims=0), node("Sub", ["m", "m"], "z"), node("Cast", ["z"], "i", to=7),
          node("Unsqueeze", ["i", "a"], "n"), node("Concat", ["n"] * 8, "p", axis=0),
          node("Pad", ["x", "p"], "y", mode="reflect")], {"a": ints(0)}, "Pad in mode 'reflect' by computed amounts"),
        ([node("ReduceMean", ["x"], "m", keepdims=0), node("Mul", ["r", "m"], "regions"),
          node("RoiAlign", ["x", "regions", "b"], "y", mode="max", sampling_ratio=2)],
         {"r": np.asarray([[0, 0, 3, 3]], np.float32), "b": ints(0)},
         "RoiAlign depends on the image through its input 1"),
    ],
)  # fmt: skip
def test_what_the_values_decide_is_refused_by_name(
    written: list[onnx.NodeProto], weights: dict[str, Any], match: str
) -> None:
    refused = case("refused", *written, shape=(1, 3, 6, 8), **weights)
    x = refused.image(np.random.default_rng(0)).astype(np.float32)

    with pytest.raises(UnsupportedOperatorError, match=match):
        values = run_all(to_float32(refused.model), {"x": x})
        backward_of(refused.model, values, wrt="x", source="y", dtype=ir.DataType.FLOAT)
