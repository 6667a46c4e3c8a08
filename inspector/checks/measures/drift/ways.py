"""What is other on the way to a layer than on the way to its counterpart: nodes, what they are told, what they read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from inspector.checks.measures.drift.alignment import Pair
from inspector.checks.measures.drift.matched import Matched
from inspector.checks.measures.drift.subjects import Subjects, float_operator
from inspector.checks.several import listed
from inspector.graph.between import Operation, Told
from inspector.operators.families import CASTS, LINEAR, REARRANGERS, RESHAPERS

_MOVED = REARRANGERS | CASTS
"""Layers that are compared as if nothing had moved, so that what moved is looked for before them too."""
_IN_ANY_ORDER = frozenset({"Add", "Max", "Mean", "Min", "Mul", "Sum"})
_PLAIN = {"Gemm": "MatMul", "ReduceMean": "GlobalAveragePool"}
"""Operators that exporters write in the place of others which compute the same."""


def told_differences(matched: Matched, pair: Pair) -> str:
    """Say how the nodes differ that compute two layers from the nearest matched ones before them; empty for not."""
    clauses = _differences(matched, pair)
    return f" Other than in the baseline: {'; '.join(clauses)}." if clauses else ""


def _differences(matched: Matched, pair: Pair) -> list[str]:
    kept = [one for one in matched.pairs if not _is_moved(matched, one)]
    ours, theirs = {one.own for one in kept}, {one.other for one in kept}
    pair = _with_its_like(matched, pair)
    own = [one for one in matched.own.operations.before(pair.own, until=ours) if one.op_type != "Identity"]
    other = [
        one for one in matched.other.operations.before(pair.other, until=theirs) if one.op_type != "Identity"
    ]
    if any(_is_blocked(subjects, way) for subjects, way in ((matched.own, own), (matched.other, other))):
        return []
    partners = {one.own: one.other for one in kept}
    ours_read = [partners[name] for name in _reads(own) if name in partners]
    theirs_read = [name for name in _reads(other) if name in theirs]
    if pair.other in ours_read:  # the baseline's is what is read here, and more comes behind it
        other, theirs_read = [], [pair.other]
    if len(own) != len(other):  # nodes of one of both may read again what another read
        ours_read, theirs_read = list(dict.fromkeys(ours_read)), list(dict.fromkeys(theirs_read))
    is_ordered = bool(own) and own[-1].op_type not in _IN_ANY_ORDER
    return [*_of_nodes(own, other), *_of_reads(matched, ours_read, theirs_read, is_ordered=is_ordered)]


def _with_its_like(matched: Matched, pair: Pair) -> Pair:
    """Return a pair of a tensor that states another again, such as through codes, with what does so in the baseline."""
    if pair.by != "restated":
        return pair
    operator = matched.own.operator(pair.own)
    like = (
        tensor
        for tensor in matched.other.tensors
        if matched.other.operator(tensor) == operator and matched.other.restated(tensor) == pair.other
    )
    return replace(pair, other=next(like, pair.other))


def _is_blocked(subjects: Subjects, way: Sequence[Operation]) -> bool:
    """Return whether a way goes through tensors that are not compared, so that its beginning is not known."""
    return any(not subjects.blocked.isdisjoint(one.reads) for one in way)


def _is_moved(matched: Matched, pair: Pair) -> bool:
    """Return whether one of both tensors is another again, at most in another order."""
    if matched.own.operator(pair.own) in _MOVED or matched.other.operator(pair.other) in _MOVED:
        return True
    return matched.own.is_turned(pair.own) != matched.other.is_turned(pair.other)


def _of_nodes(own: Sequence[Operation], other: Sequence[Operation]) -> Iterator[str]:
    """Yield what stands in one of both ways alone, and how nodes differ that stand in both."""
    a, b = ([_plain(one) for one in way] for way in (own, other))
    is_folded = bool(LINEAR & {*a} & {*b})
    for kind, start, end, first, last in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        here, there = own[start:end], other[first:last]
        if kind == "equal":
            for one, two in zip(here, there, strict=True):
                yield from _told_otherwise(one, two)
            continue
        if is_folded:
            here, there = ([one for one in way if not _is_foldable(one)] for way in (here, there))
        if _written(here) == _written(there):
            continue
        if here and there:
            yield f"{_named(here)} instead of {_named(there)}"
        else:
            yield f"{_named(here)} inserted" if here else f"{_named(there)} missing"


def _plain(operation: Operation) -> str:
    operator = float_operator(operation.op_type)
    return _PLAIN.get(operator, operator)


def _is_foldable(operation: Operation) -> bool:
    """Return whether the weights before it may hold it: a normalization, or a bias."""
    return operation.op_type == "BatchNormalization" or (
        operation.op_type == "Add" and len(operation.reads) == 1
    )


def _written(way: Sequence[Operation]) -> list[str]:
    """Return the operators as every exporter could have written them."""
    return [_plain(one) for one in way if one.op_type not in RESHAPERS]


def _told_otherwise(own: Operation, other: Operation) -> Iterator[str]:
    differing = [
        f"{name} {_shown(own.told[name])} instead of {_shown(other.told[name])}"
        for name in own.told
        if name in other.told and not _alike(own.told[name], other.told[name])
    ]
    if differing:
        yield f"{own.op_type} {own.name!r} with {', '.join(differing)}"


def _reads(way: Sequence[Operation]) -> list[str]:
    return [name for one in way for name in one.reads]


def _of_reads(matched: Matched, own: list[str], other: list[str], *, is_ordered: bool) -> Iterator[str]:
    """Yield how what is read differs; both by the baseline's tensors."""
    if sorted(own) == sorted(other):
        if is_ordered and own != other:
            named = [_layers(matched.other, names) for names in (own, other)]
            yield f"it reads {named[0]} in this order instead of {named[1]}"
        return
    more = [name for name in dict.fromkeys(own) if own.count(name) > other.count(name)]
    less = [name for name in dict.fromkeys(other) if other.count(name) > own.count(name)]
    if more and less:
        yield f"it reads {_layers(matched.other, more)} instead of {_layers(matched.other, less)}"
    elif more:
        yield f"it reads {_layers(matched.other, more)} too"
    else:
        yield f"it does not read {_layers(matched.other, less)}"


def _layers(subjects: Subjects, tensors: Sequence[str]) -> str:
    return listed(map(subjects.name, tensors), most=4)


def _named(way: Sequence[Operation]) -> str:
    shown = [f"{one.op_type} {one.name!r}{_of_interest(one)}" for one in way[:4]]
    return ", ".join(shown) + (f" and {len(way) - 4} more" if len(way) > 4 else "")


_INTERESTING = ("A", "B", "alpha", "axis", "indices", "max", "min", "perm", "ratio", "to")


def _of_interest(operation: Operation) -> str:
    told = [
        f"{name} {_shown(operation.told[name])}"
        for name in _INTERESTING
        if operation.told.get(name, 1.0) != 1.0
    ]
    return f" ({', '.join(told)})" if told else ""


def _alike(one: Told, two: Told) -> bool:
    one, two = (value[0] if isinstance(value, tuple) and len(value) == 1 else value for value in (one, two))
    if isinstance(one, float | int) and isinstance(two, float | int):
        return abs(one - two) <= 1e-6 * max(abs(one), abs(two))
    return one == two


def _shown(value: Told) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
