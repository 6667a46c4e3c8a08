"""Answers that are no longer those that were recorded: other shapes, other classes, another direction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper

from tools.scorecard.bases import DEMO
from tools.scorecard.corpus import UnfitError, fault, twin
from tools.scorecard.editing import attribute, change, own
from tools.scorecard.faults.pixels import LABELS
from tools.scorecard.faults.weights import nth


def with_features() -> onnx.ModelProto:
    """Return the demo with a second output: what its last dense layer reads."""
    proto = onnx.load_model(DEMO)
    features = nth(proto, -1, "Gemm", "MatMul").input[0]
    proto.graph.output.append(helper.make_tensor_value_info(features, onnx.TensorProto.FLOAT, None))
    return proto


def the_output(proto: onnx.ModelProto) -> list[str]:
    """Name the outputs."""
    return [one.name for one in proto.graph.output]


@fault("golden-shape", subject=the_output, expected=True)
def the_answer_has_a_class_more(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last dense layer has a class that nobody trained."""
    _unlabelled(proto)
    return _of_classes(proto, lambda values, axis: np.concatenate([values, values.take([0], axis)], axis))


@fault("golden-shape", subject=the_output, expected=True)
def the_answer_has_a_class_less(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last dense layer lacks its last class."""
    _unlabelled(proto)
    return _of_classes(proto, lambda values, axis: values.take(range(values.shape[axis] - 1), axis))


@fault("golden-shape", subject=the_output, expected=True)
def the_answer_has_another_axis(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The output has an axis of size 1 at its end."""
    graph, name = proto.graph, proto.graph.output[0].name
    inner = f"{name}.before"
    for node in graph.node:
        for names in (node.output, node.input):
            for place, one in enumerate(names):
                if one == name:
                    names[place] = inner
    graph.initializer.append(helper.make_tensor("last.axis", onnx.TensorProto.INT64, [3], [0, -1, 1]))
    graph.node.append(helper.make_node("Reshape", [inner, "last.axis"], [name], name="last.axis"))
    _undeclared(proto)
    return proto


@fault("golden-shape", subject=the_output, on=with_features, expected=True)
def an_output_is_gone(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second output is gone."""
    del proto.graph.output[1:]
    return proto


@fault("golden-top", "golden-values", "golden-cosine", subject=the_output, expected=True)
def classes_are_shifted_by_one(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Each class stands where the next one should."""
    return _of_classes(proto, lambda values, axis: np.roll(values, 1, axis))


@fault("golden-top", "golden-values", "golden-cosine", subject=the_output, expected=True)
def classes_are_in_alphabetical_order(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The classes are in another order: that of their numbers' letters, backwards."""

    def by_text(values: np.ndarray, axis: int) -> np.ndarray:
        return values.take(sorted(range(values.shape[axis]), key=str, reverse=True), axis)

    return _of_classes(proto, by_text)


@fault("golden-top", "golden-cosine", subject=the_output, expected=True)
def the_least_class_wins(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last dense layer has the other sign."""
    return _of_classes(proto, lambda values, _axis: -values)


@fault("golden-cosine", "golden-values", subject=the_output, expected=True)
def one_class_is_always_likely(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last biases favor one class by far."""
    node = nth(proto, -1, "Gemm")
    if len(node.input) < 3:
        raise UnfitError("Its last dense layer has no biases.")
    return change(
        proto, own(proto, node, 2), lambda bias: bias + 40 * np.eye(1, bias.size, dtype=bias.dtype)[0]
    )


@twin("There are two outputs, and they stand in another order.", on=with_features)
def outputs_are_in_another_order(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Swap the outputs."""
    first, second = (onnx.ValueInfoProto.FromString(one.SerializeToString()) for one in proto.graph.output)
    proto.graph.output[0].CopyFrom(second)
    proto.graph.output[1].CopyFrom(first)
    return proto


def _of_classes(proto: onnx.ModelProto, by: Callable[[np.ndarray, int], np.ndarray]) -> onnx.ModelProto:
    """Change the last dense layer's weights and biases along their axis of classes."""
    node = nth(proto, -1, "Gemm", "MatMul")
    axis = 0 if attribute(node, "transB", 0) else 1
    name = own(proto, node, 1)
    change(proto, name, lambda weights: by(weights, axis))
    if len(node.input) > 2:
        change(proto, own(proto, node, 2), lambda bias: by(bias, bias.ndim - 1))
    _undeclared(proto)
    return proto


def _unlabelled(proto: onnx.ModelProto) -> None:
    """Take labels out, of which there would be too many or too few: those are told before anything is compared."""
    kept = [one for one in proto.metadata_props if one.key != LABELS]
    del proto.metadata_props[:]
    proto.metadata_props.extend(kept)


def _undeclared(proto: onnx.ModelProto) -> None:
    """Let shapes be found anew."""
    del proto.graph.value_info[:]
    for one in proto.graph.output:
        one.type.tensor_type.ClearField("shape")
