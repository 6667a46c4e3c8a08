"""Nodes within subgraphs: what stands before what it reads is sorted, as in the graph, and cycles are named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from onnx import helper

import inspector
from tests.support.bad_models import refused
from tests.support.graphs import FLOAT, model, node


def choice(output: str, *branch: onnx.NodeProto) -> onnx.NodeProto:
    """Return an If that runs these nodes, one of which writes "u", in either case."""
    taken = helper.make_graph(branch, "taken", [], [helper.make_tensor_value_info("u", FLOAT, None)])
    return node("If", ["c"], output, then_branch=taken, else_branch=taken)


def chosen(*branch: onnx.NodeProto) -> onnx.ModelProto:
    """Return a model in which the image decides which branch, of these nodes both, is run."""
    condition = [node("ReduceSum", ["x"], "s", keepdims=0), node("Greater", ["s", "zero"], "c")]
    return model([*condition, choice("y", *branch)], weights={"zero": np.float32(0)})


def within(inner: onnx.NodeProto) -> onnx.ModelProto:
    """Return a model with a node in a subgraph where none belongs."""
    graph = helper.make_graph([inner], "taken", [], [helper.make_tensor_value_info("u", FLOAT, None)])
    return model([node("Relu", ["x"], "y", then_branch=graph)])


@pytest.mark.parametrize(
    ("proto", "told"),
    [
        (chosen(node("Sqrt", ["u"], "u")), r"'u' \(Sqrt\) -> Node 'u' \(Sqrt\)"),
        (chosen(node("Abs", ["u"], "t"), node("Sqrt", ["t"], "u")), r"'t' \(Abs\)"),
        (within(node("Sqrt", ["u"], "u")), r"'u' \(Sqrt\) -> Node 'u' \(Sqrt\)"),
    ],
    ids=["itself", "two nodes", "where no graph belongs"],
)
def test_a_cycle_within_a_subgraph_is_named(proto: onnx.ModelProto, told: str) -> None:
    refused(proto, f"cycle: .*{told}")


UNSORTED = (node("Sqrt", ["t"], "u"), node("Abs", ["x"], "t"))


@pytest.mark.parametrize(
    "branch",
    [UNSORTED, (node("Identity", ["w"], "u"), choice("w", *UNSORTED))],
    ids=["in a subgraph", "and in one within it"],
)
def test_unsorted_nodes_within_a_subgraph_are_sorted(branch: Sequence[onnx.NodeProto]) -> None:
    x = np.random.default_rng(0).standard_normal((1, 3, 20, 17)).astype(np.float32)
    with inspector.load(chosen(*branch).SerializeToString(), device="cpu") as loaded:
        found = loaded.activations(x, layers=["y"]).activations[0].values
    np.testing.assert_allclose(found, np.sqrt(np.abs(x)), rtol=1e-6)
