"""Rectifiers in whatever nodes exporters write them: found, named, and treated as one from input to output."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

import inspector
from inspector.errors import NotFoundError
from inspector.grad.backward import write_backward
from inspector.grad.policies.formulas import Application, parse
from inspector.grad.policies.patterns import Finder, literal_operators
from inspector.grad.policies.rectifiers import FORMS, find_rectifiers
from inspector.grad.policies.spellings import SPELLINGS, spellings
from inspector.grad.policies.table import policy_named
from inspector.operators.families import RECTIFIERS
from tests.support.graphs import model, node
from tests.support.numeric import to_float64, vjp

CONSTANTS = {"slope": 0.3, "leak": 0.2, "cap": 6.0}
EVERY_FORM = [(name, formula) for name, formulas in FORMS.items() for formula in formulas]
SHAPE = (2, 3, 4, 5)


def built(formula: str, *, shape: tuple[int, ...] = SHAPE) -> onnx.ModelProto:
    """Return a float64 model that computes a formula of x, node by node; constants alternate in shape."""
    nodes: list[onnx.NodeProto] = []
    weights: dict[str, np.ndarray | np.generic] = {}

    def write(form: float | str | Application) -> str:
        if form == "x":
            return "x"
        if not isinstance(form, Application):
            name = f"c{len(weights)}"
            value = CONSTANTS[form] if isinstance(form, str) else form
            weights[name] = np.float32(value) if len(weights) % 2 else np.full(1, value, np.float32)
            if nodes and form == 0:  # bounds are scalars
                weights[name] = np.float32(0)
            return name
        inputs = [write(operand) for operand in form.operands]
        if form.op_type == "Clip":
            for name in inputs[1:]:
                weights[name] = weights[name].reshape(())
        attributes: dict[str, Any] = {"to": TensorProto.FLOAT} if form.op_type == "Cast" else {}
        nodes.append(node(form.op_type, inputs, f"t{len(nodes)}", **attributes))
        return nodes[-1].output[0]

    write(parse(formula))
    return to_float64(model(nodes, shape=shape, weights=weights, opset=22))


def values(seed: int = 0) -> np.ndarray:
    """Return numbers on both sides of every kink (0, ±3, 6), none near one."""
    rng = np.random.default_rng(seed)
    return rng.choice([-5.3, -2.2, -0.7, 0.4, 1.9, 4.1, 7.7], SHAPE) + rng.uniform(-0.2, 0.2, SHAPE)


def knows_erf_in_float32(proto: onnx.ModelProto) -> bool:
    """Return whether the reference evaluator rounds: its Erf is of float32 whatever it is given."""
    return any(part.op_type == "Erf" for part in proto.graph.node)


def slope(proto: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    """Return f'(x) element by element, by a central difference in float64."""
    judge, step = ReferenceEvaluator(proto), 1e-3 if knows_erf_in_float32(proto) else 1e-6
    return (judge.run(None, {"x": x + step})[0] - judge.run(None, {"x": x - step})[0]) / (2 * step)


@pytest.mark.parametrize(("name", "formula"), EVERY_FORM)
def test_every_form_is_one_rectifier(name: str, formula: str) -> None:
    graph = ir.from_proto(built(formula)).graph

    found = list(find_rectifiers(graph).values())

    assert [rectifier.name for rectifier in found] == [name]
    assert found[0].input.name == "x"
    assert found[0].last is graph[-1]
    assert found[0].nodes == frozenset(graph)


