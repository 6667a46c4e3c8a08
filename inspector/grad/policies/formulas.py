"""Formulas as data: Python expressions, parsed into operators and their operands."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

ABSENT = "absent"
"""The name of an input that is left out."""

_OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "Add", ast.Sub: "Sub", ast.Mult: "Mul", ast.Div: "Div", ast.Pow: "Pow", ast.USub: "Neg",
    ast.Gt: "Greater", ast.GtE: "GreaterOrEqual", ast.Lt: "Less", ast.LtE: "LessOrEqual",
}  # fmt: skip


@dataclass(frozen=True)
class Application:
    """A node of a formula. It knows its hash: formulas are looked for at every node, and that of a long one is long."""

    op_type: str
    operands: tuple[Form, ...]
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.op_type, self.operands)))

    def __hash__(self) -> int:
        return self._hash


Form = Application | str | float
"""A formula, parsed: an operation, the name of a tensor or of a kind of constant, or a number."""


@cache
def parse(formula: str) -> Form:
    """Read a formula; ValueError for what is none."""
    return _form(ast.parse(formula, mode="eval").body)


def filled(form: Form, parts: Mapping[str, Form]) -> Form:
    """Return a formula with forms in the place of names."""
    if isinstance(form, Application):
        return Application(form.op_type, tuple(filled(operand, parts) for operand in form.operands))
    return parts.get(form, form) if isinstance(form, str) else form


def _form(tree: ast.expr) -> Form:
    match tree:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -float(number)
        case ast.Name(id=name):
            return name
        case ast.BinOp(left=left, op=operator, right=right):
            return Application(_OPERATORS[type(operator)], (_form(left), _form(right)))
        case ast.UnaryOp(op=ast.USub() as minus, operand=operand):
            return Application(_OPERATORS[type(minus)], (_form(operand),))
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return Application(_OPERATORS[type(operator)], (_form(left), _form(right)))
        case ast.Call(func=ast.Name(id=op_type), args=args):
            return Application(op_type, tuple(_form(argument) for argument in args))
    raise ValueError(f"{ast.unparse(tree)!r} is no part of a formula.")
