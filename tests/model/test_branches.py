"""If with a constant condition is folded: the runtime must not see a difference, and the branch's layers are layers."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import inspector
from inspector.errors import UnsupportedOperatorError
from inspector.model.read import read_model
from tests.support.as_exported import same_as_the_runtime
from tests.support.graphs import FLOAT, model, node

X = np.random.default_rng(0).standard_normal((2, 3, 6, 5)).astype(np.float32)
TRUE, FALSE = np.asarray(True), np.asarray([False])
INTS = {"zero": np.asarray(0), "one": np.asarray([1]), "three": np.asarray([3]), "six": np.asarray([6])}


def branch(*nodes: onnx.NodeProto, output: str | None = None, **weights: np.ndarray) -> onnx.GraphProto:
    """Return a branch that gives the output of its last node, or a tensor of that name."""
    result = helper.make_tensor_value_info(output or nodes[-1].output[0], FLOAT, None)
    tensors = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    return helper.make_graph(nodes, "branch", [], [result], tensors)


def choice(condition: str, output: str, then: onnx.GraphProto, other: onnx.GraphProto) -> onnx.NodeProto:
    return node("If", [condition], output, then_branch=then, else_branch=other)


def layers(proto: onnx.ModelProto) -> list[str]:
    return [layer.op_type for layer in read_model(proto.SerializeToString()).layers]


@pytest.mark.parametrize(("condition", "taken"), [(TRUE, "Exp"), (FALSE, "Neg")])
def test_the_branch_that_a_constant_chooses_becomes_part_of_the_graph(
    condition: np.ndarray, taken: str
) -> None:
    chosen = choice("c", "y", branch(node("Exp", ["r"], "t")), branch(node("Neg", ["r"], "t")))
    proto = model([node("Relu", ["x"], "r"), chosen], shape=("n", 3, 6, 5), weights={"c": condition})

    assert layers(proto) == ["Relu", taken]
    assert read_model(proto.SerializeToString()).layer("y").shape == (1, 3, 6, 5)
    same_as_the_runtime(proto, X)


def squeeze_of(tensor: str, output: str, axis: str) -> list[onnx.NodeProto]:
    """Return what PyTorch writes for x.squeeze(axis): squeeze if that axis has the size 1."""
    return [
        node("Shape", [tensor], f"{output}_s"),
        node("Gather", [f"{output}_s", axis], f"{output}_d", axis=0),
        node("Equal", ["one", f"{output}_d"], f"{output}_c"),
        choice(
            f"{output}_c",
            output,
            branch(node("Squeeze", [tensor, axis], f"{output}_squeezed")),
            branch(node("Identity", [tensor], f"{output}_same")),
        ),
    ]


def test_conditions_that_follow_from_shapes_are_constant_one_after_the_other() -> None:
    """The second squeeze asks for the shape that the first one leaves."""
    nodes = [
        node("GlobalAveragePool", ["x"], "g"),
        *squeeze_of("g", "a", "three"),
        *squeeze_of("a", "b", "one"),
        node("Exp", ["b"], "y"),
    ]
    proto = model(nodes, shape=("n", 3, 6, 5), weights=INTS)

    assert layers(proto) == ["GlobalAveragePool", "Squeeze", "Identity", "Exp"]
    assert read_model(proto.SerializeToString()).layer("y").shape == (1, 3, 1)
    same_as_the_runtime(proto, X)


def test_branches_within_branches_are_opened_with_their_own_weights() -> None:
    inner = choice(
        "c",
        "i",
        branch(node("Mul", ["m", "k"], "p"), k=np.asarray([2], np.float32)),
        branch(node("Neg", ["m"], "p")),
    )
    outer = branch(node("Mul", ["x", "k"], "m"), inner, k=np.asarray([3], np.float32))
    nodes = [choice("c", "a", outer, branch(node("Neg", ["x"], "n"))), node("Mul", ["a", "k"], "y")]
    proto = model(nodes, shape=("n", 3, 6, 5), weights={"c": TRUE, "k": np.asarray([5], np.float32)})

    found = read_model(proto.SerializeToString())

    assert [layer.op_type for layer in found.layers] == ["Mul", "Mul", "Mul"]
    same_as_the_runtime(proto, X)


def test_two_branches_that_use_the_same_names_are_told_apart() -> None:
    nodes = [
        choice(
            "c",
            "a",
            branch(node("Exp", ["x"], "t"), node("Sin", ["t"], "u")),
            branch(node("Neg", ["x"], "t")),
        ),
        choice(
            "c",
            "y",
            branch(node("Exp", ["a"], "t"), node("Cos", ["t"], "u")),
            branch(node("Neg", ["a"], "t")),
        ),
    ]
    proto = model(nodes, shape=("n", 3, 6, 5), weights={"c": TRUE})

    assert len({layer.output for layer in read_model(proto.SerializeToString()).layers}) == 4
    same_as_the_runtime(proto, X)


def test_a_branch_may_give_what_lies_around_it() -> None:
    nodes = [
        node("Relu", ["x"], "r"),
        choice("c", "a", branch(output="r"), branch(node("Neg", ["r"], "n"))),
        node("Exp", ["a"], "y"),
    ]
    proto = model(nodes, shape=("n", 3, 6, 5), weights={"c": TRUE})

    assert layers(proto) == ["Relu", "Identity", "Exp"]
    assert read_model(proto.SerializeToString()).layer("a").shape == (1, 3, 6, 5)


def test_what_a_loop_takes_from_around_it_follows_the_names() -> None:
    body = helper.make_graph(
        [node("Identity", ["go"], "again"), node("Add", ["state", "t"], "next")],
        "body",
        [helper.make_tensor_value_info("i", onnx.TensorProto.INT64, []),
         helper.make_tensor_value_info("go", onnx.TensorProto.BOOL, []),
         helper.make_tensor_value_info("state", FLOAT, ["n", 3, 6, 5])],
        [helper.make_tensor_value_info("again", onnx.TensorProto.BOOL, []),
         helper.make_tensor_value_info("next", FLOAT, ["n", 3, 6, 5])],
    )  # fmt: skip
    loop = node("Loop", ["turns", "", "t"], "looped", body=body)
    nodes = [
        choice(
            "c",
            "a",
            branch(node("Exp", ["x"], "t"), node("Neg", ["t"], "u")),
            branch(node("Neg", ["x"], "t")),
        ),
        choice("c", "b", branch(node("Exp", ["a"], "t"), loop), branch(node("Neg", ["a"], "t"))),
        node("Identity", ["b"], "y"),
    ]
    proto = model(nodes, shape=("n", 3, 6, 5), weights={"c": TRUE, "turns": np.asarray(2)}, opset=17)

    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        found = ours.activations(X, layers=["b"])["b"]
        with pytest.raises(UnsupportedOperatorError, match="Loop"):
            ours.attribute(X[:1], target=inspector.Unit("b", channel=0, position=(0, 0)))
    np.testing.assert_allclose(found, 3 * np.exp(-np.exp(X)), rtol=1e-5)


def of_batch() -> onnx.ModelProto:
    nodes = [
        node("Shape", ["x"], "s"),
        node("Gather", ["s", "zero"], "n"),
        node("Equal", ["n", "one"], "c"),
        choice("c", "y", branch(node("Exp", ["x"], "t")), branch(node("Neg", ["x"], "t"))),
    ]
    return model(nodes, shape=("n", 3, 6, 5), weights=INTS)


def of_values() -> onnx.ModelProto:
    nodes = [
        node("ReduceMax", ["x"], "m", keepdims=0),
        node("Greater", ["m", "k"], "c"),
        choice("c", "y", branch(node("Exp", ["x"], "t")), branch(node("Neg", ["x"], "t"))),
    ]
    return model(nodes, shape=("n", 3, 6, 5), weights={"k": np.float32(0)})


@pytest.mark.parametrize("proto", [of_batch(), of_values()], ids=["batch", "values"])
def test_a_condition_that_depends_on_the_images_stays_and_is_refused_by_name(proto: onnx.ModelProto) -> None:
    assert "If" in layers(proto)
    with (
        inspector.load(proto.SerializeToString(), device="cpu") as ours,
        pytest.raises(UnsupportedOperatorError, match=r"If.*condition.*constant"),
    ):
        ours.attribute(X[:1], target=0)


def test_a_fixed_batch_decides() -> None:
    proto = of_batch()
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2

    assert layers(proto) == ["Neg"]


def test_a_model_of_one_image_at_a_time_decides_for_it() -> None:
    """With two images the first Reshape would contradict itself, so one is all there can be."""
    proto = of_batch()
    proto.graph.node.insert(0, node("Reshape", ["x", "flat"], "f"))
    proto.graph.node[1].input[0] = "f"
    proto.graph.initializer.append(numpy_helper.from_array(np.asarray([1, 90]), "flat"))

    assert layers(proto) == ["Reshape", "Exp"]
