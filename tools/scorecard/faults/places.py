"""What stands between layers, and where models compute coarsely, and which images they take: beside a baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.support.graphs import model
from tools.scorecard.corpus import UnfitError, fault, twin
from tools.scorecard.editing import (
    attribute,
    behind,
    change,
    own,
    put,
    redirect,
    require_opset,
    set_attribute,
    weights_of,
)
from tools.scorecard.faults.drift import the_classes_are_in_another_order
from tools.scorecard.faults.weights import ANSWERS, names_of, nth, second_convolution

Subject = Callable[[onnx.ModelProto], Iterable[str]]
_RECTIFIERS = ("Relu", "Clip", "LeakyRelu")


def _node(operator: str, read: list[str], made: str, **given: object) -> onnx.NodeProto:
    return helper.make_node(operator, read, [made], name=made, **given)


def _require_floats(proto: onnx.ModelProto) -> None:
    if any(node.op_type in ("QuantizeLinear", "DequantizeLinear") for node in proto.graph.node):
        raise UnfitError("It is quantized.")


def _nth_rectifier(place: int) -> Subject:
    return lambda proto: names_of(proto, nth(proto, place, *_RECTIFIERS))


def through(proto: onnx.ModelProto, node: onnx.NodeProto, kind: str) -> onnx.ModelProto:
    """Let what a node gives pass through another type and back: "float16", "int32", or "codes" within its range."""
    tensor = node.output[0]
    if kind == "codes":
        require_opset(proto, 10)
        put(proto, "place.scale", np.asarray(0.02, np.float32))
        put(proto, "place.zero", np.asarray(0, np.int8))
        operands = ["place.scale", "place.zero"]
        there = _node("QuantizeLinear", [tensor, *operands], "place.there")
        back = _node("DequantizeLinear", ["place.there", *operands], "place.back")
    else:
        there = _node("Cast", [tensor], "place.there", to=TensorProto.DataType.Value(kind.upper()))
        back = _node("Cast", ["place.there"], "place.back", to=TensorProto.FLOAT)
    redirect(proto, tensor, "place.back")
    at = [one.output[0] for one in proto.graph.node].index(tensor) + 1
    for offset, one in enumerate((there, back)):
        proto.graph.node.insert(at + offset, one)
    return proto


@fault("mixed-precision", subject=lambda _: ["place.there"])
def a_cast_to_float16_is_left(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the third rectifier gives goes through float16 and back."""
    _require_floats(proto)
    return through(proto, nth(proto, 2, *_RECTIFIERS), "float16")


