"""Nodes that ONNX's schemas do not allow: each was served once, or ended in an exception of Python's."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.errors import InvalidModelError, LimitExceededError
from inspector.model.checks import net
from inspector.model.read import read_model
from inspector.operators.choices import CHOICES, FLAGS, RANGES
from inspector.operators.domains import MICROSOFT
from inspector.operators.schemas import versions
from tests.support.bad_models import FILTERS, refused, small
from tests.support.graphs import FLOAT, model, node

BRANCH = helper.make_graph(
    [helper.make_node("Relu", ["nowhere"], ["r"])], "g", [], [helper.make_tensor_value_info("r", FLOAT, None)]
)

# Inputs and outputs


@pytest.mark.parametrize(
    ("op_type", "inputs", "outputs", "message"),
    [
        ("Relu", ["x", "x"], ["y"], "2 inputs; the operator takes 1 at most"),
        ("Add", ["x"], ["y"], "1 inputs; the operator needs 2"),
        ("Relu", ["x"], [], "0 outputs; the operator needs 1"),
        ("Relu", ["x"], ["y", "z"], "2 outputs; the operator gives 1 at most"),
        ("Relu", ["x"], [""], "leaves out its output 0"),
        ("Sub", ["x", ""], ["y"], "leaves out its input 1"),
        ("Sum", ["x", "", "x"], ["y"], "leaves out its input 1"),
    ],
)
def test_what_is_too_much_too_little_or_left_out_is_named(
    op_type: str, inputs: list[str], outputs: list[str], message: str
) -> None:
    bad = helper.make_node(op_type, inputs, outputs, name="bad")
    refused(model([bad, node("Relu", ["x"], "last")]), rf"'bad' \({op_type}\).*{message}")


def test_what_one_opset_allows_another_does_not() -> None:
    proto = model([node("Clip", ["x", "low"], "y")], weights={"low": np.float32(0)}, opset=11)
    assert read_model(proto.SerializeToString()).layers
    proto.opset_import[0].version = 10
    refused(proto, r"'y' \(Clip\) has 2 inputs; the operator takes 1 at most")


def test_operators_of_the_runtime_have_forms_too() -> None:
    proto = model([node("QuickGelu", ["x", "x"], "y", domain=MICROSOFT)])
    proto.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    refused(proto, r"com\.microsoft::QuickGelu\) has 2 inputs; the operator takes 1 at most")


def test_a_removed_operator_takes_its_image_alone() -> None:
    refused(
        model([node("ScaledTanh", ["x", "", ""], "y")], opset=7), "3 inputs; the operator takes 1 at most"
    )


# Attributes


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        (helper.make_attribute("auto_pad", b"\xff\xfe"), "'auto_pad'.*not UTF-8"),
        (
            helper.make_attribute("auto_pad", "SAME"),
            "auto_pad 'SAME'; it may be NOTSET, SAME_LOWER, SAME_UPPER, VALID",
        ),
        (onnx.AttributeProto(name="group", i=1), "'group' of the unknown type 0"),
        (
            onnx.AttributeProto(name="group", type="INT", f=1.5),
            "'group' of type INT; it holds a value of another type",
        ),
        (
            onnx.AttributeProto(name="group", type="INT", ref_attr_name="a"),
            "'group', which refers to an attribute",
        ),
        (helper.make_attribute("group", [1]), "'group' of type INTS; it must be INT"),
    ],
)
def test_an_attribute_that_is_off_is_named(attribute: onnx.AttributeProto, message: str) -> None:
    proto = small()
    proto.graph.node[0].attribute.append(attribute)
    refused(proto, rf"'a' \(Conv\) has .*{message}")


def test_an_attribute_that_stands_twice_or_lacks_is_named() -> None:
    proto = small()
    proto.graph.node[0].attribute.extend(helper.make_attribute("group", 1) for _ in range(2))
    refused(proto, "has the attribute 'group' twice")
    refused(model([node("Concat", ["x", "x"], "y")]), "has no attribute 'axis', which it must have")


@pytest.mark.parametrize("value", [2, -1, -(2**63), 2**63 - 1])
def test_yes_and_no_are_1_and_0(value: int) -> None:
    refused(model([node("ReduceMean", ["x"], "y", keepdims=value)]), rf"keepdims {value}; it may be 0 or 1")


def test_a_negative_count_of_batch_axes_does_not_reach_the_inference_of_shapes() -> None:
    """ONNX's own inference dies of it, and whoever asks for it with it."""
    proto = model(
        [node("GatherND", ["x", "i"], "y", batch_dims=-7)],
        weights={"i": np.zeros((3, 2), np.int64)},
        opset=12,
    )
    refused(proto, "batch_dims -7; it may be 0 to 64")


