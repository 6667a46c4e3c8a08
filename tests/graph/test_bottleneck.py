"""Bottlenecks, against the definition: cut a tensor out, and nothing of the image arrives any more."""

from __future__ import annotations

import onnx
import onnx_ir as ir
import pytest

from inspector.graph.bottleneck import bottlenecks
from tests.support.graphs import model, node
from tests.support.many_outputs import many_outputs

RESIDUAL = model(
    [
        node("Relu", ["x"], "a"),
        node("Tanh", ["a"], "b"),
        node("Sigmoid", ["b"], "c"),
        node("Add", ["a", "c"], "d"),
        node("Shape", ["a"], "shape"),
        node("Reshape", ["d", "shape"], "e"),
        node("Split", ["e"], ["left", "right"], axis=3, num_outputs=2),
        node("Neg", ["left"], "f"),
        node("Concat", ["f", "right"], "g", axis=3),
        node("Exp", ["g"], "y"),
        node("Abs", ["b"], "elsewhere"),
    ],
    outputs=["y", "elsewhere"],
    opset=18,
)


def reaches(proto: onnx.ModelProto, tensor: str, *, without: str) -> bool:
    """Return whether a way leads from x to a tensor that does not pass another, nor only asks for shapes."""
    reached = {"x"} - {without}
    for one in proto.graph.node:
        if one.op_type != "Shape" and reached & set(one.input):
            reached |= set(one.output) - {without}
    return tensor in reached


@pytest.mark.parametrize(
    ("proto", "tensor"),
    [(RESIDUAL, "y"), (RESIDUAL, "elsewhere"), (RESIDUAL, "d"), (RESIDUAL, "f")]
    + [(many_outputs(), name) for name in ("scores", "boxes", "masks", "embedding", "conv1")],
    ids=lambda given: given if isinstance(given, str) else given.graph.node[0].op_type,
)
def test_without_them_nothing_arrives(proto: onnx.ModelProto, tensor: str) -> None:
    names = {name for one in proto.graph.node for name in one.output} - {tensor}
    expected = {name for name in names if not reaches(proto, tensor, without=name)}

    assert bottlenecks(ir.from_proto(proto), image="x", tensor=tensor) == expected


def test_a_residual_block_is_passed_before_and_after() -> None:
    assert bottlenecks(ir.from_proto(RESIDUAL), image="x", tensor="y") == {"a", "d", "e", "g"}
