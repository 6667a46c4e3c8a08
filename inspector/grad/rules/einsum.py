"""Einsum: the gradient of a sum of products is again an Einsum."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir

from inspector.errors import UnsupportedOperatorError
from inspector.grad.rule import Gradients, operand, rule
from inspector.grad.writing.builder import Builder
from inspector.operators.attributes import text
from inspector.types.layers import Dim


@dataclass(frozen=True)
class _Term:
    """A factor: a tensor of the backward graph, and one letter per axis."""

    value: ir.Value
    letters: str


@rule("Einsum", since=12)
def einsum(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
    """y = Σ Π_i x_i: gx_i = Σ gy·Π_{j≠i} x_j over what x_i lacks, repeated over what only x_i has.

    A letter twice in a term is a diagonal: the second becomes a letter of its own, tied by a factor δ.
    """
    shapes = [b.shape(operand(node, index)) for index in range(len(node.inputs))]
    *inputs, result = _explicit(node, shapes)
    _watch_batch(b, node, inputs, result)
    terms: list[_Term] = []
    ties: list[_Term] = []
    for index, letters in enumerate(inputs):
        distinct, tied = _untied(b, node, index, letters, [*inputs, *(tie.letters for tie in ties), result])
        terms.append(
            _squeezed(b, _Term(b.saved(operand(node, index)), distinct), shapes[index], inputs, shapes)
        )
        ties += tied
    return [
        _gradient(b, node, index, terms, _Term(gy, result), ties, _sizes(inputs, shapes))
        for index in range(len(inputs))
    ]


def _gradient(
    b: Builder,
    node: ir.Node,
    index: int,
    terms: Sequence[_Term],
    seed: _Term,
    ties: Sequence[_Term],
    sizes: dict[str, Dim],
) -> ir.Value:
    own = terms[index].letters
    factors = [seed, *(term for place, term in enumerate(terms) if place != index), *ties]
    known = set("".join(factor.letters for factor in factors))
    kept = "".join(letter for letter in own if letter in known)
    equation = f"{','.join(factor.letters for factor in factors)}->{kept}"
    gradient = b.op("Einsum", *(factor.value for factor in factors), equation=equation)
    x = operand(node, index)
    if len(own) == b.rank(x) == len(kept):
        return gradient
    alone = [place for place, letter in enumerate(own) if letter not in known]
    if alone:
        gradient = b.op("Unsqueeze", gradient, b.ints(alone))
        shape = [1] * len(own)
        for place in alone:
            size = sizes[own[place]]
            if not isinstance(size, int):
                b.sizes(x, *range(b.rank(x)))  # raises: the size must be a number
            shape[place] = int(size or 1)
        gradient = b.op("Expand", gradient, b.ints(shape))
    return b.op("Reshape", gradient, b.shape_like(x)) if len(own) < b.rank(x) else gradient


def _explicit(node: ir.Node, shapes: Sequence[Sequence[Dim]]) -> list[str]:
    """Return the letters of every input and of the result, with letters of their own for what "..." stands for."""
    equation = text(node, "equation").replace(" ", "")
    left, arrow, right = equation.partition("->")
    inputs = left.split(",")
    if not arrow:
        counts = Counter(left.replace("...", "").replace(",", ""))
        right = ("..." if "..." in left else "") + "".join(sorted(k for k, n in counts.items() if n == 1))
    widths = [
        len(shape) - len(term.replace("...", "")) if "..." in term else 0
        for term, shape in zip(inputs, shapes, strict=True)
    ]
    rest = _fresh(node, [equation], max(widths))
    written = [
        term.replace("...", rest[len(rest) - width :]) for term, width in zip(inputs, widths, strict=True)
    ]
    return [*written, right.replace("...", rest)]


def _fresh(node: ir.Node, used: Sequence[str], count: int) -> str:
    free = [letter for letter in string.ascii_letters if not any(letter in terms for terms in used)]
    if len(free) < count:
        raise UnsupportedOperatorError(
            f"Node {node.name!r} is an Einsum of so many axes that its backward rule runs out of letters. "
            "Export it as several products."
        )
    return "".join(free[:count])


def _sizes(inputs: Sequence[str], shapes: Sequence[Sequence[Dim]]) -> dict[str, Dim]:
    sizes: dict[str, Dim] = {}
    for letters, shape in zip(inputs, shapes, strict=True):
        for letter, size in zip(letters, shape, strict=True):
            if sizes.get(letter, 1) == 1:
                sizes[letter] = size
    return sizes


def _untied(
    b: Builder, node: ir.Node, index: int, letters: str, used: Sequence[str]
) -> tuple[str, list[_Term]]:
    distinct = ""
    ties: list[_Term] = []
    for place, letter in enumerate(letters):
        if letter not in distinct:
            distinct += letter
            continue
        second = _fresh(node, [*used, distinct], 1)
        (size,) = b.sizes(operand(node, index), place)
        ties.append(_Term(b.constant(np.eye(size)), letter + second))
        distinct += second
    return distinct, ties


def _squeezed(
    b: Builder, term: _Term, shape: Sequence[Dim], inputs: Sequence[str], shapes: Sequence[Sequence[Dim]]
) -> _Term:
    """Drop the axes along which a term is broadcast: their letters have a size elsewhere."""
    sizes = _sizes(inputs, shapes)
    axes = [
        axis
        for axis, (letter, size) in enumerate(zip(term.letters, shape, strict=True))
        if size == 1 and sizes.get(letter, 1) != 1
    ]
    if not axes:
        return term
    if 0 in axes:
        b.mix_batch()
    letters = "".join(letter for axis, letter in enumerate(term.letters) if axis not in axes)
    return replace(term, value=b.op("Squeeze", term.value, b.ints(axes)), letters=letters)


def _watch_batch(b: Builder, node: ir.Node, inputs: Sequence[str], result: str) -> None:
    """Say that the batch is mixed unless it leads every computed input and the result, and only leads."""
    computed = [
        letters
        for letters, value in zip(inputs, node.inputs, strict=True)
        if value is not None and b.array(value) is None
    ]
    batch = result[:1]
    if not batch or any(
        not letters.startswith(batch) or batch in letters[1:] for letters in [*computed, result]
    ):
        b.mix_batch()
