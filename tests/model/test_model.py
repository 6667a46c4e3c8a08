"""The model's catalog: names, axes, shapes, labels and constants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import helper, numpy_helper

from inspector.errors import InvalidInputError, InvalidModelError, NotFoundError
from inspector.model.const import constant_value
from inspector.model.read import read_model
from inspector.model.spec import OnnxModel
from tests.support.graphs import FLOAT, model, node

FILTERS = np.ones((4, 3, 3, 3), np.float32)


def read(proto: onnx.ModelProto, **options: Any) -> OnnxModel:
    return read_model(proto.SerializeToString(), **options)


def test_layers_have_unique_names_and_can_be_found_by_their_output() -> None:
    nodes = [
        node("Relu", ["x"], "a"),
        node("Neg", ["a"], "b"),
        node("Abs", ["b"], "c"),
        node("Exp", ["c"], "d"),
    ]
    for item, name in zip(nodes, ("same", "same", "", "b"), strict=True):
        item.name = name
    found = read(model(nodes))
    names = [layer.name for layer in found.layers]
    assert len(set(names)) == 4
    assert found.layer("a").op_type == "Relu"
    assert found.layer(names[3]).op_type == "Exp"
    with pytest.raises(NotFoundError, match="no layer 'bb'.*'b'"):
        found.layer("bb")


def test_side_paths_of_integers_and_constants_are_no_layers() -> None:
    nodes = [
        node("Constant", [], "one", value_float=1.0),
        node("Add", ["one", "one"], "two"),
        node("Mul", ["x", "two"], "a"),
        node("Shape", ["a"], "s"),
        node("Gather", ["s", "zero"], "n"),
        node("Cast", ["n"], "nf", to=FLOAT),
        node("Concat", ["n", "rest"], "t", axis=0),
        node("Reshape", ["a", "t"], "r"),
        node("ArgMax", ["r"], "i"),
        node("Dropout", ["r"], "d"),
        node("Identity", ["d"], "y"),
    ]
    found = read(model(nodes, weights={"zero": np.array([0]), "rest": np.array([-1])}))
    assert [layer.name for layer in found.layers] == ["a", "r", "d", "y"]
    assert found.layer("y").shape == (1, 3 * 20 * 17)


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 18])
def test_shape_arithmetic_of_old_and_new_opsets_is_resolved(opset: int) -> None:
    unsqueeze = (
        node("Unsqueeze", ["n"], "u", axes=[0]) if opset < 13 else node("Unsqueeze", ["n", "axis"], "u")
    )
    nodes = [
        node("Conv", ["x", "w"], "a"),
        node("Shape", ["a"], "s"),
        node("Gather", ["s", "zero"], "n"),
        unsqueeze,
        node("Concat", ["u", "rest"], "t", axis=0),
        node("Reshape", ["a", "t"], "r"),
    ]
    weights = {"zero": np.array(0), "axis": np.array([0]), "rest": np.array([4, -1]), "w": FILTERS}
    found = read(model(nodes, shape=("batch", 3, 20, 17), weights=weights, opset=opset))
    assert found.layer("r").shape == (1, 4, 18 * 15)
    assert found.layer("r").channel_axis == 1


def test_the_computed_pads_of_pytorch_are_resolved() -> None:
    """torch.nn.functional.pad with amounts (1, 2, 3, 4), as the TorchScript exporter writes it since opset 11."""
    nodes = [
        node("ConstantOfShape", ["missing"], "zeros", value=numpy_helper.from_array(np.array([0]))),
        node("Concat", ["amounts", "zeros"], "all", axis=0),
        node("Reshape", ["all", "pairs"], "table"),
        node("Slice", ["table", "last", "before", "axis", "back"], "reversed"),
        node("Transpose", ["reversed"], "sides", perm=[1, 0]),
        node("Reshape", ["sides", "flat"], "row"),
        node("Cast", ["row"], "pads", to=onnx.TensorProto.INT64),
        node("Pad", ["x", "pads"], "p"),
        node("Conv", ["p", "w"], "y"),
    ]
    lists = {"missing": [4], "amounts": [1, 2, 3, 4], "pairs": [-1, 2], "flat": [-1]}
    lists |= {"last": [-1], "before": [-(2**63 - 1)], "axis": [0], "back": [-1]}
    weights = {name: np.array(values) for name, values in lists.items()} | {"w": FILTERS}
    found = read(model(nodes, weights=weights, opset=11))
    assert found.shapes["p"] == (1, 3, 20 + 7, 17 + 3)
    assert found.layer("y").shape == (1, 4, 25, 18)


def test_a_long_chain_of_reshapes_by_the_shapes_before_is_resolved() -> None:
    """Each of the twelve needs the shape of the one before, as group normalization is exported in PoolFormer."""
    nodes = []
    for step, before in enumerate(["x", *(f"r{step}" for step in range(11))]):
        nodes += [
            node("Reshape", [before, "flat"], f"f{step}"),
            node("Shape", [before], f"s{step}"),
            node("Reshape", [f"f{step}", f"s{step}"], f"a{step}"),
            node("AveragePool", [f"a{step}"], f"r{step}", kernel_shape=[2, 2]),
        ]
    found = read(model(nodes, weights={"flat": np.array([0, 1, -1])}, opset=11))
    assert found.shapes["r11"] == (1, 3, 8, 5)


@pytest.mark.parametrize(
    "vector",
    [
        node("Range", ["none", "rows", "one"], "t"),
        node("Tile", ["ones", "row_list"], "t"),
        node("Expand", ["ones", "row_list"], "t"),
        node("ConstantOfShape", ["row_list"], "t", value=numpy_helper.from_array(np.array([1]))),
    ],
    ids=lambda vector: vector.op_type,
)
def test_what_vectors_of_a_computed_length_lead_to_is_resolved(vector: onnx.NodeProto) -> None:
    nodes = [
        node("Conv", ["x", "w"], "a"),
        node("Shape", ["a"], "s"),
        node("Gather", ["s", "two"], "rows"),
        node("Gather", ["s", "twos"], "row_list"),
        vector,
        node("Mul", ["t", "nones"], "z"),
        node("ReduceMax", ["z"], "m", keepdims=1, axes=[0]),
        node("Concat", ["front", "m", "rest"], "target", axis=0),
        node("Reshape", ["a", "target"], "r"),
    ]
    values = {
        "none": 0,
        "one": 1,
        "two": 2,
        "twos": [2],
        "ones": [1],
        "nones": [0],
        "front": [2],
        "rest": [-1],
    }
    weights = {name: np.array(value) for name, value in values.items()} | {"w": FILTERS}
    assert read(model(nodes, weights=weights, opset=13)).layer("r").shape == (2, 4, 135)


def test_declared_shapes_that_lie_are_overruled() -> None:
    proto = model([node("Conv", ["x", "w"], "a"), node("Relu", ["a"], "y")], weights={"w": FILTERS})
    proto.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", FLOAT, [7, 7]))
    proto.graph.value_info.append(helper.make_tensor_value_info("a", FLOAT, [1, 4, 99, 99]))
    found = read(proto)
    assert found.layer("a").shape == found.outputs[0].shape == (1, 4, 18, 15)


def test_a_fixed_batch_is_reported_and_shapes_are_of_one_image() -> None:
    nodes = [node("Relu", ["x"], "a"), node("Flatten", ["a"], "f"), node("Gemm", ["f", "w"], "y")]
    found = read(model(nodes, shape=(5, 3, 8, 8), weights={"w": np.ones((192, 5), np.float32)}))
    assert found.input.batch == 5
    assert [layer.shape for layer in found.layers] == [(1, 3, 8, 8), (1, 192), (1, 5)]
    assert found.outputs[0].shape == found.shapes["y"] == (1, 5)
    assert found.shapes["w"] == (192, 5)


def test_a_function_with_an_operators_name_is_not_taken_for_it() -> None:
    body = [helper.make_node("ReduceSum", ["v"], ["w"])]
    proto = model([node("Relu", ["x"], "a", domain="mine"), node("Add", ["x", "a"], "y")])
    proto.opset_import.append(helper.make_opsetid("mine", 1))
    proto.functions.append(
        helper.make_function("mine", "Relu", ["v"], ["w"], body, [helper.make_opsetid("", 17)])
    )
    field = read(proto).layer("y").receptive_field
    assert field is not None
    assert field.covers_all


def test_labels_that_do_not_fit_are_named() -> None:
    with pytest.raises(InvalidInputError, match="2 labels are given; the model has 3 classes"):
        read(classifier(), labels=["a", "b"])


def test_initializers_among_the_inputs_are_no_inputs() -> None:
    proto = model([node("Conv", ["x", "w"], "y")], weights={"w": FILTERS}, ir_version=3, opset=7)
    proto.graph.input.insert(0, helper.make_tensor_value_info("w", FLOAT, FILTERS.shape))
    found = read(proto)
    assert (found.input.name, found.other_inputs) == ("x", ())


def test_the_exported_graph_is_kept_as_it_is() -> None:
    proto = model(
        [node("Conv", ["x", "w"], "a"), node("Relu", ["a"], "y")],
        shape=("b", 3, 9, 9),
        weights={"w": FILTERS},
    )
    kept = ir.to_proto(read(proto).ir)
    assert [(item.op_type, list(item.input), list(item.output)) for item in kept.graph.node] == [
        (item.op_type, list(item.input), list(item.output)) for item in proto.graph.node
    ]
    assert kept.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "b"
    np.testing.assert_array_equal(numpy_helper.to_array(kept.graph.initializer[0]), FILTERS)


def test_operators_removed_from_onnx_have_shapes() -> None:
    nodes = [
        node("ImageScaler", ["x"], "a", scale=1.0, bias=[0.0] * 3),
        node("Crop", ["a"], "b", border=[1, 2, 3, 4]),
    ]
    found = read(model(nodes, opset=7))
    assert found.layer("a").shape == (1, 3, 20, 17)
    assert found.layer("b").shape == (1, 3, 14, 13)
    field = found.layer("b").receptive_field
    assert field is not None
    assert field.window(0, 0, height=20, width=17) == (2, 1, 3, 2)


# Labels


def classifier(classes: int = 3) -> onnx.ModelProto:
    nodes = [
        node("GlobalAveragePool", ["x"], "p"),
        node("Flatten", ["p"], "f"),
        node("Gemm", ["f", "w"], "y"),
    ]
    return model(nodes, weights={"w": np.ones((3, classes), np.float32)})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("inspector.labels", '["a", "b", "c"]'),
        ("names", "{0: 'a', 1: 'b', 2: 'c'}"),
        ("names", "['a', 'b', 'c']"),
    ],
)
def test_labels_in_the_metadata_are_found(key: str, value: str) -> None:
    proto = classifier()
    proto.metadata_props.add(key=key, value=value)
    assert read(proto).labels == ("a", "b", "c")
    assert read(proto, labels=["x", "y", "z"]).labels == ("x", "y", "z")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("inspector.json", json.dumps({"labels": ["a", "b", "c"]})),
        ("config.json", json.dumps({"id2label": {"2": "c", "0": "a", "1": "b"}})),
        ("labels.txt", "a\nb\nc\n"),
        ("synset.txt", "a\nb\r\nc"),
        ("coco.names", "a\nb\nc\n\n"),
    ],
)
def test_labels_beside_the_file_are_found_where_they_fit(file: str, content: str, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(classifier().SerializeToString())
    (tmp_path / file).write_text(content)
    assert read_model(tmp_path).labels == ("a", "b", "c")
    (tmp_path / "m.onnx").write_bytes(classifier(4).SerializeToString())
    with pytest.raises(InvalidModelError, match=f"{file} .*has 3 labels; the model has 4 classes") as caught:
        read_model(tmp_path)
    assert caught.value.field == "labels"


def test_a_background_that_is_one_label_too_many_or_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(classifier(3).SerializeToString())
    (tmp_path / "labels.txt").write_text("background\na\nb\nc\n")
    with pytest.raises(
        InvalidModelError, match="If the first .here 'background'. is the background.*leave it out"
    ):
        read_model(tmp_path)
    with pytest.raises(InvalidInputError, match="begin with a label for that"):
        read_model(tmp_path, labels=["a", "b"])
    assert read_model(tmp_path, labels=["a", "b", "c"]).labels == ("a", "b", "c")


def test_text_files_beside_several_models_may_be_of_others(tmp_path: Path) -> None:
    for count in (3, 9):
        (tmp_path / f"m{count}.onnx").write_bytes(classifier(count).SerializeToString())
    (tmp_path / "labels.txt").write_text("a\nb\nc\n")
    assert read_model(tmp_path / "m3.onnx").labels == ("a", "b", "c")
    assert read_model(tmp_path / "m9.onnx").labels is None


@pytest.mark.parametrize("labels", ["cat", {"0": "cat"}, [1, 2, 3], []])
def test_labels_of_our_own_that_are_no_list_of_names_are_refused(labels: object, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(classifier(3).SerializeToString())
    (tmp_path / "inspector.json").write_text(json.dumps({"labels": labels}))
    with pytest.raises(InvalidModelError, match="inspector.json: labels is .*it must be a list of names"):
        read_model(tmp_path)
    proto = classifier(3)
    proto.metadata_props.add(key="inspector.labels", value=json.dumps(labels))
    with pytest.raises(InvalidModelError, match="metadata_props inspector.labels is"):
        read(proto)


# Constants


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"value": numpy_helper.from_array(np.eye(2))}, np.eye(2)),
        ({"value_int": 3}, np.int64(3)),
        ({"value_ints": [1, 2]}, np.array([1, 2])),
        ({"value_float": 0.5}, np.float32(0.5)),
        ({"value_floats": [0.5, 2]}, np.array([0.5, 2], np.float32)),
        ({"value_string": "s"}, np.array("s", object)),
        ({"value_strings": ["s", "t"]}, np.array(["s", "t"], object)),
    ],
)
def test_constant_nodes_of_every_kind_are_read(attributes: dict[str, Any], expected: np.ndarray) -> None:
    found = read(model([node("Constant", [], "c", **attributes), node("Relu", ["x"], "y")])).ir.graph
    array = constant_value(found[0].outputs[0])
    assert array is not None
    assert array.dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(array, expected)


def test_cheap_operators_on_constants_are_followed() -> None:
    nodes = [
        node("Reshape", ["w", "shape"], "a"),
        node("Transpose", ["a"], "b", perm=[1, 0]),
        node("Unsqueeze", ["b", "zero"], "c"),
        node("Squeeze", ["c", "zero"], "d"),
        node("Cast", ["d"], "e", to=11),
        node("Identity", ["e"], "f"),
        node("Flatten", ["f"], "g", axis=0),
        node("Add", ["x", "x"], "y"),
    ]
    weights = {"w": np.arange(6, dtype=np.float32), "shape": np.array([2, -1]), "zero": np.array([0])}
    graph = read(model(nodes, weights=weights)).ir.graph
    array = constant_value(graph[6].outputs[0])
    assert array is not None
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, np.arange(6).reshape(2, 3).T.reshape(1, 6))
    assert constant_value(graph[7].outputs[0]) is None
    assert constant_value(graph.inputs[0]) is None
    assert constant_value(None) is None