@pytest.mark.parametrize(("name", "formula"), EVERY_FORM)
def test_every_form_is_rectified_as_a_whole(name: str, formula: str) -> None:
    proto, x = built(formula), values()
    source = proto.graph.output[0].name
    signal = np.random.default_rng(1).standard_normal(SHAPE)

    def down(policy: str) -> np.ndarray:
        return vjp(proto, {"x": x}, wrt="x", source=source, seed=signal, policy=policy)

    tolerance = 3e-4 if knows_erf_in_float32(proto) else 1e-8
    np.testing.assert_array_equal(down("deconvnet"), np.maximum(signal, 0))
    np.testing.assert_allclose(down("guided"), slope(proto, x) * np.maximum(signal, 0), atol=tolerance)
    np.testing.assert_allclose(down("gradient"), slope(proto, x) * signal, atol=tolerance)
    np.testing.assert_array_equal(down("lrp_epsilon"), signal)


@pytest.mark.parametrize("op_type", sorted(RECTIFIERS))
def test_every_operator_alone_is_one(op_type: str) -> None:
    inputs = ["x"]
    weights: dict[str, np.ndarray | np.generic] = {}
    if op_type == "Clip":
        inputs, weights = ["x", "low"], {"low": np.float32(0)}
    if op_type == "PRelu":
        inputs, weights = ["x", "s"], {"s": np.full(3, 0.1, np.float32).reshape(3, 1, 1)}
    graph = ir.from_proto(model([node(op_type, inputs, "y")], shape=SHAPE, weights=weights, opset=24)).graph

    assert [rectifier.name for rectifier in find_rectifiers(graph).values()] == [op_type]


