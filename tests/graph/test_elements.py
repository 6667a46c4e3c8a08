"""Elements traced back hold the same values, over random chains of operators that move them."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.graph.elements import trace_apart, trace_elements
from inspector.model.checks.limits import Limits
from inspector.model.shapes.infer import infer_shapes
from tests.support.graphs import Exposed, model, node

MOVES = ("Transpose", "Reshape", "Slice", "Split", "Concat", "Gather", "Unsqueeze", "Identity", "Clip")


def chain(rng: np.random.Generator) -> tuple[onnx.ModelProto, str]:
    """Return a graph that computes Neg(x), moves it about, and computes no more; and its last tensor."""
    nodes, weights = [node("Neg", ["x"], "t0"), node("Abs", ["x"], "other")], {}
    shape = [1, 6, 4, 8]
    for step in range(1, 7):
        before, after = f"t{step - 1}", f"t{step}"
        match rng.choice(MOVES):
            case "Transpose":
                perm = [0, *(1 + rng.permutation(len(shape) - 1)).tolist()]
                nodes.append(node("Transpose", [before], after, perm=perm))
                shape = [shape[axis] for axis in perm]
            case "Reshape":
                shape = [1, shape[1], int(np.prod(shape[2:]))]
                weights[f"s{step}"] = np.asarray(shape)
                nodes.append(node("Reshape", [before, f"s{step}"], after))
            case "Slice" if shape[1] > 2:
                weights |= {f"a{step}": np.asarray([1]), f"b{step}": np.asarray([shape[1]])}
                nodes.append(node("Slice", [before, f"a{step}", f"b{step}", f"a{step}"], after))
                shape[1] -= 1
            case "Split" if shape[1] > 2:
                weights[f"p{step}"] = np.asarray([1, shape[1] - 1])
                nodes.append(node("Split", [before, f"p{step}"], [f"u{step}", after], axis=1))
                shape[1] -= 1
            case "Concat":
                nodes.append(node("Concat", [before, before], after, axis=1))
                shape[1] *= 2
            case "Gather":
                weights[f"g{step}"] = rng.permutation(shape[-1])
                nodes.append(node("Gather", [before, f"g{step}"], after, axis=-1))
            case "Unsqueeze" if len(shape) < 5:
                weights[f"x{step}"] = np.asarray([1])
                nodes.append(node("Unsqueeze", [before, f"x{step}"], after))
                shape.insert(1, 1)
            case "Clip":
                nodes.append(node("Clip", [before], after))
            case _:
                nodes.append(node("Identity", [before], after))
    return model(nodes, shape=(1, 6, 4, 8), weights=weights, outputs=["t6"]), "t6"


@pytest.mark.parametrize("seed", range(12))
def test_traced_elements_have_the_same_values(seed: int) -> None:
    rng = np.random.default_rng(seed)
    proto, last = chain(rng)
    shapes, _ = infer_shapes(proto, "x", limits=Limits())
    x = rng.standard_normal((1, 6, 4, 8)).astype(np.float32)
    size = Exposed(proto, [last]).run(x)[last].size
    for place in rng.integers(0, size, 4):
        found = trace_elements(ir.from_proto(proto), last, np.asarray([place]), shapes=shapes)
        values = Exposed(proto, [last, found.tensor]).run(x)
        assert values[found.tensor].reshape(-1)[found.places] == values[last].reshape(-1)[place]
        assert found.tensor == "t0"


def test_one_activation_is_passed_where_it_is_asked_for() -> None:
    nodes = [
        node("Neg", ["x"], "raw"),
        node("Sigmoid", ["raw"], "likely"),
        node("Sigmoid", ["likely"], "twice"),
        node("Transpose", ["twice"], "y", perm=[0, 2, 3, 1]),
    ]
    proto = model(nodes, shape=(1, 2, 3, 4))
    shapes, _ = infer_shapes(proto, "x", limits=Limits())
    plain, through = (
        trace_elements(ir.from_proto(proto), "y", np.asarray([5]), shapes=shapes, through_activation=passed)
        for passed in (False, True)
    )
    assert (plain.tensor, through.tensor) == ("twice", "likely")


def test_what_comes_of_several_parts_is_not_followed_into_one() -> None:
    nodes = [node("Neg", ["x"], "a"), node("Abs", ["x"], "b"), node("Concat", ["a", "b"], "y", axis=1)]
    proto = model(nodes, shape=(1, 2, 3, 4))
    shapes, _ = infer_shapes(proto, "x", limits=Limits())
    found = trace_elements(ir.from_proto(proto), "y", np.asarray([0, 47]), shapes=shapes)
    assert (found.tensor, found.places.tolist()) == ("y", [0, 47])


@pytest.mark.parametrize("seed", range(12))
def test_elements_traced_together_are_those_traced_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nodes = [
        node("Sigmoid", ["x"], "likely"),
        node("Neg", ["x"], "raw"),
        node("Transpose", ["likely"], "moved", perm=[0, 1, 3, 2]),
        node("Reshape", ["moved", "flat"], "first"),
        node("Reshape", ["raw", "flat"], "second"),
        node("Concat", ["first", "second"], "both", axis=2),
        node("Softmax", ["raw"], "shared"),
        node("Reshape", ["shared", "flat"], "third"),
        node("Reshape", ["x", "flat"], "given"),
        node("Concat", ["third", "both", "given"], "all", axis=2),
        node("Transpose", ["all"], "y", perm=[0, 2, 1]),
    ]
    proto = model(nodes, shape=(1, 2, 3, 4), weights={"flat": np.asarray([1, 2, 12])})
    shapes, _ = infer_shapes(proto, "x", limits=Limits())
    graph, places = ir.from_proto(proto), rng.permutation(96)
    together = trace_apart(graph, "y", places, shapes=shapes, through_activation=bool(seed % 2))
    for number, place in enumerate(places):
        alone = trace_elements(
            graph, "y", np.asarray([place]), shapes=shapes, through_activation=bool(seed % 2)
        )
        assert (together[number].tensor, together[number].places.tolist()) == (
            alone.tensor,
            alone.places.tolist(),
        )
    assert len(together.tensors) == 4 - seed % 2