def test_words_flags_and_counts_are_attributes_that_there_are() -> None:
    known = {
        (op_type, name): attribute
        for op_type in {schema.name for schema in onnx.defs.get_all_schemas_with_history()}
        for schema in versions(op_type)
        for name, attribute in schema.attributes.items()
    }
    for key in CHOICES:
        assert key in known or key[0] not in {op_type for op_type, _ in known}, key
    for key, words in CHOICES.items():
        default = known[key].default_value.s.decode() if key in known else ""
        assert not default or default in words, key
    assert RANGES.keys() <= known.keys()
    assert {name for _, name in known} >= FLAGS
    for (_, name), attribute in known.items():
        if name in FLAGS and attribute.default_value.type == onnx.AttributeProto.INT:
            assert attribute.default_value.i in (0, 1), name


@pytest.mark.parametrize("axis", [4, -5, 2**62])
@pytest.mark.parametrize("op_type", ["Softmax", "ArgMax", "LayerNormalization", "Split"])
def test_an_axis_beyond_the_last_is_named(op_type: str, axis: int) -> None:
    inputs = ["x", "w"] if op_type == "LayerNormalization" else ["x"]
    outputs = ["y", "z"] if op_type == "Split" else ["y"]
    proto = model([node(op_type, inputs, outputs, axis=axis)], weights={"w": np.ones(17, np.float32)})
    refused(proto, r"has axis|shapes of the model contradict")


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_regions_and_scales_that_are_no_numbers_are_named(number: float) -> None:
    scales = np.array([1, 1, number, 2], np.float32)
    refused(model([node("Resize", ["x", "", "s"], "y")], weights={"s": scales}), "no finite numbers")


# Types


def test_types_that_an_operator_does_not_take_are_named() -> None:
    nodes = [node("Cast", ["x"], "c", to=TensorProto.INT32), node("Conv", ["c", "w"], "y")]
    refused(
        model(nodes, weights={"w": FILTERS}), r"'y' \(Conv\) reads 'c' of type int32 as its input 0; it takes"
    )


def test_types_that_do_not_go_together_are_named() -> None:
    nodes = [node("Cast", ["x"], "c", to=TensorProto.DOUBLE), node("Add", ["x", "c"], "y")]
    refused(model(nodes), r"reads 'x' of type float32 and 'c' of type float64; they must be of one type")


@pytest.mark.parametrize("listed", ["value_info", "output"])
def test_a_declared_type_that_is_not_so_is_named(listed: str) -> None:
    proto = small()
    del proto.graph.output[:]
    proto.graph.output.append(helper.make_tensor_value_info("y", FLOAT, None))
    declared = getattr(proto.graph, listed)
    del declared[:]
    declared.append(helper.make_tensor_value_info("y", TensorProto.UINT16, None))
    if listed == "value_info":
        declared[0].name = "a"
    refused(proto, "is declared as uint16; the node that writes it gives float32")


def test_an_element_type_that_there_is_not_is_named() -> None:
    proto = small()
    proto.graph.value_info.append(onnx.ValueInfoProto(name="a"))
    proto.graph.value_info[0].type.tensor_type.elem_type = 77
    refused(proto, "'a' declares the unknown element type 77")


# Tensors


def test_segments_and_values_in_the_field_of_another_type_are_named() -> None:
    proto = small()
    proto.graph.initializer[0].segment.begin = 1
    refused(proto, "segment of a larger one")
    proto = small()
    proto.graph.initializer[0].uint64_data.append(7)
    refused(proto, "is of FLOAT and holds values in uint64_data")


def test_dimensions_whose_product_overflows_are_refused() -> None:
    proto = small()
    tensor = proto.graph.initializer[0]
    del tensor.dims[:]
    tensor.dims.extend([2**31 - 1] * 8)
    refused(proto, "bytes; the limit", error=LimitExceededError)


# Wiring


def test_a_subgraph_that_reads_what_nobody_writes_is_named() -> None:
    proto = model(
        [node("If", ["c"], "y", then_branch=BRANCH, else_branch=BRANCH)], weights={"c": np.array(True)}
    )
    refused(proto, r"'y' \(If\) reads the tensor 'nowhere', which nothing in the model writes")