def test_bounds_that_are_attributes() -> None:
    nodes = [
        node("Add", ["x", "three"], "a"),
        node("Clip", ["a"], "c", min=0.0, max=6.0),
        node("Mul", ["x", "c"], "m"),
        node("Div", ["m", "six"], "y"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {
        "three": np.full((1, 1), 3, np.float32),
        "six": np.float32(6),
    }
    graph = ir.from_proto(model(nodes, weights=weights, opset=10)).graph

    assert [rectifier.name for rectifier in find_rectifiers(graph).values()] == ["HardSwish"]


def test_constants_that_are_nodes() -> None:
    half = node("Constant", [], "half", value_float=0.5)
    root = node("Constant", [], "root", value=onnx.numpy_helper.from_array(np.float32(1.41421)))
    one = node("Constant", [], "one", value_floats=[1.0])
    nodes = [half, root, one, node("Div", ["x", "root"], "d"), node("Erf", ["d"], "e"),
             node("Add", ["e", "one"], "p"), node("Mul", ["x", "half"], "h"), node("Mul", ["h", "p"], "y")]  # fmt: skip
    graph = ir.from_proto(model(nodes)).graph

    assert [(r.name, len(r.nodes)) for r in find_rectifiers(graph).values()] == [("Gelu", 5)]


@pytest.mark.parametrize(
    "formula",
    ["x * Clip(x + 2, 0, 6) / 6", "Max(x, 0.5)", "Min(x, 0)", "Where(x > 1, x, 0)", "x * Erf(x)", "x * x"],
)
def test_what_only_looks_like_one_is_none(formula: str) -> None:
    graph = ir.from_proto(built(formula)).graph

    assert [r for r in find_rectifiers(graph).values() if r.input.name == "x"] == []


def test_parts_that_are_read_from_outside_are_no_whole() -> None:
    nodes = [node("Sigmoid", ["x"], "s"), node("Mul", ["x", "s"], "m"), node("Add", ["m", "s"], "y")]

    assert find_rectifiers(ir.from_proto(model(nodes)).graph) == {}
    shown = model(nodes[:2], outputs=["m", "s"])
    assert find_rectifiers(ir.from_proto(shown).graph) == {}


def test_two_tensors_are_no_whole() -> None:
    nodes = [node("Neg", ["x"], "n"), node("Sigmoid", ["n"], "s"), node("Mul", ["x", "s"], "y")]

    assert find_rectifiers(ir.from_proto(model(nodes)).graph) == {}


def test_a_walk_that_ends_inside_meets_the_parts() -> None:
    """∂y/∂s of y = x·s is x, whatever the policy makes of the whole."""
    proto = to_float64(model([node("Sigmoid", ["x"], "s"), node("Mul", ["x", "s"], "y")], shape=SHAPE))
    x, signal = values(), -np.ones(SHAPE)

    found = vjp(proto, {"x": x}, wrt="s", source="y", seed=signal, policy="deconvnet")

    np.testing.assert_allclose(found, -x)


def test_writing_leaves_no_trace_in_the_model() -> None:
    proto = built("x * Sigmoid(x)")
    graph = ir.from_proto(proto)
    before = ir.to_proto(graph).SerializeToString()
    uses = [len(value.uses()) for n in graph.graph for value in (*n.inputs, *n.outputs) if value is not None]

    for policy in ("deconvnet", "guided", "lrp_epsilon_plus_flat"):
        write_backward(
            graph, source="t1", target="x", policy=policy_named(policy),
            shapes=dict.fromkeys(("x", "t0", "t1"), SHAPE), dtype=ir.DataType.DOUBLE,
        )  # fmt: skip

    assert ir.to_proto(graph).SerializeToString() == before
    assert uses == [
        len(value.uses()) for n in graph.graph for value in (*n.inputs, *n.outputs) if value is not None
    ]


# --- through a network


def network(*forms: str) -> bytes:
    """Return conv, rectifier, conv, rectifier, mean, with the rectifiers as formulas of nodes."""
    rng = np.random.default_rng(3)
    weights = {"w1": rng.standard_normal((4, 3, 3, 3)) / 3, "w2": rng.standard_normal((5, 4, 3, 3)) / 3}
    nodes, below = [], "x"
    for i, form in enumerate(forms, 1):
        nodes.append(node("Conv", [below, f"w{i}"], f"conv{i}"))
        inner = built(form)
        rename = {"x": f"conv{i}"}
        for initializer in inner.graph.initializer:
            rename[initializer.name] = f"{initializer.name}_{i}"
            weights[rename[initializer.name]] = onnx.numpy_helper.to_array(initializer)
        for part in inner.graph.node:
            name = f"{part.output[0]}_{i}"
            rename[part.output[0]] = name
            attributes: dict[str, Any] = {"to": TensorProto.FLOAT} if part.op_type == "Cast" else {}
            nodes.append(node(part.op_type, [rename[v] for v in part.input], name, **attributes))
        below = nodes[-1].output[0]
    nodes.append(node("ReduceMean", [below, "axes"], "y", keepdims=0))
    single = {name: np.asarray(array, np.float32) for name, array in weights.items()}
    return model(
        nodes, shape=(1, 3, 9, 8), weights=single | {"axes": np.asarray([2, 3])}, opset=22
    ).SerializeToString()


X = np.random.default_rng(5).standard_normal((1, 3, 9, 8)).astype(np.float32)
SAME = [
    ("x * Sigmoid(x)", "x / (1 + Exp(-x))"),
    ("Max(x, 0)", "Where(x > 0, x, 0)"),
    ("Relu(x)", "x * Cast(x > 0)"),
    ("x * (1 + Erf(x / 1.41421356)) * 0.5", "x * ((1 + Erf(x * 0.70710678)) * 0.5)"),
    ("x * Clip(x + 3, 0, 6) / 6", "x * (Min(Relu(x + 3), 6) * 0.16666667)"),
    ("x * Tanh(Softplus(x))", "x * Tanh(Log(1 + Exp(x)))"),
    ("Max(x, leak * x)", "Where(x > 0, x, leak * x)"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
@pytest.mark.parametrize("method", ["saliency", "deconvnet", "guided"])
def test_one_function_in_two_forms_gives_one_map(method: str, one: str, other: str) -> None:
    maps = []
    for form in (one, other):
        with inspector.load(network(form, form), device="cpu") as ours:
            assert len(ours.rectifiers()) == 2
            maps.append(ours.attribute(X, method=method, target=1).maps)

    assert np.abs(maps[0]).max() > 0
    np.testing.assert_allclose(maps[0], maps[1], rtol=0, atol=2e-5 * np.abs(maps[0]).max())


def test_the_rectifiers_are_listed_with_their_layers() -> None:
    with inspector.load(network("x * Sigmoid(x)", "Relu(x)"), device="cpu") as ours:
        found = ours.rectifiers()

    assert [(r.name, r.layer, r.layers) for r in found] == [
        ("Swish", "t1_1", ("t0_1", "t1_1")),
        ("Relu", "t0_2", ("t0_2",)),
    ]


@pytest.mark.parametrize("named", ["t0_1", "t1_1"])
def test_a_layer_may_have_a_policy_of_its_own(named: str) -> None:
    """Any layer of a rectifier names it; with the derivative at both, deconvnet is the gradient."""
    with inspector.load(network("x * Sigmoid(x)", "Relu(x)"), device="cpu") as ours:
        whole = ours.attribute(X, method="deconvnet", target=1).maps
        mixed = ours.attribute(X, method="deconvnet", target=1, policies={named: "gradient"}).maps
        every = ours.attribute(
            X, method="deconvnet", target=1, policies={named: "gradient", "t0_2": "gradient"}
        ).maps
        gradient = ours.attribute(X, method="saliency", target=1).maps
        turned = ours.attribute(
            X, method="saliency", target=1, policies={named: "deconvnet", "t0_2": "deconvnet"}
        ).maps

    assert np.abs(mixed - whole).max() > 1e-3
    assert np.abs(mixed - gradient).max() > 1e-3
    np.testing.assert_allclose(every, gradient, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(turned, whole, rtol=1e-5, atol=1e-7)


def test_a_policy_that_does_not_exist_is_refused() -> None:
    with inspector.load(network("Relu(x)"), device="cpu") as ours:
        with pytest.raises(NotFoundError, match="no policy 'gradiant'"):
            ours.attribute(X, method="guided", target=1, policies={"t0_1": "gradiant"})
        with pytest.raises(NotFoundError, match="no layer 'relu9'"):
            ours.attribute(X, method="guided", target=1, policies={"relu9": "gradient"})


def test_formulas_are_looked_for_only_where_they_may_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a graph of many nodes, each was held against all formulas."""
    asked: list[str] = []
    find = Finder.find

    def counted(self: Finder, formula: str, node: ir.Node) -> Any:
        asked.append(formula)
        return find(self, formula, node)

    monkeypatch.setattr(Finder, "find", counted)
    nodes = [node("Sigmoid", [f"t{index}" if index else "x"], f"t{index + 1}") for index in range(50)]
    nodes.append(node("Relu", ["t50"], "y"))
    found = find_rectifiers(ir.from_proto(model(nodes, shape=SHAPE)).graph)
    assert [rectifier.name for rectifier in found.values()] == ["Relu"]
    assert 0 < len(asked) < len(EVERY_FORM)


def _operators(form: float | str | Application) -> set[str]:
    if not isinstance(form, Application):
        return set()
    return {form.op_type}.union(*map(_operators, form.operands))


def _parts(form: float | str | Application) -> list[Application]:
    if not isinstance(form, Application):
        return []
    return [form, *(part for operand in form.operands for part in _parts(operand))]


@pytest.mark.parametrize("formula", [formula for _, formula in EVERY_FORM])
def test_literal_operators_stand_in_every_spelling(formula: str) -> None:
    """A formula is passed over in graphs without them."""
    for part in _parts(parse(formula)):
        for spelling in spellings(part):
            assert literal_operators(part) <= _operators(spelling)


def test_what_is_spelled_otherwise_is_not_literal() -> None:
    assert literal_operators(parse("x / 2 * (1 + Erf(Relu(x) - 1))")) == {"Erf"}
    assert not any(literal_operators(parse(f"{name}(a, b)")) for name in SPELLINGS)
