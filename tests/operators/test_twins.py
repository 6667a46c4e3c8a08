"""Records of operators on codes, and the view of a node as the float operation that it stands for."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir
import pytest

from inspector.operators.domains import MICROSOFT, is_standard, key_of
from inspector.operators.operation import Operation, as_float
from inspector.operators.twins import TWINS, CodesResult, float_operator, result_of


def node(op_type: str, count: int, *, domain: str = "", **attributes: Any) -> ir.Node:
    return ir.node(op_type, [ir.val(f"i{place}") for place in range(count)], attributes, domain=domain)


def names(operation: Operation) -> list[str]:
    return ["" if value is None else value.name or "" for value in operation.inputs]


@pytest.mark.parametrize(
    ("op_type", "domain", "count", "float_op", "inputs"),
    [
        ("QLinearConv", "", 9, "Conv", ["i0", "i3"]),
        ("ConvInteger", "", 4, "Conv", ["i0", "i1"]),
        ("QLinearConcat", MICROSOFT, 11, "Concat", ["i2", "i5", "i8"]),
        ("QLinearConcat", MICROSOFT, 5, "Concat", ["i2"]),
        ("QLinearWhere", MICROSOFT, 9, "Where", ["i0", "i1", "i4"]),
        ("MatMulIntegerToFloat", MICROSOFT, 6, "MatMul", ["i0", "i1"]),
        ("Add", "", 2, "Add", ["i0", "i1"]),
    ],
)
def test_a_node_is_seen_as_its_float_operation(
    op_type: str, domain: str, count: int, float_op: str, inputs: list[str]
) -> None:
    written = node(op_type, count, domain=domain)
    given = [value for value in written.inputs if value is not None]
    uses = [len(value.uses()) for value in given]

    operation = as_float(written)

    assert (operation.op_type, names(operation)) == (float_op, inputs)
    assert is_standard(operation)
    assert float_operator(written) == float_op
    assert [len(value.uses()) for value in given] == uses  # a view leaves no trace


def test_an_operator_of_another_domain_is_what_it_is() -> None:
    written = node("QLinearConv", 8, domain="a.domain")

    assert (as_float(written).domain, as_float(written).op_type) == ("a.domain", "QLinearConv")
    assert result_of(written) is None


def test_inputs_that_are_left_out_are_none() -> None:
    assert as_float(node("QGemm", 3, domain=MICROSOFT)).inputs[1] is None


def test_both_spellings_of_the_standard_domain_are_one() -> None:
    assert key_of(node("Conv", 2, domain="ai.onnx")) == ("", "Conv")


def test_the_axis_of_scales_follows_the_attribute() -> None:
    record = TWINS.get((MICROSOFT, "QGemm"))
    assert record is not None

    assert [operand.axis for operand in record.operands_of(node("QGemm", 9, domain=MICROSOFT))] == [-1, 1]
    assert [x.axis for x in record.operands_of(node("QGemm", 9, domain=MICROSOFT, transB=1))] == [-1, 0]


def test_the_opset_of_the_float_operator_is_the_record_or_the_attribute() -> None:
    assert as_float(node("QLinearSoftmax", 5, domain=MICROSOFT, opset=11)).opset == 11
    assert as_float(node("QLinearAdd", 8, domain=MICROSOFT)).opset == 13
    assert as_float(node("Add", 2)).opset is None


def test_where_the_scale_of_a_result_lies() -> None:
    assert result_of(node("QuantizeLinear", 3)) == CodesResult(scale=1, zero_point=2)
    assert result_of(node("QLinearConcat", 5, domain=MICROSOFT)) == CodesResult(scale=0, zero_point=1)
    assert result_of(node("MatMulInteger", 4)) is None
    assert result_of(node("Relu", 1)) is None