def test_a_subgraph_may_read_what_stands_around_it_or_in_it() -> None:
    inner = helper.make_graph(
        [helper.make_node("If", ["c"], ["z"], then_branch=_reading("x"), else_branch=_reading("t"))],
        "inner",
        [],
        [helper.make_tensor_value_info("z", FLOAT, None)],
        [numpy_helper.from_array(np.ones((1, 3, 20, 17), np.float32), "t")],
    )
    proto = model(
        [node("If", ["c"], "y", then_branch=inner, else_branch=inner)], weights={"c": np.array(True)}
    )
    assert read_model(proto.SerializeToString()).layers


def _reading(name: str) -> onnx.GraphProto:
    output = helper.make_tensor_value_info("r", FLOAT, None)
    return helper.make_graph([helper.make_node("Relu", [name], ["r"])], "g", [], [output])


def test_an_output_that_is_the_input_is_declared_as_that() -> None:
    proto = small()
    proto.graph.output.append(helper.make_tensor_value_info("x", FLOAT, None))
    found = read_model(proto.SerializeToString())
    assert found.input.shape == (1, 3, 20, 17)
    assert [output.name for output in found.outputs] == ["y", "x"]
    proto.graph.output[1].CopyFrom(helper.make_tensor_value_info("x", FLOAT, [1, 2]))
    refused(proto, "'x' as an input and as an output, of different types or ranks")


def test_an_output_without_a_name_is_refused() -> None:
    proto = small()
    proto.graph.output.add()
    refused(proto, "lists an output without a name")


def test_functions_of_one_name_are_refused() -> None:
    proto = model([node("Own", ["x"], "y", domain="own")])
    proto.opset_import.append(helper.make_opsetid("own", 1))
    body = [helper.make_node("Relu", ["a"], ["b"])]
    for _ in range(2):
        function = helper.make_function("own", "Own", ["a"], ["b"], body, [helper.make_opsetid("", 17)])
        proto.functions.append(function)
    refused(proto, "has the function 'Own' of domain 'own' more than once")


# Numbers


def test_a_million_nodes_and_ten_thousand_outputs_are_too_many() -> None:
    proto = model([node("Relu", ["x"], f"r{index}") for index in range(10_000)])
    many = model([node("Relu", ["x"], "y")])
    one = many.graph.node[0].SerializeToString()
    many.ClearField("graph")
    graph = b"".join([b"\x0a" + bytes([len(one)]) + one] * 1_000_000)
    data = many.SerializeToString() + b"\x3a" + _varint(len(graph)) + graph
    assert refused(data, "nodes is 1,000,000", error=LimitExceededError).field == "max_nodes"
    del proto.graph.output[:]
    proto.graph.output.extend(onnx.ValueInfoProto(name=f"r{index}") for index in range(10_000))
    assert refused(proto, "outputs is 10,000", error=LimitExceededError).field == "max_outputs"


def _varint(number: int) -> bytes:
    encoded = b""
    while number > 127:
        encoded, number = encoded + bytes([number & 127 | 128]), number >> 7
    return encoded + bytes([number])


def test_a_file_of_more_than_two_gigabytes_is_refused_by_its_size(tmp_path: Any) -> None:
    with (tmp_path / "m.onnx").open("wb") as file:
        file.write(small().SerializeToString())
        file.truncate(3 << 30)
    with pytest.raises(LimitExceededError, match="one protobuf message ends at"):
        read_model(tmp_path)


# What no check foresaw


def test_what_no_check_foresees_is_an_error_of_the_model(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("a gap")

    monkeypatch.setattr("inspector.model.read.find_heads", broken)
    with pytest.raises(
        InvalidModelError, match=re.escape("cannot be understood (KeyError: 'a gap')")
    ) as caught:
        read_model(small().SerializeToString())
    assert caught.value.reason == "MODEL_NOT_UNDERSTOOD"
    assert isinstance(caught.value.__cause__, KeyError)
    assert "KeyError" in caplog.text


def test_the_net_lets_pass_what_is_named_and_what_is_not_the_models() -> None:
    for error in (InvalidModelError("x"), MemoryError(), KeyboardInterrupt()):
        with pytest.raises(type(error)), net.understanding():
            raise error
