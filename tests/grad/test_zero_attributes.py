"""An attribute that is zero is zero: it is not missing, whatever its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import onnx_ir as ir
import pytest

import inspector
from inspector.errors import InvalidModelError
from inspector.operators import attributes as read
from inspector.operators.defaults import default_of
from inspector.operators.domains import MICROSOFT
from tests.grad.zeroed import NEVER_ZERO, NOT_ZERO, attributes, reason, zeroed

ATTRIBUTES = list(attributes())
JUDGED = [pair for pair in ATTRIBUTES if reason(*pair) is None]
SOURCES = sorted(Path(inspector.__file__).parent.rglob("*.py"))
OR_DEFAULT = re.compile(r"\.get_(?:ints?|floats?|strings?|tensors?)\((?:[^()]|\([^()]*\))*\)\s+or\b")


@pytest.mark.parametrize(("op_type", "attribute"), JUDGED, ids=lambda name: name)
def test_rules_agree_with_differences_where_an_attribute_is_zero(op_type: str, attribute: str) -> None:
    cases = list(zeroed(op_type, attribute))

    assert cases, (
        f"No model of {op_type} takes {attribute} = 0 and gives something else with it. Add a hand-made case of the "
        "operator to tests/grad/cases*.py that does, or the reason why none can to tests/grad/zeroed.py."
    )
    assert [case for case in cases if not case.holds()] == []


def test_reasons_are_about_attributes_that_there_are() -> None:
    assert set(NOT_ZERO) <= set(ATTRIBUTES)
    assert set(NEVER_ZERO) <= {attribute for _, attribute in ATTRIBUTES}


def test_no_reader_takes_zero_for_missing() -> None:
    found = [
        f"{path.name}: {match[0]}"
        for path in SOURCES
        for match in OR_DEFAULT.finditer(path.read_text(encoding="utf-8"))
    ]

    assert found == [], "Read attributes with inspector.operators.attributes."


# --- planted faults


@pytest.mark.parametrize(
    ("op_type", "attribute", "default"),
    [
        ("LeakyRelu", "alpha", 0.01),
        ("Resize", "cubic_coeff_a", -0.75),
        ("Gemm", "beta", 1.0),
        ("Softmax", "axis", -1),
    ],
)
def test_a_zero_that_is_read_as_the_default_is_found(
    monkeypatch: pytest.MonkeyPatch, op_type: str, attribute: str, default: float
) -> None:
    def wrong(node: ir.Node, name: str, *_: Any, **__: Any) -> Any:
        return optional(node, name) or None

    kind = "optional_integer" if isinstance(default, int) else "optional_number"
    optional = getattr(read, kind)
    monkeypatch.setattr(read, kind, wrong)

    with pytest.raises(AssertionError, match="Zeroed"):
        test_rules_agree_with_differences_where_an_attribute_is_zero(op_type, attribute)


@pytest.mark.parametrize(
    "line",
    [
        'node.attributes.get_float("alpha", 0.01) or 0.01',
        "x.get_int(names[int(i)], 1)  or 1",
        'a.get_ints("axes") or []',
    ],
)
def test_the_reader_that_takes_zero_for_missing_is_recognized(line: str) -> None:
    assert OR_DEFAULT.search(line)


# --- readers


def node(op_type: str, *, domain: str = "", **values: Any) -> ir.Node:
    return ir.node(op_type, [], values, domain=domain)


def test_what_the_node_says_comes_first() -> None:
    assert read.number(node("Elu", alpha=0.0), "alpha") == 0
    assert read.integer(node("Concat", axis=0), "axis", 1) == 0
    assert read.text(node("Resize", mode=""), "mode") == ""
    assert read.integers(node("Squeeze", axes=[0]), "axes", [1]) == (0,)
    assert read.flag(node("Trilu", upper=0), "upper") is False


def test_then_the_default_of_onnx_then_that_of_the_reader() -> None:
    assert read.number(node("Elu"), "alpha", 7.0) == 1
    assert read.integer(node("Concat"), "axis", 1) == 1
    assert read.integers(node("MaxPool"), "strides", [1, 1]) == (1, 1)
    assert read.flag(node("Conv"), "channels_last") is False


def test_an_operator_on_codes_has_the_defaults_of_its_twin() -> None:
    assert read.number(node("QLinearLeakyRelu", domain=MICROSOFT), "alpha") == pytest.approx(0.01)
    assert read.integer(node("QGemm", domain=MICROSOFT), "transB") == 0
    assert read.integer(node("DequantizeLinear", domain=MICROSOFT), "axis") == 1


def test_a_default_that_depends_on_the_opset_must_be_asked_for() -> None:
    assert read.integer(node("Softmax"), "axis", opset=12) == 1
    assert read.integer(node("Softmax"), "axis", opset=13) == -1
    with pytest.raises(
        ValueError, match="axis.*Softmax depends on the opset .1 since 1, 1 since 11, -1 since 13"
    ):
        read.integer(node("Softmax"), "axis")


def test_what_nobody_says_is_an_error() -> None:
    with pytest.raises(InvalidModelError, match="Conv has no attribute 'kernel_shape'"):
        read.integers(node("Conv"), "kernel_shape")
    with pytest.raises(InvalidModelError, match="'alpha' of type INT; it must be FLOAT"):
        read.number(node("Elu", alpha=1), "alpha")


def test_a_function_of_the_models_own_has_no_defaults() -> None:
    assert default_of(("a.domain", "Elu"), "alpha") is None
