"""Which layer of one model is which of another: by what they compute, their names and operators, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspector.checks.measures.drift.subjects import Subjects, float_operator
from inspector.types.arrays import Array

_MOST_EVIDENCE = 4.0
"""In nats: of a correlation of 0.9998, beyond which nothing more is learned."""
_NAME = 0.5
"""What an equal name is worth, in nats: as much as a correlation of 0.8."""
_OPERATOR = 0.1
_LEAST = 0.15
"""Evidence, in nats, below which layers are taken for one another only by name, or by operator and order."""
_SURE = 0.8
"""Evidence, in nats, from which layers are matched against the order of the graph: branches come in any."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a layer computes on a few images, at a few places that are the same for every layer of its shape."""

    shapes: tuple[tuple[int, ...], ...]
    """Of each image's values, channels first, without axes of one place."""
    size: int
    """Bytes of the largest image's values."""
    values: Array
    """float64 (images · places,)."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two tensors that correspond."""

    own: str
    """Of the model."""
    other: str
    """Of the baseline."""
    by: str
    """By what: "name", "values", "order", or, of a tensor that is another one again, "restated"."""


Signatures = Mapping[str, Signature]
"""By tensor."""


def align(own: Subjects, other: Subjects, ours: Signatures, theirs: Signatures) -> list[Pair]:
    """Return the pairs of layers that correspond, in the model's graph order.

    Each has at most one partner; what has the values of a layer before it has none. The sum of evidence is the largest
    that keeps the order of both graphs (as sequences are aligned, Needleman & Wunsch 1970); what is left over is
    matched against the order where its evidence is clear.
    """
    rows = [tensor for tensor in own.tensors if tensor in ours and own.same(tensor) is None]
    columns = [tensor for tensor in other.tensors if tensor in theirs and other.same(tensor) is None]
    evidence = _evidence([ours[one] for one in rows], [theirs[one] for one in columns])
    same_name = _equal([own.names[one] for one in rows], [other.names[one] for one in columns])
    same_operator = np.asarray(
        [
            [float_operator(own.operator(one)) == float_operator(other.operator(two)) for two in columns]
            for one in rows
        ],
        np.bool_,
    ).reshape(len(rows), len(columns))
    fits = np.isfinite(evidence) & ((evidence >= _LEAST) | same_name | same_operator)
    scores = np.where(fits, evidence + _NAME * same_name + _OPERATOR * same_operator, -np.inf)
    clear = np.where((evidence >= _SURE) | same_name, scores, -np.inf)
    matched = _in_order(scores)
    matched = _without_stopgaps(matched, scores, clear, (evidence >= _LEAST) | same_name)
    matched |= _left_over(clear, matched)
    matched = _exchanged(scores, matched)
    pairs = []
    for row, column in sorted(matched.items()):
        by = "name" if same_name[row, column] else "values" if evidence[row, column] >= _LEAST else "order"
        pairs.append(Pair(own=rows[row], other=columns[column], by=by))
    return pairs


def _in_order(scores: Array) -> dict[int, int]:
    """Return {row: column}, both rising, of which the sum of scores is the largest."""
    count, width = scores.shape
    best = np.zeros((count + 1, width + 1))
    for row in range(count):
        taken = best[row].copy()
        taken[1:] = np.maximum(taken[1:], best[row, :-1] + scores[row])
        best[row + 1] = np.maximum.accumulate(taken)
    found, row, column = dict[int, int](), count, width
    while row and column:
        if best[row, column] == best[row - 1, column]:
            row -= 1
        elif best[row, column] == best[row, column - 1]:
            column -= 1
        else:
            row, column = row - 1, column - 1
            found[row] = column
    return found


