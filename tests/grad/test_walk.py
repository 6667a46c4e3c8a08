"""The walk from source to target: what lies on the path, what is cut, and what is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.errors import InvalidInputError, InvalidModelError, NotFoundError, UnsupportedOperatorError
from inspector.grad.backward import SEED, BackwardGraph, write_backward
from inspector.grad.policies.table import policy_named
from tests.support.graphs import model, node
from tests.support.numeric import compare, to_float64

W = {"w": np.ones((3, 3, 3, 3), np.float32)}
CONV = node("Conv", ["x", "w"], "conv", pads=[1, 1, 1, 1])
RELU = node("Relu", ["conv"], "relu")


def written(
    proto: onnx.ModelProto, *, source: str, target: str = "x", dtypes: dict[str, Any] | None = None
) -> BackwardGraph:
    inferred = onnx.shape_inference.infer_shapes(proto, data_prop=True)
    infos = [*inferred.graph.value_info, *inferred.graph.output, *inferred.graph.input]
    shapes = {i.name: tuple(d.dim_value for d in i.type.tensor_type.shape.dim) for i in infos}
    shapes |= {t.name: tuple(t.dims) for t in proto.graph.initializer}
    return write_backward(
        ir.from_proto(proto), source=source, target=target, policy=policy_named("gradient"), shapes=shapes,
        dtypes=dtypes or {},
    )  # fmt: skip


def operators(backward: BackwardGraph) -> list[str]:
    return [written.op_type for written in backward.model.graph]


def test_an_unknown_operator_is_named_with_its_node_and_the_known_ones() -> None:
    proto = model(
        [
            CONV,
            node("NonExistent", ["conv"], "strange", domain="com.example"),
            node("Relu", ["strange"], "y"),
        ],
        weights=W,
    )

    with pytest.raises(UnsupportedOperatorError) as error:
        write_backward(
            ir.from_proto(proto), source="y", target="x", policy=policy_named("gradient"),
            shapes=dict.fromkeys(["x", "conv", "strange", "y"], (1, 3, 20, 17)),
        )  # fmt: skip

    assert error.value.reason == "UNSUPPORTED_OPERATOR"
    for word in (
        "'strange'",
        "com.example::NonExistent",
        "Conv",
        "MaxPool",
        "Relu",
        "target below this node",
    ):
        assert word in error.value.message


def test_a_target_below_an_unknown_operator_still_works() -> None:
    proto = model([CONV, RELU, node("Novel", ["relu"], "y", domain="com.example")], weights=W)
    proto.opset_import.add(domain="com.example", version=1)

    assert "ConvTranspose" in operators(written(proto, source="relu"))
    with pytest.raises(UnsupportedOperatorError, match="'y' with operator com.example::Novel"):
        written(proto, source="y")


def test_an_unknown_operator_beside_the_path_is_no_matter() -> None:
    proto = model(
        [CONV, node("Novel", ["conv"], "beside", domain="com.example"), RELU],
        weights=W,
        outputs=["relu", "beside"],
    )
    proto.opset_import.add(domain="com.example", version=1)

    written(proto, source="relu")


def test_an_unknown_tensor_is_refused_by_name() -> None:
    proto = model([CONV, RELU], weights=W)

    for source, target in (("nothing", "x"), ("relu", "nothing")):
        with pytest.raises(NotFoundError, match="'nothing'") as error:
            written(proto, source=source, target=target)
        assert error.value.reason == "TENSOR_NOT_FOUND"


@pytest.mark.parametrize(
    ("between", "block"),
    [
        ([node("Shape", ["x"], "s"), node("Cast", ["s"], "source", to=TensorProto.FLOAT)],
         "'s' with operator Shape, because its output does not depend on its input's values"),
        ([node("Floor", ["x"], "source")],
         "'source' with operator Floor, because its derivative is zero wherever it exists"),
        ([node("Greater", ["x", "w"], "g"), node("Cast", ["g"], "source", to=TensorProto.FLOAT)],
         "'g' with operator Greater, because its output is discrete"),
        ([node("ArgMax", ["x"], "a"), node("Cast", ["a"], "source", to=TensorProto.FLOAT)],
         "'a' with operator ArgMax, because its output is discrete"),
    ],
    ids=["by shape", "in steps", "by comparison", "by place"],
)  # fmt: skip
def test_a_source_that_does_not_depend_smoothly_on_the_target_is_refused_with_what_is_between(
    between: list[onnx.NodeProto], block: str
) -> None:
    proto = model(between, weights={"w": np.ones(1, np.float32)})

    with pytest.raises(
        InvalidInputError, match=f"'source' depends on 'x' only through .* Node {block}"
    ) as error:
        written(proto, source="source")
    assert error.value.reason == "NOT_DIFFERENTIABLE"


def test_every_way_that_ends_is_named() -> None:
    nodes = [
        node("Relu", ["x"], "r"),
        node("Floor", ["r"], "low"),
        node("TopK", ["r", "k"], ["values", "places"]),
        node("Cast", ["places"], "f", to=TensorProto.FLOAT),
        node("Floor", ["x"], "beside"),
        node("Add", ["low", "f"], "y"),
    ]
    proto = model(nodes, shape=(1, 4), weights={"k": np.asarray([4], np.int64)})

    with pytest.raises(InvalidInputError, match="no gradient") as error:
        written(proto, source="y", dtypes={"places": "int64"})

    assert "Node 'low' with operator Floor, because" in error.value.message
    assert "Node 'values' with operator TopK, because its output 'places' is int64." in error.value.message
    assert "beside" not in error.value.message


def test_a_source_above_the_target_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="'conv' does not depend on 'relu'") as error:
        written(model([CONV, RELU], weights=W), source="conv", target="relu")
    assert error.value.reason == "NOT_DIFFERENTIABLE"


def test_a_way_through_integers_is_cut_even_where_the_graph_states_no_types() -> None:
    nodes = [
        node("Cast", ["x"], "i", to=TensorProto.INT32),
        node("Cast", ["i"], "f", to=TensorProto.FLOAT),
        node("Add", ["x", "f"], "y"),
    ]
    proto = model(nodes)

    found = written(proto, source="y", dtypes={"i": "int32", "f": "float32", "y": "float32"})

    assert operators(found) == ["Identity"]
    match = "'f' depends on 'x' only .* Node 'i' with operator Cast, because its output 'i' is int32"
    with pytest.raises(InvalidInputError, match=match) as error:
        written(proto, source="f", dtypes={"i": "int32"})
    assert error.value.reason == "NOT_DIFFERENTIABLE"


def test_an_operator_that_gets_no_rule_is_refused_with_the_reason() -> None:
    proto = model([node("LSTM", ["x", "w", "r"], ["y"], hidden_size=2)], shape=(3, 1, 4),
                  weights={"w": np.ones((1, 8, 4), np.float32), "r": np.ones((1, 8, 2), np.float32)})  # fmt: skip

    with pytest.raises(
        UnsupportedOperatorError, match="'y' with operator LSTM has no backward rule: it is recurrent"
    ):
        written(proto, source="y")


def test_only_nodes_on_the_path_are_written() -> None:
    nodes = [
        CONV,
        RELU,
        node("Exp", ["relu"], "beside"),
        node("Sigmoid", ["relu"], "y"),
        node("Tanh", ["y"], "above"),
    ]
    proto = model(nodes, weights=W, outputs=["above", "beside"])

    whole = written(proto, source="y")
    upper = written(proto, source="y", target="relu")

    assert "Exp" not in operators(whole)
    assert whole.saved == ("y", "relu")
    assert upper.saved == ("y",)
    assert set(operators(upper)) <= {"Mul", "Sub", "Identity"}
    assert [value.name for value in upper.model.graph.inputs] == [SEED, "y"]


def test_gradients_that_nobody_needs_are_not_written() -> None:
    """The gradient of a weight would need the image itself."""
    gemm = model(
        [node("Gemm", ["x", "w", "c"], "y")],
        shape=(1, 4),
        weights={"w": np.ones((4, 2), np.float32), "c": np.ones(2, np.float32)},
    )
    product = model([node("Mul", ["x", "w"], "y")], weights={"w": np.ones((3, 1, 1), np.float32)})

    assert written(gemm, source="y").saved == ()
    assert operators(written(gemm, source="y")) == ["Gemm", "Identity"]
    assert written(product, source="y").saved == ()
    assert operators(written(product, source="y")) == ["Mul", "Identity"]


def test_the_shape_branch_of_an_exported_flatten_is_cut() -> None:
    """Shape -> Gather -> Unsqueeze -> Concat -> Reshape, as PyTorch 1.x exported `x.view(x.size(0), -1)`."""
    nodes = [
        CONV,
        RELU,
        node("Shape", ["relu"], "sizes"),
        node("Gather", ["sizes", "zero"], "n", axis=0),
        node("Unsqueeze", ["n"], "batch", axes=[0]),
        node("Concat", ["batch", "rest"], "shape", axis=0),
        node("Reshape", ["relu", "shape"], "flat"),
        node("MatMul", ["flat", "m"], "y"),
    ]
    rng = np.random.default_rng(0)
    weights: dict[str, np.ndarray] = {
        "w": rng.standard_normal((3, 3, 3, 3)).astype(np.float32),
        "m": rng.standard_normal((60, 4)).astype(np.float32),
        "zero": np.asarray(0, np.int64),
        "rest": np.asarray([-1], np.int64),
    }
    proto = to_float64(model(nodes, shape=(2, 3, 5, 4), weights=weights, opset=11))

    assert compare(proto, {"x": rng.standard_normal((2, 3, 5, 4))}, wrt="x", source="y", rng=rng).holds


def test_what_a_branch_of_if_takes_from_around_it_is_not_lost_in_silence() -> None:
    def branch(name: str, op_type: str) -> onnx.GraphProto:
        output = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node(op_type, ["conv"], [name])], name, [], [output])

    choice = node(
        "If", ["condition"], "chosen", then_branch=branch("t", "Relu"), else_branch=branch("e", "Exp")
    )
    nodes = [CONV, choice, node("Add", ["chosen", "x"], "y")]
    proto = model(nodes, weights=W | {"condition": np.asarray(True)})

    with pytest.raises(UnsupportedOperatorError, match="'chosen' with operator If"):
        written(proto, source="y")


def test_the_standard_domain_may_be_spelt_out() -> None:
    """Softmax changed its meaning at opset 13, so a misread opset would give another gradient."""
    plain = model([node("Softmax", ["x"], "y")], shape=(2, 3, 4), opset=17)
    spelt = model([node("Softmax", ["x"], "y")], shape=(2, 3, 4), opset=17)
    spelt.opset_import[0].domain = "ai.onnx"

    found, expected = (ir.to_proto(written(proto, source="y").model) for proto in (spelt, plain))

    assert found == expected


def test_a_transform_takes_its_default_axis_from_the_opset_of_the_domain_spelt_out() -> None:
    """DFT runs along axis 1 unless told otherwise, and along the last but one since opset 20."""
    plain, spelt = (model([node("DFT", ["x"], "y")], shape=(1, 4, 6, 1), opset=20) for _ in range(2))
    spelt.opset_import[0].domain = "ai.onnx"

    found, expected = (ir.to_proto(written(proto, source="y").model) for proto in (spelt, plain))

    assert found == expected


def test_the_exported_model_is_not_changed() -> None:
    proto = model([CONV, RELU, node("MaxPool", ["relu"], "y", kernel_shape=[2, 2])], weights=W)
    graph = ir.from_proto(proto)
    before = ir.to_proto(graph).SerializeToString()

    write_backward(
        graph, source="y", target="x", policy=policy_named("guided"),
        shapes={"x": (1, 3, 20, 17), "conv": (1, 3, 20, 17), "relu": (1, 3, 20, 17), "y": (1, 3, 19, 16)},
    )  # fmt: skip

    assert ir.to_proto(graph).SerializeToString() == before


def test_a_shape_that_is_not_known_is_an_error_that_names_the_tensor() -> None:
    proto = model([CONV, RELU], weights=W)

    with pytest.raises(UnsupportedOperatorError, match=r"'x'.*\('batch', 3, 'height', 'width'\)") as error:
        write_backward(
            ir.from_proto(proto), source="relu", target="x", policy=policy_named("gradient"),
            shapes={"x": ("batch", 3, "height", "width"), "conv": ("batch", 3, None, None), "relu": (1, 3, None, None)},
        )  # fmt: skip
    assert error.value.reason == "SHAPE_UNKNOWN"


@pytest.mark.parametrize("name", ["grad/constant_0", "grad/seed", "pool/switches"])
def test_names_that_backward_graphs_keep_for_themselves_are_refused(name: str) -> None:
    proto = model([node("Sigmoid", ["x"], name), node("Neg", [name], "y")])

    with pytest.raises(InvalidModelError, match=f"'{name}' has a name that backward graphs keep") as error:
        written(proto, source="y")
    assert error.value.reason == "RESERVED_NAME"


def test_weights_keep_their_name_and_their_memory() -> None:
    weight = np.ones((4, 2), np.float32)
    graph = ir.from_proto(model([node("Gemm", ["x", "w"], "y")], shape=(1, 4), weights={"w": weight}))
    backward = write_backward(
        graph,
        source="y",
        target="x",
        policy=policy_named("gradient"),
        shapes={"x": (1, 4), "y": (1, 2), "w": (4, 2)},
    )

    assert backward.model.graph.initializers["w"].const_value is graph.graph.initializers["w"].const_value
    assert numpy_helper.to_array(ir.to_proto(backward.model).graph.initializer[0]).shape == (4, 2)
