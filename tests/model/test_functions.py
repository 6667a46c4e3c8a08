"""Model-local functions are inlined: the runtime must not see a difference, and every inner layer has a name."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

import inspector
from inspector.errors import InvalidModelError, LimitExceededError
from inspector.model.checks.limits import Limits
from inspector.model.read import read_model
from tests.support.as_exported import same_as_the_runtime
from tests.support.bad_models import refused
from tests.support.graphs import Exposed, model, node

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 3, 9, 8)).astype(np.float32)
WEIGHTS = {f"w{i}": RNG.standard_normal((3, 3, 3, 3)).astype(np.float32) / 3 for i in range(3)}


def function(
    name: str,
    inputs: list[str],
    nodes: list[onnx.NodeProto],
    *,
    opset: int = 17,
    attributes: tuple[str, ...] = (),
    defaults: tuple[onnx.AttributeProto, ...] = (),
    domains: tuple[str, ...] = ("mine",),
) -> onnx.FunctionProto:
    """Return a function of the domain "mine" that gives "out"."""
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_function(
        "mine", name, inputs, ["out"], nodes, opsets, list(attributes), list(defaults)
    )


def with_attribute(written: onnx.NodeProto, name: str, outer: str, kind: int) -> onnx.NodeProto:
    """Let an attribute of a node be one of the function around it."""
    written.attribute.append(onnx.AttributeProto(name=name, ref_attr_name=outer, type=kind))
    return written


def act(*, default: bool = False) -> onnx.FunctionProto:
    """Return a function whose attribute is the slope of a LeakyRelu."""
    leaky = with_attribute(
        helper.make_node("LeakyRelu", ["v"], ["out"], name="leaky"),
        "alpha",
        "slope",
        onnx.AttributeProto.FLOAT,
    )
    if default:
        return function("Act", ["v"], [leaky], defaults=(helper.make_attribute("slope", 0.3),))
    return function("Act", ["v"], [leaky], attributes=("slope",))


def block() -> onnx.FunctionProto:
    """Return a function that calls a function; its bias is optional."""
    conv = with_attribute(
        helper.make_node("Conv", ["v", "k", "b"], ["c"], name="conv"),
        "pads",
        "pads",
        onnx.AttributeProto.INTS,
    )
    nodes = [
        conv,
        helper.make_node("Act", ["c"], ["a"], name="act", domain="mine", slope=0.2),
        helper.make_node("Add", ["a", "v"], ["out"]),
    ]
    return function("Block", ["v", "k", "b"], nodes, attributes=("pads",))


def calling(functions: list[onnx.FunctionProto], *nodes: onnx.NodeProto, **settings: Any) -> onnx.ModelProto:
    """Return a model with the functions of the domain "mine"."""
    proto = model(nodes, shape=("n", 3, 9, 8), weights=WEIGHTS, **settings)
    proto.opset_import.append(helper.make_opsetid("mine", 1))
    proto.functions.extend(functions)
    return proto


def blocks() -> onnx.ModelProto:
    calls = [
        node("Block", ["x", "w0"], "c", domain="mine", pads=[1, 1, 1, 1]),
        node("Block", ["c", "w1"], "second", domain="mine", pads=[1, 1, 1, 1]),
        node("Block", ["second", "w2"], "third", domain="mine", pads=[1, 1, 1, 1]),
        node("GlobalAveragePool", ["third"], "y"),
    ]
    calls[2].name = ""
    return calling([act(), block()], *calls)


def test_nested_functions_are_inlined_and_named_after_their_calls() -> None:
    proto = blocks()

    found = read_model(proto.SerializeToString())

    assert [layer.name for layer in found.layers] == [
        "c/conv", "c/act/leaky", "c/Add",
        "second/conv", "second/act/leaky", "second/Add",
        "Block/conv", "Block/act/leaky", "Block/Add",
        "y",
    ]  # fmt: skip
    assert [layer.output for layer in found.layers[3:6]] == ["second/c", "second/act/a", "second"]
    assert found.layer("c/conv").shape == (1, 3, 9, 8)
    same_as_the_runtime(proto, X)


def test_a_rectifier_within_a_function_is_one() -> None:
    def sums(policy: str) -> np.ndarray:
        with inspector.load(blocks().SerializeToString(), device="cpu") as ours:
            return ours.attribute(X[:1], target=1, method=policy).maps

    assert not np.allclose(sums("saliency"), sums("guided"))


@pytest.mark.parametrize(("inner", "outer"), [(17, 12), (12, 17)])
def test_a_function_of_another_opset_is_read_as_the_runtime_reads_it(inner: int, outer: int) -> None:
    """Softmax changed its meaning at opset 13; ONNX Runtime reads functions by the opset of the model."""
    body = [helper.make_node("Neg", ["v"], ["n"]), helper.make_node("Softmax", ["n"], ["out"])]
    calls = [node("Head", ["x"], "h", domain="mine"), node("Exp", ["h"], "y")]
    proto = calling([function("Head", ["v"], body, opset=inner)], *calls, opset=outer)

    same_as_the_runtime(proto, X)


def test_default_attributes_hold_where_none_is_given() -> None:
    proto = calling(
        [act(default=True)],
        node("Act", ["x"], "a", domain="mine"),
        node("Act", ["a"], "y", domain="mine", slope=0.7),
    )

    same_as_the_runtime(proto, X)


def test_a_function_may_use_operators_of_the_runtime() -> None:
    body = [helper.make_node("QuickGelu", ["v"], ["out"], domain="com.microsoft", alpha=1.7)]
    proto = calling(
        [function("Gate", ["v"], body, domains=("com.microsoft",))],
        node("Gate", ["x"], "g", domain="mine"),
        node("Relu", ["g"], "y"),
    )

    found = read_model(proto.SerializeToString())

    assert [layer.name for layer in found.layers] == [
        "g/QuickGelu/Mul", "g/QuickGelu/Sigmoid", "g/QuickGelu/Mul_2", "y",
    ]  # fmt: skip
    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        expected = Exposed(proto, ["y"]).run(X)["y"]
        np.testing.assert_allclose(ours.activations(X, layers=["y"])["y"], expected, rtol=1e-6)


def test_layers_of_functions_named_alike_are_told_apart() -> None:
    proto = blocks()
    proto.graph.node[1].name = "c"

    names = [layer.name for layer in read_model(proto.SerializeToString()).layers]

    assert len(set(names)) == len(names) == 10


def test_functions_that_call_each_other_are_refused() -> None:
    ring = [
        function("A", ["v"], [helper.make_node("B", ["v"], ["out"], domain="mine")]),
        function("B", ["v"], [helper.make_node("A", ["v"], ["out"], domain="mine")]),
    ]

    refused(calling(ring, node("A", ["x"], "y", domain="mine")), "in a circle: mine::")


def test_functions_that_would_grow_without_bound_are_refused_before_they_do() -> None:
    def doubling(level: int) -> onnx.FunctionProto:
        op: dict[str, Any] = {"op_type": f"F{level - 1}", "domain": "mine"} if level else {"op_type": "Relu"}
        nodes = [
            helper.make_node(inputs=["v"], outputs=["a"], **op),
            helper.make_node(inputs=["a"], outputs=["out"], **op),
        ]
        return function(f"F{level}", ["v"], nodes)

    def powers(depth: int) -> onnx.ModelProto:
        return calling([doubling(i) for i in range(depth)], node(f"F{depth - 1}", ["x"], "y", domain="mine"))

    refused(
        powers(16), "with all functions inlined is", error=LimitExceededError, limits=Limits(max_nodes=10_000)
    )
    refused(powers(40), "nested 17 deep", error=LimitExceededError)
    assert len(read_model(powers(5).SerializeToString()).layers) == 32


def test_a_function_that_reads_what_nobody_writes_is_refused() -> None:
    broken = function("A", ["v"], [helper.make_node("Add", ["v", "nothing"], ["out"])])

    with pytest.raises(InvalidModelError):
        read_model(calling([broken], node("A", ["x"], "y", domain="mine")).SerializeToString())
