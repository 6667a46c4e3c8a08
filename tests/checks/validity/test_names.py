"""Names and the order of nodes."""

from __future__ import annotations

import onnx

from tests.support.checked import cnn, findings


def test_nodes_without_a_name_are_counted() -> None:
    proto = cnn()
    assert findings(proto, "node-names") == ()
    proto.graph.node[2].name = ""
    (found,) = findings(proto, "node-names")
    assert (found.subject, found.measured) == ("pool1", "1")
    assert findings(proto, "node-names", **{"node-names.unnamed": False}) == ()


def test_nodes_of_one_name_are_found() -> None:
    proto = cnn()
    proto.graph.node[0].name = proto.graph.node[3].name = "conv"
    (found,) = findings(proto, "node-names")
    assert (found.subject, found.message) == ("conv", "2 nodes have the name 'conv'.")


def test_many_findings_end_in_one_that_counts_the_rest() -> None:
    proto = cnn()
    for place in range(50):
        proto.graph.node.append(
            onnx.helper.make_node("Relu", ["scores"], [f"more{place}"], name=f"twice{place // 2}")
        )
    found = findings(proto, "node-names")
    assert len(found) == 21
    assert found[-1].message == "There are 5 more nodes like these."


def renamed(old: str, new: str) -> onnx.ModelProto:
    proto = cnn()
    for one in (*proto.graph.input, *proto.graph.output):
        one.name = new if one.name == old else one.name
    for node in proto.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    return proto


def test_inputs_and_outputs_with_odd_characters_are_found() -> None:
    (found,) = findings(renamed("x", "my image"), "tensor-names")
    assert (found.subject, found.kind) == ("my image", "input")
    (found,) = findings(renamed("scores", "Wahrscheinlichkeit für"), "tensor-names")
    assert found.kind == "output"


def test_names_as_exporters_write_them_are_in_order() -> None:
    assert findings(renamed("x", "serving_default/input.1:0"), "tensor-names") == ()


def test_names_that_become_one_identifier_are_found() -> None:
    proto = renamed("scores", "x.1")
    assert findings(proto, "tensor-names") == ()
    both = renamed("x", "x:1")
    both.graph.node.append(onnx.helper.make_node("Relu", ["scores"], ["x.1"], name="last"))
    both.graph.output.append(onnx.helper.make_tensor_value_info("x.1", onnx.TensorProto.FLOAT, ["batch", 5]))
    (found,) = findings(both, "tensor-names")
    assert "'x.1', 'x:1' all become 'x_1'" in found.message


def test_a_node_before_what_it_reads_is_found() -> None:
    proto = cnn()
    assert findings(proto, "nodes-sorted") == ()
    ordered = [onnx.NodeProto.FromString(one.SerializeToString()) for one in proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend([*ordered[4:], *ordered[:4]])
    (found,) = findings(proto, "nodes-sorted")
    assert (found.subject, found.kind) == ("relu2", "node")
    assert "'conv2'" in found.message