def _without_stopgaps(
    matched: Mapping[int, int], scores: Array, clear: Array, is_told: Array
) -> dict[int, int]:
    """Return what is matched, but for pairs of which one is clearly more like a layer that is free.

    Order alone says little: what nothing else tells, by values or name, makes room for any layer that is clearly alike.
    """
    rows = [row for row in range(len(clear)) if row not in matched]
    columns = [column for column in range(clear.shape[1]) if column not in {*matched.values()}]
    found = {}
    for row, column in matched.items():
        best = max(clear[row, columns].max(initial=-np.inf), clear[rows, column].max(initial=-np.inf))
        enough = scores[row, column] + _SURE if is_told[row, column] else -np.inf
        if best <= enough:
            found[row] = column
    return found


def _exchanged(scores: Array, matched: Mapping[int, int]) -> dict[int, int]:
    """Return what is matched after partners were exchanged where that is clearly better: order says less than values.

    Branches that are alike, such as poolings of several sizes of one map, come in any order.
    """
    found = dict(matched)
    for _ in range(len(found)):
        rows = sorted(found)
        columns = [found[row] for row in rows]
        kept = scores[rows, columns]
        crossed = scores[np.ix_(rows, columns)]
        gain = np.where(
            np.isfinite(crossed) & np.isfinite(crossed.T), crossed + crossed.T - kept[:, None] - kept, -np.inf
        )
        if not rows or gain.max() <= _SURE:
            break
        one, two = np.unravel_index(int(np.argmax(gain)), gain.shape)
        found[rows[one]], found[rows[two]] = columns[two], columns[one]
    return found


def _left_over(scores: Array, matched: Mapping[int, int]) -> dict[int, int]:
    """Return {row: column} of what is not matched yet, the best first."""
    scores = scores.copy()
    scores[list(matched)] = -np.inf
    scores[:, list(matched.values())] = -np.inf
    found = dict[int, int]()
    while scores.size and np.isfinite(scores).any():
        row, column = np.unravel_index(int(np.argmax(scores)), scores.shape)
        found[int(row)] = int(column)
        scores[row], scores[:, column] = -np.inf, -np.inf
    return found


def _equal(ours: Sequence[frozenset[str]], theirs: Sequence[frozenset[str]]) -> Array:
    """Return whether any name is equal, (rows, columns)."""
    found = np.asarray([[not one.isdisjoint(two) for two in theirs] for one in ours], np.bool_)
    return found.reshape(len(ours), len(theirs))


def _evidence(ours: Sequence[Signature], theirs: Sequence[Signature]) -> Array:
    """Return how much two layers' values say of each other, in nats (rows, columns); −∞ where shapes differ.

    −½ log(1 − ρ²) is what one of two normal variables of correlation ρ tells of the other. Half of it is that of the
    correlation, which scale and offset do not touch, and half that of the concordance (Lin 1989), which they do.
    """
    found = np.full((len(ours), len(theirs)), -np.inf)
    for shapes in {one.shapes for one in ours} & {one.shapes for one in theirs}:
        rows = [place for place, one in enumerate(ours) if one.shapes == shapes]
        columns = [place for place, one in enumerate(theirs) if one.shapes == shapes]
        a = np.stack([ours[place].values for place in rows])
        b = np.stack([theirs[place].values for place in columns])
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            found[np.ix_(rows, columns)] = _nats(a, b)
    return found


def _nats(a: Array, b: Array) -> Array:
    mean_a, mean_b = a.mean(axis=1), b.mean(axis=1)
    a, b = a - mean_a[:, None], b - mean_b[:, None]
    var_a, var_b = (a**2).mean(axis=1), (b**2).mean(axis=1)
    covariance = a @ b.T / a.shape[1]
    correlation = covariance / np.sqrt(var_a[:, None] * var_b)
    apart = (mean_a[:, None] - mean_b) ** 2
    concordance = 2 * covariance / (var_a[:, None] + var_b + apart)
    return (_information(correlation) + _information(concordance)) / 2


def _information(correlation: Array) -> Array:
    """Return the nats of a correlation; 0 of one that is negative or of what does not vary."""
    known = np.clip(np.nan_to_num(correlation, nan=0.0, posinf=0.0, neginf=0.0), 0, 1)
    rest = np.maximum(1 - known**2, np.exp(-2 * _MOST_EVIDENCE))
    found: Array = -0.5 * np.log(rest)
    return found
