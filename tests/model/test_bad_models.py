"""Hostile and broken models: each is refused by an error that names what is wrong."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.errors import InspectorError, InvalidModelError, LimitExceededError, NotFoundError
from inspector.model.checks.limits import ON_A_SERVER, Limits
from inspector.model.read import read_model
from inspector.model.receptive.rule import FIELD_RULES
from inspector.operators.domains import MICROSOFT
from inspector.operators.twins import TWINS
from tests.support.bad_models import FILTERS, nested, refused, small
from tests.support.graphs import FLOAT, model, node

# Bytes


def test_an_empty_file_is_named() -> None:
    refused(b"", "empty")


@pytest.mark.parametrize("kept", [1, 10, 100, 400])
def test_a_truncated_model_is_refused(kept: int) -> None:
    refused(
        small().SerializeToString()[:kept],
        "truncated|no graph|not an ONNX|IR version|no nodes|holds|no version",
    )


def test_random_bytes_never_crash() -> None:
    random = np.random.default_rng(0)
    for length in (1, 7, 8, 33, 1000, 100_000):
        for _ in range(20):
            with pytest.raises(InspectorError):
                read_model(random.bytes(length))


def test_flipped_bytes_never_crash() -> None:
    random = np.random.default_rng(1)
    data = small().SerializeToString()
    for _ in range(300):
        broken = bytearray(data)
        for place in random.integers(0, len(data), 3):
            broken[place] = random.integers(256)
        with suppress(InspectorError):
            read_model(bytes(broken))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        (b"\x18\0\0\0ORTM" + bytes(100), "ORT format"),
        (b"PK\x03\x04" + bytes(100), "zip"),
        (b"\x89HDF\r\n\x1a\n", "Keras"),
        (b"<!DOCTYPE html>", "web page"),
    ],
)
def test_files_of_other_kinds_are_named(data: bytes, what: str) -> None:
    refused(data, what)


def test_a_missing_file_and_an_ambiguous_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no model file"):
        read_model(tmp_path / "none.onnx")
    with pytest.raises(InvalidModelError, match="exactly one .onnx file; it holds 0"):
        read_model(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.onnx").write_bytes(small().SerializeToString())
    with pytest.raises(InvalidModelError, match=r"a\.onnx, b\.onnx"):
        read_model(tmp_path)


# Structure


def test_twenty_nested_subgraphs_are_too_many() -> None:
    refused(nested(20), "nested", error=LimitExceededError)
    assert read_model(nested(2).SerializeToString()).layers


def test_on_a_server_the_limit_of_nested_subgraphs_is_not_the_callers_to_raise() -> None:
    limits = Limits(max_subgraph_depth=3, remedy=ON_A_SERVER)
    found = refused(nested(4), "the limit is 3", error=LimitExceededError, limits=limits)
    assert str(found).endswith(limits.mend("max_subgraph_depth"))


def field(number: int, body: bytes) -> bytes:
    """Encode one length-delimited protobuf field."""
    size, encoded = len(body), b""
    while size > 127:
        encoded, size = encoded + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + encoded + bytes([size]) + body


def test_a_hundred_nested_subgraphs_are_refused() -> None:
    graph = b""
    for _ in range(100):
        graph = field(1, field(5, field(6, graph)))  # GraphProto.node, NodeProto.attribute, AttributeProto.g
    refused(b"\x08\x08" + field(7, graph), "nested too deeply")


def test_a_cycle_is_named() -> None:
    proto = model([node("Add", ["x", "b"], "a"), node("Relu", ["a"], "b")])
    refused(proto, r"cycle: .*'a' \(Add\)")


def test_unsorted_nodes_are_sorted() -> None:
    proto = small()
    first, second = proto.graph.node
    proto.graph.ClearField("node")
    proto.graph.node.extend([second, first])
    assert [layer.name for layer in read_model(proto.SerializeToString()).layers] == ["a", "y"]


def test_a_tensor_written_twice_is_named() -> None:
    refused(model([node("Relu", ["x"], "a"), node("Neg", ["x"], "a")]), "'a', which is already written")


@pytest.mark.parametrize(("what", "name"), [("input", "x"), ("output", "y"), ("initializer", "w")])
def test_what_the_graph_lists_twice_is_named(what: str, name: str) -> None:
    proto = small()
    listed = getattr(proto.graph, what)
    listed.append(listed[0])
    refused(proto, f"lists the {what} '{name}' 2 times")


def test_a_tensor_that_nothing_writes_is_named() -> None:
    refused(model([node("Add", ["x", "ghost"], "a")]), "'ghost', which nothing in the model writes")


def test_an_output_that_nothing_writes_is_named() -> None:
    refused(model([node("Relu", ["x"], "a")], outputs=["ghost"]), "output 'ghost'")


@pytest.mark.parametrize("opset", [1, 6, 999])
def test_opsets_out_of_range_are_named(opset: int) -> None:
    refused(small(opset=opset), f"opset {opset}; 7 to")


def test_ir_version_1_is_refused() -> None:
    refused(small(ir_version=1), "IR version 1")


def test_unknown_operators_are_named() -> None:
    refused(model([node("RequantShift", ["x"], "a")]), r"'a' \(RequantShift\).*no operator")
    refused(model([node("Quant", ["x"], "a", domain="onnx.brevitas")]), "domain 'onnx.brevitas' is unknown")
    refused(model([node("QLinearAdd", ["x"], "a", domain="com.microsoft")]), "imports no version")


def test_a_model_local_function_makes_an_operator_known() -> None:
    proto = model([node("Twice", ["x"], "a", domain="mine"), node("Relu", ["a"], "b")])
    proto.opset_import.append(helper.make_opsetid("mine", 1))
    proto.functions.append(
        helper.make_function(
            "mine",
            "Twice",
            ["v"],
            ["w"],
            [helper.make_node("Add", ["v", "v"], ["w"])],
            [helper.make_opsetid("", 17)],
        )
    )
    assert read_model(proto.SerializeToString()).layer("b").shape == (1, 3, 20, 17)


# Tensors


def test_negative_dimensions_are_named() -> None:
    proto = small()
    proto.graph.initializer[0].dims[0] = -4
    refused(proto, "negative dimension -4")
    proto = small()
    proto.graph.input[0].type.tensor_type.shape.dim[2].dim_value = -20
    refused(proto, "'x' declares the negative dimension -20")


def test_dimensions_far_beyond_the_data_are_refused() -> None:
    proto = small()
    proto.graph.initializer[0].dims[0] = 2**40
    refused(proto, "limit", error=LimitExceededError)
    proto.graph.initializer[0].dims[0] = 2**20
    refused(proto, "it holds 432")
    proto = small()
    proto.graph.initializer[0].data_type = 77
    refused(proto, "unknown element type 77")


def test_a_huge_constant_of_shape_is_refused() -> None:
    nodes = [
        node("ConstantOfShape", ["size"], "big"),
        node("ReduceMax", ["big"], "one"),
        node("Add", ["x", "one"], "a"),
    ]
    refused(
        model(nodes, weights={"size": np.array([8_000_000_000])}),
        "'big' would be 32,000,000,000 bytes",
        error=LimitExceededError,
    )


def test_an_endless_loop_is_read_without_running_it() -> None:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["again"]), helper.make_node("Relu", ["v"], ["w"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("w", FLOAT, None),
        ],
    )
    proto = model([node("Loop", ["", "true", "x"], "a", body=body)], weights={"true": np.array(True)})
    layer = read_model(proto.SerializeToString()).layer("a")
    assert layer.receptive_field is not None
    assert layer.receptive_field.covers_all


@pytest.mark.parametrize(
    ("attributes", "filters", "message"),
    [
        ({}, np.ones((4, 3, 3), np.float32), "rank 4 and filters of rank 3"),
        ({"dilations": [1, 1, 1]}, FILTERS, "dilations"),
        ({"strides": [0, 1]}, FILTERS, "strides"),
        ({"pads": [1, 1]}, FILTERS, "pads"),
        ({"kernel_shape": [3]}, FILTERS, "kernel_shape"),
        ({"group": 3}, FILTERS, "3 channels; its filters .* need 9"),
        ({"group": -1}, FILTERS, "group -1"),
    ],
)
def test_a_convolution_that_contradicts_itself_is_named(
    attributes: dict[str, Any], filters: np.ndarray, message: str
) -> None:
    refused(
        model([node("Conv", ["x", "w"], "a", **attributes)], weights={"w": filters}), f"'a' .Conv.*{message}"
    )


def test_an_attribute_of_the_wrong_type_is_named() -> None:
    refused(
        model([node("Conv", ["x", "w"], "a", strides=2.5)], weights={"w": FILTERS}),
        "'strides' of type FLOAT.*INTS",
    )


def test_pooling_indices_out_of_range_are_named() -> None:
    nodes = [
        node("MaxPool", ["x"], "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("MaxUnpool", ["p", "where"], "u", kernel_shape=[2, 2], strides=[2, 2]),
    ]
    indices = np.zeros((1, 3, 10, 8), np.int64)
    indices[0, 0, 0, 0] = 10**9
    refused(model(nodes, weights={"where": indices}), "indices from 0 to 1000000000")


def test_limits_of_counts_can_be_lowered_and_raised() -> None:
    data = small().SerializeToString()
    for limits, name in (
        (Limits(max_nodes=1), "max_nodes"),
        (Limits(max_bytes=100), "max_bytes"),
        (Limits(max_protobuf_bytes=100), "max_protobuf_bytes"),
        (Limits(max_dim=3), "max_dim"),
        (Limits(max_tensor_bytes=100), "max_tensor_bytes"),
    ):
        assert refused(data, "limit|ends at", error=LimitExceededError, limits=limits).field == name
    many = model(
        [node("Relu", ["x"], f"r{index}") for index in range(1001)],
        outputs=[f"r{index}" for index in range(1001)],
    )
    assert refused(many, "outputs is 1,001", error=LimitExceededError).field == "max_outputs"


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "a\x7f"])
def test_control_characters_in_names_are_refused(name: str) -> None:
    refused(model([node("Relu", ["x"], name)]), "control characters")


def test_long_names_are_refused_and_odd_ones_are_kept() -> None:
    refused(model([node("Relu", ["x"], "n" * 1_000_000)]), "1,000,000 characters", error=LimitExceededError)
    for name in ("../../etc/passwd", "<script>alert(1)</script>", "ähm 层"):
        assert read_model(model([node("Relu", ["x"], name)]).SerializeToString()).layer(name).output == name


def test_a_metadata_bomb_is_refused() -> None:
    proto = small()
    proto.metadata_props.add(key="k", value="v" * (17 * 2**20))
    refused(proto, "metadata_props", error=LimitExceededError)


# Inputs and outputs


def test_a_model_without_an_input_is_named() -> None:
    proto = model([node("Relu", ["w"], "a")], weights={"w": FILTERS})
    proto.graph.ClearField("input")
    refused(proto, "no input")


@pytest.mark.parametrize(
    ("dtype", "shape", "what"),
    [
        (TensorProto.STRING, [1, 3, 8, 8], "string"),
        (TensorProto.UINT8, ["bytes"], "uint8"),
        (FLOAT, [1, 2, 3, 4, 5, 6], "float"),
    ],
)
def test_inputs_that_are_no_image_are_named(dtype: int, shape: list[Any], what: str) -> None:
    refused(model([node("Identity", ["x"], "a")], shape=shape, dtype=dtype), f"no image input.*{what}")


def test_of_several_inputs_the_image_is_taken_or_the_question_is_put() -> None:
    proto = model([node("Mul", ["x", "gain"], "a")])
    proto.graph.input.append(helper.make_tensor_value_info("gain", FLOAT, [1]))
    found = read_model(proto.SerializeToString())
    assert (found.input.name, found.other_inputs) == ("x", ("gain",))
    proto.graph.input[1].type.CopyFrom(proto.graph.input[0].type)
    refused(proto, "2 inputs that could be the image: 'x'.*'gain'")


def test_a_sequence_output_alone_is_refused_and_beside_a_tensor_passed_over() -> None:
    proto = model([node("Relu", ["x"], "a"), node("SequenceConstruct", ["a"], "s")], outputs=["s"])
    sequence = helper.make_tensor_sequence_value_info("s", FLOAT, None)
    proto.graph.output[0].CopyFrom(sequence)
    refused(proto, "'s' .sequence_type")
    proto.graph.output.append(helper.make_tensor_value_info("a", FLOAT, None))
    assert [output.name for output in read_model(proto.SerializeToString()).outputs] == ["a"]


def test_free_sizes_stay_free() -> None:
    found = read_model(small(shape=("n", 3, "h", "w")).SerializeToString())
    assert (found.input.batch, found.input.height, found.input.width) == (None, None, None)
    assert found.layer("a").shape[:2] == (1, 4)


def test_sparse_tensors_are_refused() -> None:
    proto = small()
    values = numpy_helper.from_array(np.ones(1, np.float32), "sparse")
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "i")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4]))
    refused(proto, "sparse")


@pytest.mark.parametrize("op_type", ["ImageScaler", "Crop", "Affine"])
def test_a_removed_operator_without_an_input_is_refused(op_type: str) -> None:
    """ONNX Runtime loads such a node, and dies of it."""
    proto = model([node(op_type, [], "a"), node("Relu", ["x"], "b")], opset=9, outputs=["a", "b"])
    refused(proto, f"{op_type}.*has no input")


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("key", [*FIELD_RULES, *TWINS], ids="::".join)
def test_inputs_that_are_missing_are_an_error_of_the_model_or_none(key: tuple[str, str], count: int) -> None:
    domain, op_type = key
    proto = model([node(op_type, ["x"] * count, "y", domain=domain)])
    proto.opset_import.append(helper.make_opsetid(MICROSOFT, 1))

    with suppress(InspectorError):
        read_model(proto.SerializeToString())


def test_too_few_inputs_are_named() -> None:
    with pytest.raises(InvalidModelError, match=r"'y' \(Gather\) has 1 inputs; the operator needs 2"):
        read_model(model([node("Gather", ["x"], "y")]).SerializeToString())
