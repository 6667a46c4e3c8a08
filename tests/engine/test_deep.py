"""Chains longer than Python's stack is deep, of any operator, on the way of the image or of a weight: they just run."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import inspector
from inspector.errors import UserError

STACK = 500
LENGTH = STACK + 50
KINDS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "Identity": ([], {}),
    "Cast": ([], {"to": TensorProto.FLOAT}),
    "Transpose": ([], {"perm": [0, 1, 3, 2]}),
    "Reshape": (["shape"], {}),
    "Neg": ([], {}),
    "Relu": ([], {}),
    "Clip": (["zero", "one"], {}),
    "Add": (["zero"], {}),
    "Mul": (["one"], {}),
    "Max": (["same"], {}),
    "Concat": ([], {"axis": 0}),
    "Dropout": ([], {}),
    "Softmax": ([], {"axis": 1}),
    "AveragePool": ([], {"kernel_shape": [1, 1]}),
}
IMAGE = np.random.default_rng(0).random((1, 3, 4, 4)).astype(np.float32)


@pytest.fixture
def shallow() -> Iterator[None]:
    """Lend less of a stack, so that a chain need not be longer."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(STACK)
    yield
    sys.setrecursionlimit(before)


def deep(kind: str, start: str) -> bytes:
    """Return a model with a chain of nodes of a kind behind the image, or behind the weight of its convolution."""
    others, attributes = KINDS[kind]
    names = [start, *(f"t{index}" for index in range(LENGTH))]
    nodes = [
        helper.make_node(
            kind, [before, *(before if other == "same" else other for other in others)], [name], **attributes
        )
        for before, name in itertools.pairwise(names)
    ]
    image, weight = (names[-1], "w") if start == "x" else ("x", names[-1])
    nodes += [
        helper.make_node("Conv", [image, weight], ["c"]),
        helper.make_node("GlobalAveragePool", ["c"], ["p"]),
        helper.make_node("Flatten", ["p"], ["y"]),
    ]
    shape = [1, 3, 4, 4] if start == "x" else [8, 3, 4, 4]
    weights = {
        "w": np.full((8, 3, 4, 4), 0.01, np.float32),
        "shape": np.array(shape, np.int64),
        "zero": np.array(0, np.float32),
        "one": np.array(1, np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "deep",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data: bytes = made.SerializeToString()
    return data


@pytest.mark.usefixtures("shallow")
@pytest.mark.parametrize(
    ("kind", "start"),
    [*((kind, "w") for kind in KINDS), *((kind, "x") for kind in ("Identity", "Relu", "Max"))],
)
def test_a_long_chain_is_no_matter_of_the_stack(kind: str, start: str) -> None:
    with inspector.load(deep(kind, start), device="cpu") as model:
        model.layers()
        model.predict(IMAGE)
        try:
            maps = model.attribute(IMAGE, method="saliency")
        except UserError:  # a weight that is computed has no rule in some places
            return
    assert np.isfinite(maps.maps).all()
