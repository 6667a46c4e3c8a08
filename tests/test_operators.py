"""docs/operators.md: what it says of each operator is what the code does, and what it fails at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest

from inspector.grad.rule import NO_GRADIENT, REFUSED, RULES
from inspector.grad.writing.builder import Builder
from inspector.model.receptive.rule import FIELD_RULES, NO_FIELD
from inspector.operators.twins import TWINS
from inspector.registry import Registry
from tests.grad.cases import CASES
from tests.grad.figures import PAGE, bound, figures_of, read_figures, worse_than_documented, written
from tests.grad.judging import judge
from tests.grad.test_rules import planted
from tools.generate_operators import differences
from tools.operator_facts import Operator, complaints, read_operators
from tools.operator_page import render


@pytest.fixture(scope="module")
def operators() -> list[Operator]:
    return read_operators()


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_page_says_what_holds(operators: list[Operator], page: str) -> None:
    assert differences(operators, page) == []


# --- planted faults


@pytest.mark.parametrize(
    ("registry", "op_type"),
    [(RULES, "Relu"), (NO_GRADIENT, "Floor"), (REFUSED, "LSTM")],
    ids=["ruled", "without a gradient", "refused"],
)
def test_an_operator_that_is_taken_out_is_missed_by_name(
    monkeypatch: pytest.MonkeyPatch, page: str, registry: Registry[Any, Any], op_type: str
) -> None:
    left = {key: value for key, value in registry._items.items() if key[1] != op_type}
    monkeypatch.setattr(registry, "_items", left)

    lines = differences(read_operators(), page)

    assert len(lines) == 1
    assert lines[0].startswith(f"{op_type} takes or gives tensors of floats and has neither a rule")
    assert "Add one of the three" in lines[0]


def test_an_operator_that_is_both_ruled_and_declared_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NO_GRADIENT, "_items", NO_GRADIENT._items | {("", "Relu"): "a mistake"})

    assert complaints(read_operators()) == [
        "Relu is ruled, declared or refused more than once. Leave one of them."
    ]


@pytest.mark.parametrize("op_type", ["Conv", "Concat", "GridSample"])
def test_a_ruled_operator_without_a_receptive_field_is_named(
    monkeypatch: pytest.MonkeyPatch, op_type: str
) -> None:
    left = {key: value for key, value in FIELD_RULES._items.items() if key[1] != op_type}
    monkeypatch.setattr(FIELD_RULES, "_items", left)

    found = complaints(read_operators())

    named = {line.partition(" ")[0] for line in found if "neither a receptive-field rule" in line}
    twins = {
        f"{twin.domain}::{twin.op_type}" if twin.domain else twin.op_type
        for twin in map(TWINS.get, TWINS)
        if twin is not None and twin.float_operator == op_type and twin.has_kernel
    }
    assert named == {op_type} | twins
    assert len(found) == len(named)


def test_a_receptive_field_that_is_both_ruled_and_given_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NO_FIELD, "_items", NO_FIELD._items | {("", "Relu"): "a mistake"})

    assert complaints(read_operators()) == [
        "Relu has a receptive-field rule, and a reason why it has none. Leave one of them."
    ]


def test_the_page_shows_receptive_field_and_relevance(page: str) -> None:
    rows = {cells[1].strip(): cells[4:6] for line in page.splitlines() if len(cells := line.split("|")) == 11}

    assert "`convolution`" in rows["Conv"][0]
    assert rows["com.microsoft::QLinearConcat"] == rows["Concat"]
    assert rows["Attention"][0].strip() == "everything: every position attends to every other"
    assert [rows[name][1].strip() for name in ("Conv", "Relu", "Reshape", "Mul", "AveragePool")] == [
        "layer",
        "kept",
        "moved",
        "product",
        "ε",
    ]


def test_a_version_that_no_model_judges_is_named(operators: list[Operator]) -> None:
    relu = next(operator for operator in operators if operator.name == "Relu")

    assert complaints([relu]) == []
    (line,) = complaints([replace(relu, judged=relu.judged - {13})])
    assert line.startswith("No model judges version 13 of Relu. Add a hand-made case at that opset")


def test_a_stale_page_is_shown_with_how_to_write_it_anew(operators: list[Operator], page: str) -> None:
    stale = page.replace("| Relu | 6, 13, 14 |", "| Relu | 6, 13 |")
    assert stale != page

    lines = differences(operators, stale)

    assert any(line.startswith("-| Relu | 6, 13 |") for line in lines)
    assert any(line.startswith("+| Relu | 6, 13, 14 |") for line in lines)
    assert lines[-1] == "Run: make operators"


def test_a_rule_with_wrong_numbers_raises_the_largest_error(operators: list[Operator], page: str) -> None:
    def doubled(b: Builder, n: ir.Node, gy: ir.Value) -> list[ir.Value]:
        return [b.op("Mul", gy, b.constant(2))]

    case = next(case for case in CASES if case.name == "a residual block")
    right = figures_of(judge(case, np.random.default_rng(1)))
    with planted("Relu", doubled):
        wrong = figures_of(judge(case, np.random.default_rng(1)))

    assert worse_than_documented([("", "Relu")], right) == []
    (line,) = worse_than_documented([("", "Relu")], wrong)
    assert line.startswith("Relu: float64 error ")
    assert bound("float64", wrong["float64"]) > 1e4 * read_figures(page)["", "Relu"]["float64"]
    assert render(operators, read_figures(page) | {("", "Relu"): wrong}) != page


# --- figures


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (3.2e-12, "≤ 1e-8"),
        (1e-8, "≤ 1e-8"),
        (1.1e-8, "≤ 1e-7"),
        (9.9e-8, "≤ 1e-7"),
        (0.4, "≤ 1e0"),
        (7.0, "≤ 1e1"),
    ],
)
def test_figures_are_the_power_of_ten_that_they_stay_within(error: float, expected: str) -> None:
    assert written({"float64": error}) == [expected, "–", "–"]


def test_figures_are_read_as_they_were_written(operators: list[Operator], page: str) -> None:
    figures = read_figures(page)

    assert {operator.key for operator in operators if operator.rules} == set(figures)
    assert render(operators, figures) == page