@fault("mixed-precision", subject=lambda _: ["place.there"], on=("demo", "demo-batchnorm", "resnet20_onnc"))
def a_pair_of_quantizers_is_left(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the last convolution reads goes through codes and back."""
    _require_floats(proto)
    return through(proto, _before(proto, nth(proto, -1, "Conv")), "codes")


def _before(proto: onnx.ModelProto, node: onnx.NodeProto) -> onnx.NodeProto:
    found = next((one for one in proto.graph.node if node.input[0] in one.output), None)
    if found is None:
        raise UnfitError("It reads the image.")
    return found


def _four_hundredths_more(proto: onnx.ModelProto) -> onnx.ModelProto:
    return change(proto, own(proto, nth(proto, 1, "Conv"), 1), lambda weights: weights * 1.04)


@fault("layers-drift", subject=second_convolution, baseline=True)
def a_cast_to_float16_stands_behind_a_wrong_scale(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution gives 4 % too much, and what the third rectifier gives goes through float16 and back."""
    return _four_hundredths_more(a_cast_to_float16_is_left(proto))


@fault(
    "layers-drift", subject=second_convolution, baseline=True, on=("demo", "demo-batchnorm", "resnet20_onnc")
)
def quantizers_stand_behind_a_wrong_scale(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution gives 4 % too much, and what the last one reads goes through codes and back."""
    return _four_hundredths_more(a_pair_of_quantizers_is_left(proto))


@fault("layers-drift", *ANSWERS, subject=None, baseline=True, expected=True)
def rows_and_columns_are_swapped(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A Transpose behind the first rectifier swaps rows and columns."""
    behind(proto, nth(proto, 0, *_RECTIFIERS), "Transpose", perm=[0, 1, 3, 2])
    return proto


@fault(
    "layers-drift",
    baseline=True,
    subject=lambda proto: names_of(proto, nth(proto, 1, *_RECTIFIERS), within=4),
    on=("demo", "demo-batchnorm", "resnet20_onnc", "cifar10_tinymobilenet_fp32"),
)
def what_stands_behind_the_swapped_axes(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A Transpose behind the second rectifier swaps rows and columns: the layers that differ first are right there."""
    behind(proto, nth(proto, 1, *_RECTIFIERS), "Transpose", perm=[0, 1, 3, 2])
    return proto


@fault("layers-drift", baseline=True, subject=_nth_rectifier(1))
def numbers_are_cut_to_integers(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the second rectifier gives goes through int32 and back."""
    _require_floats(proto)
    return through(proto, nth(proto, 1, *_RECTIFIERS), "int32")


def of_two_branches() -> onnx.ModelProto:
    """Return a model of two convolutions of the image, concatenated, and a sum of two of those."""
    rng = np.random.default_rng(0)
    nodes = [_node("Conv", ["x", f"w{index}"], f"branch{index}") for index in range(2)]
    nodes += [
        _node("Concat", ["branch0", "branch1"], "both", axis=1),
        _node("Conv", ["both", "v0"], "one"),
        _node("Conv", ["both", "v1"], "other"),
        _node("Add", ["one", "other"], "sum"),
        _node("GlobalAveragePool", ["sum"], "pool"),
        _node("Flatten", ["pool"], "scores"),
    ]
    shapes = {"w0": (4, 3, 3, 3), "w1": (4, 3, 3, 3), "v0": (5, 8, 3, 3), "v1": (5, 8, 3, 3)}
    weights: dict[str, np.ndarray | np.generic] = {
        name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()
    }
    return model(nodes, shape=("n", 3, 24, 24), weights=weights)


@fault(
    "layers-drift",
    baseline=True,
    subject=lambda proto: names_of(proto, nth(proto, 0, "Concat")),
    on=of_two_branches,
)
def a_concatenation_is_in_another_order(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first Concat reads its inputs in the other order."""
    node = nth(proto, 0, "Concat")
    node.input[:] = list(node.input)[::-1]
    return proto


@fault(
    "layers-drift",
    baseline=True,
    subject=lambda proto: names_of(proto, nth(proto, 0, "Add")),
    on=("resnet20_onnc", of_two_branches),
)
def a_shortcut_is_added_twice(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first Add reads the same tensor twice."""
    node = nth(proto, 0, "Add")
    makers = {name for one in proto.graph.node for name in one.output}
    if not {*node.input} <= makers:
        raise UnfitError("It adds a bias.")
    node.input[1] = node.input[0]
    return proto


@fault("layers-drift", "outputs-drift", baseline=True)
def the_answer_is_scaled(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the last layer gives is multiplied by 3 behind it."""
    return _behind_the_end(proto, lambda last: [_node("Mul", ["end.before", "end.three"], last)])


@fault("layers-drift", "outputs-drift", baseline=True)
def the_answer_overflows_in_float16(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the last layer gives is multiplied by a million behind it, and goes through float16."""
    _require_floats(proto)

    def made(last: str) -> list[onnx.NodeProto]:
        return [
            _node("Mul", ["end.before", "end.much"], "end.large"),
            _node("Cast", ["end.large"], "end.half", to=TensorProto.FLOAT16),
            _node("Cast", ["end.half"], last, to=TensorProto.FLOAT),
        ]

    return _behind_the_end(proto, made)


def _behind_the_end(proto: onnx.ModelProto, made: Callable[[str], list[onnx.NodeProto]]) -> onnx.ModelProto:
    last = proto.graph.output[0].name
    maker = next(one for one in proto.graph.node if last in one.output)
    maker.output[0] = "end.before"
    for node in proto.graph.node:
        node.input[:] = ["end.before" if name == last else name for name in node.input]
    if any(one.name == last for one in proto.graph.node):
        maker.name = "end.before"
    put(proto, "end.three", np.asarray(3, np.float32))
    put(proto, "end.much", np.asarray(1e6, np.float32))
    proto.graph.node.extend(made(last))
    return proto


@fault("operators-differ", baseline=True, subject=_nth_rectifier(1))
def a_rectifier_leaks_a_little(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second Relu lets a two-thousandth of what is negative through: too little for layers-drift."""
    _require_floats(proto)
    node = nth(proto, 1, "Relu")
    node.op_type = "LeakyRelu"
    set_attribute(node, "alpha", 0.0005)
    return proto


@fault("operators-differ", baseline=True, subject=lambda p: names_of(p, nth(p, 1, "BatchNormalization")))
def an_epsilon_is_another_frameworks(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second BatchNormalization's epsilon is more than it was, by a hundredth of the variances' median."""
    node = nth(proto, 1, "BatchNormalization")
    more = float(np.median(weights_of(proto, node.input[4]))) / 100
    set_attribute(node, "epsilon", attribute(node, "epsilon", 1e-5) + more)
    return proto


@fault("inputs-differ", baseline=True)
def it_takes_larger_images(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The input has eight more rows and columns, which pooling over all of them hides."""
    if not any(one.op_type in ("GlobalAveragePool", "ReduceMean") for one in proto.graph.node):
        raise UnfitError("Its layers need images of one size.")
    for axis in _sides(proto):
        axis.dim_value += 8
    del proto.graph.value_info[:]
    return proto


@fault("layers-drift", "outputs-drift", baseline=True)
def classes_in_another_order_beside_a_baseline_of_fixed_size(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last dense layer gives the classes in the other order, and the input takes images of any size."""
    return _free(the_classes_are_in_another_order(proto))


def _sides(proto: onnx.ModelProto) -> list[onnx.TensorShapeProto.Dimension]:
    sizes = proto.graph.input[0].type.tensor_type.shape.dim
    if len(sizes) != 4 or sizes[1].dim_value not in (1, 3) or not all(one.dim_value for one in sizes[2:]):
        raise UnfitError("Its rows and columns are not fixed, or not last.")
    return list(sizes[2:])


def _free(proto: onnx.ModelProto) -> onnx.ModelProto:
    for axis, name in zip(_sides(proto), ("rows", "columns"), strict=True):
        axis.dim_param = name
    del proto.graph.value_info[:]
    return proto


@twin(
    "The input's rows and columns are free.",
    tells=("preprocessing-differs", "preprocessing-assumed", "declared-shapes", "receptive-field"),
    on=("demo", "demo-batchnorm"),
)
def the_size_is_free(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Name them."""
    return _free(proto)
