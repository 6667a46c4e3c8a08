"""Graphs of many nodes take time that grows with their number: counted in steps of Python, never in seconds."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from inspector.grad.policies.rectifiers import find_rectifiers
from inspector.model.const import constant_value
from inspector.model.uniform import uniform_of

MOST_GROWTH = 2.6
"""Of what twice the nodes take; four times would be a square."""


def graph(nodes: list[Any]) -> ir.Graph:
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, [1, 3])],
    )
    return ir.serde.deserialize_model(helper.make_model(made)).graph


def residual(count: int) -> list[Any]:
    nodes = []
    last = "x"
    for index in range(count):
        nodes += [
            helper.make_node("Relu", [last], [f"r{index}"]),
            helper.make_node("Add", [last, f"r{index}"], [f"a{index}"]),
        ]
        last = f"a{index}"
    return nodes


def twice(op_type: str) -> Callable[[int], list[Any]]:
    def nodes(count: int) -> list[Any]:
        names = ["x", *(f"t{index}" for index in range(count))]
        return [
            helper.make_node(op_type, [before, before], [name]) for before, name in itertools.pairwise(names)
        ]

    return nodes


def in_turn(count: int) -> list[Any]:
    names = ["x", *(f"t{index}" for index in range(count))]
    kinds = ("Add", "Mul", "Sub", "Max", "Min", "Div")
    return [
        helper.make_node(kinds[index % len(kinds)], [before, names[max(0, index - 1)]], [name])
        for index, (before, name) in enumerate(itertools.pairwise(names))
    ]


def identities(count: int) -> list[Any]:
    names = ["x", *(f"t{index}" for index in range(count))]
    return [helper.make_node("Identity", [before], [name]) for before, name in itertools.pairwise(names)]


CHAINS = {
    "residual": residual,
    "Add": twice("Add"),
    "Mul": twice("Mul"),
    "Max": twice("Max"),
    "in turn": in_turn,
    "identities": identities,
}


def steps(work: Callable[[], object], *, most: int = 20_000_000) -> int:
    """Return how many functions of Python a piece of work calls; it fails beyond `most`, rather than never to end."""
    count = 0

    def counted(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        if event == "call":
            count += 1
            if count > most:
                raise AssertionError(f"more than {most:,} calls")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", CHAINS)
def test_rectifiers_are_looked_for_in_time_of_the_number_of_nodes(name: str) -> None:
    few, many = (graph(CHAINS[name](count)) for count in (60, 120))
    find_rectifiers(graph(CHAINS[name](12)))  # what is kept of the formulas themselves
    first = steps(lambda: find_rectifiers(few), most=2_000_000)
    assert steps(lambda: find_rectifiers(many), most=4_000_000) < MOST_GROWTH * first


def test_what_is_read_twice_is_followed_once() -> None:
    one = onnx.helper.make_tensor("c", TensorProto.FLOAT, [1], [1.0])
    start = helper.make_node("Constant", [], ["c"], value=one)
    for op_type in ("Mul", "Add", "QuantizeLinear"):
        nodes = [start, *(helper.make_node(op_type, [a, a], [b]) for a, b in zip_names(30))]
        last = list(graph(nodes))[-1].outputs[0]
        assert steps(lambda last=last: uniform_of(last), most=100_000) < 10_000  # type: ignore[misc]
        assert steps(lambda last=last: constant_value(last), most=100_000) < 10_000  # type: ignore[misc]


def zip_names(count: int) -> list[tuple[str, str]]:
    names = ["c", *(f"t{index}" for index in range(count))]
    return list(itertools.pairwise(names))
