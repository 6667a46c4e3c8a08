"""How exporters spell what one operator says: the alternatives of every part of a formula.

A comparison is good for ≥ as for >: the formulas here are those of functions that meet at the bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from inspector.grad.policies.formulas import Application, Form, filled, parse

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "Relu": (
        "Max(a, 0)", "a * Cast(a > 0)", "a * Where(a > 0, 1, 0)", "(a + Abs(a)) / 2", "a / 2 + Abs(a) / 2",
        "a - Min(a, 0)", "a + Relu(-a)", "-Min(-a, 0)", "a * (1 + Sign(a)) / 2", "a * ((1 + Sign(a)) / 2)",
        "Mean(a, Abs(a))", "Sum(a, Abs(a)) / 2", "a * Relu(Sign(a))", "Max(a, 0, 0)",
    ),
    "Max": ("Clip(a, b, absent)", "Where(a > b, a, b)"),
    "Min": ("Clip(a, absent, b)", "Where(a < b, a, b)"),
    "Abs": ("Max(a, -a)", "Sqrt(a * a)", "Sqrt(a ** 2)", "Sign(a) * a", "Relu(a) + Relu(-a)"),
    "Sigmoid": ("1 / (1 + Exp(-a))", "Reciprocal(1 + Exp(-a))", "(1 + Tanh(a / 2)) / 2"),
    "Softplus": ("Log(1 + Exp(a))", "Relu(a) + Log(1 + Exp(-Abs(a)))"),
    "Neg": ("a * -1", "0 - a"),
    "Sub": ("a + -b",),
    "Greater": (
        "GreaterOrEqual(a, b)", "Less(b, a)", "LessOrEqual(b, a)", "Not(Less(a, b))", "Not(LessOrEqual(a, b))",
    ),
    "Less": (
        "LessOrEqual(a, b)", "Greater(b, a)", "GreaterOrEqual(b, a)", "Not(Greater(a, b))",
        "Not(GreaterOrEqual(a, b))",
    ),
}  # fmt: skip
"""By operator: formulas of its operands a and b, whose parts have spellings in their turn."""

WITH_ZERO: Mapping[str, tuple[str, ...]] = {
    "Max": ("Relu(a)",),
    "Min": ("-Relu(-a)", "(a - Abs(a)) / 2", "a - Relu(a)"),
}
"""The same where b is 0."""

ARITHMETIC = frozenset({"Add", "Div", "Mul", "Sub"})
"""Operators of which each is written as another where an operand is a number."""

_NAMES = ("a", "b")

_OPPOSITE: Mapping[str, str] = {"Greater": "Less", "Less": "Greater"}


@cache
def spellings(form: Application) -> tuple[Application, ...]:
    """Return the ways to write the last operation of a formula, itself first, and the ways to write those."""
    found = {form: None}
    pending = [form]
    while pending:
        for other in _spelled(pending.pop()):
            if other not in found and not _turns_in_circles(other):
                found[other] = None
                pending.append(other)
    return tuple(found)


def _spelled(form: Application) -> Iterator[Application]:
    parts = dict(zip(_NAMES, form.operands, strict=False))
    formulas = SPELLINGS.get(form.op_type, ())
    if 0.0 in form.operands[1:]:
        formulas += WITH_ZERO.get(form.op_type, ())
    for formula in formulas:
        found = filled(parse(formula), parts)
        if isinstance(found, Application):
            yield found
    yield from _with_numbers(form)
    if form.op_type == "Where":
        condition, then, otherwise = form.operands
        if isinstance(condition, Application) and condition.op_type in _OPPOSITE:
            opposite = Application(_OPPOSITE[condition.op_type], condition.operands)
            yield Application("Where", (opposite, otherwise, then))


def _with_numbers(form: Application) -> Iterator[Application]:
    """Yield a division as a product, a difference as a sum, and the other way about."""
    if len(form.operands) != len(_NAMES):
        return
    first, second = form.operands
    if form.op_type in ("Mul", "Add") and isinstance(first, float):
        first, second = second, first
    if not isinstance(second, float):
        return
    if form.op_type in ("Mul", "Div") and second:
        yield Application("Div" if form.op_type == "Mul" else "Mul", (first, 1 / second))
    if form.op_type in ("Add", "Sub"):
        yield Application("Sub" if form.op_type == "Add" else "Add", (first, -second))


_ROUNDABOUT = (("Neg", "Neg"), ("Sign", "Sign"), ("Sign", "Neg", "Sign"), ("Neg", "Sign", "Neg"))
"""Operators within each other that undo or repeat what the inner ones do."""


@cache
def _turns_in_circles(form: Form) -> bool:
    """Return whether a formula has a part that nobody writes, of which spelling after spelling makes ever more."""
    if not isinstance(form, Application):
        return False
    return any(_begins(form, row) for row in _ROUNDABOUT) or any(map(_turns_in_circles, form.operands))


def _begins(form: Form, row: tuple[str, ...]) -> bool:
    """Return whether a formula is these operators in a row, of one operand each."""
    if not row:
        return True
    return isinstance(form, Application) and form.op_type == row[0] and _begins(form.operands[0], row[1:])
