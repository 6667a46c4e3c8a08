"""Layers that the baseline does not have, or that it alone has."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.measures.drift.matched import Matched, matched_layers, weighted
from inspector.checks.measures.drift.subjects import BLOCKED, Subjects, float_operator
from inspector.checks.rule import Found, rule
from inspector.checks.several import listed
from inspector.operators.families import UNARY
from inspector.types.results.table import Row, Table

_MOST = 5
_OF_ELEMENTS = UNARY | {"Add", "DequantizeLinear", "Div", "Mul", "PRelu", "Sub"}


@rule(
    "layers-unmatched",
    family="drift",
    severity="info",
    rationale="A layer without a counterpart is not compared: its drift shows only in what comes after it.",
    mend="Compare models of one architecture, or give layers that correspond the same names.",
    needs=("baseline", "images", "runs"),
)
def layers_unmatched(examination: Examination) -> Iterator[Found]:
    """Find convolutions and dense layers that are like none of the other model's."""
    matched: Matched = examination.measured(matched_layers)
    _show(examination, matched)
    own, other = {pair.own for pair in matched.pairs}, {pair.other for pair in matched.pairs}
    for subjects, others, lost, whose, whom in (
        (matched.own, matched.other, _lost(matched.own, matched.alone, own), "the model", "the baseline"),
        (
            matched.other,
            matched.own,
            _lost(matched.other, matched.missing, other),
            "the baseline",
            "the model",
        ),
    ):
        if lost:
            yield _told(subjects, lost, whose=whose, whom=whom, is_blocked=bool(others.blocked))


def _told(subjects: Subjects, lost: list[str], *, whose: str, whom: str, is_blocked: bool) -> Found:
    name, operator = subjects.name(lost[0]), subjects.operator(lost[0])
    if len(lost) == 1:
        said = f"{operator} {name!r} of {whose} corresponds to no layer of {whom}."
    else:
        named = listed(map(subjects.name, lost), most=_MOST)
        said = (
            f"{len(lost)} convolutions and dense layers of {whose} correspond to no layer of {whom}: {named}."
        )
    if is_blocked:
        said += f" {whom[0].upper()}{whom[1:]} holds tensors in blocks of channels ({BLOCKED}), which are not compared."
    return Found(
        message=said,
        subject=name if len(lost) == 1 else f"layers of {whose}",
        kind="layer",
        operator=operator if len(lost) == 1 else "",
        measured=f"{len(lost)} without a counterpart",
        allowed="a layer of the same shape and place that computes alike",
    )


def _lost(subjects: Subjects, alone: tuple[str, ...], given: set[str]) -> list[str]:
    """Return the layers with weights that are alone, unless what only they lead to is matched.

    A convolution that the other model has in one with its BatchNormalization or its rectifier is there, behind those.
    """
    missing = frozenset(alone)
    return [one for one in weighted(subjects, alone) if not _leads_to(subjects, one, given, missing)]


def _leads_to(subjects: Subjects, tensor: str, given: set[str], missing: frozenset[str]) -> bool:
    """Return whether functions of its elements alone lead from a missing layer to a matched one."""
    among, reached = frozenset(given | missing), {tensor}
    for one in subjects.tensors:
        sources = subjects.sources(one, among)
        if one in reached or not sources or not reached.issuperset(sources):
            continue
        if float_operator(subjects.operator(one)) in _OF_ELEMENTS:
            if one in given:
                return True
            reached.add(one)
    return False


def _show(examination: Examination, matched: Matched) -> None:
    rows = [
        Row(cells=(whose, subjects.name(tensor), subjects.operator(tensor)))
        for whose, subjects, tensors in (
            ("model", matched.own, matched.alone),
            ("baseline", matched.other, matched.missing),
        )
        for tensor in tensors
    ]
    examination.tell("unmatched_layers", len(matched.alone))
    if rows:
        examination.show(
            "layers without a counterpart",
            Table(columns=("of", "layer", "operator"), rows=tuple(rows), title=f"{len(rows)} layers"),
            caption="They are not compared; what they compute shows in the layers behind them.",
        )
