"""What is known of every operator without running a model: versions, rule or reason, and the models that judge it."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inspector.grad.policies.relevance import RELEVANCE, keep, product, quotient
from inspector.grad.rule import NO_GRADIENT, REFUSED, RULES, Rule
from inspector.model.receptive.rule import FIELD_RULES, NO_FIELD
from inspector.model.receptive.rule import Rule as FieldRule
from inspector.operators.domains import STANDARD
from inspector.operators.families import LINEAR, RECTIFIERS
from inspector.operators.twins import TWINS
from tests.grad.hand_made import FLOAT_CASES, QUANTIZED_CASES, Key, differentiated
from tests.grad.judging import OPERATORS, older_tests, own_tests
from tests.grad.node_test_notes import UNJUDGED
from tests.support import schemas


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One operator; its rules by the opset since when they hold."""

    key: Key
    versions: tuple[int, ...]
    last_opset: int | None
    handles_floats: bool
    rules: tuple[tuple[int, Rule], ...]
    no_gradient: str | None
    refused: str | None
    own: int
    """How many of ONNX's own tests judge it, as they are and with random inputs."""
    older: int
    """How many of those again, at other opsets."""
    by_hand: int
    judged: frozenset[int]
    """The versions that any model judges."""
    field: FieldRule | None
    """The receptive-field rule: its own, or that of its float twin."""
    no_field: str | None
    """Why it has none."""
    relevance: str
    """How layer-wise relevance propagation shares out at it."""

    @property
    def name(self) -> str:
        """The operator's name, with its domain unless it is the standard one."""
        domain, op_type = self.key
        return f"{domain}::{op_type}" if domain else op_type


def read_operators() -> list[Operator]:
    """Return every operator of the standard domain, and those of others that have a rule."""
    by_hand, versions_by_hand = _by_hand()
    standard = {("", op_type) for op_type in schemas.history()}
    found = []
    for key in sorted(standard | {rule[:2] for rule in RULES}):
        domain, op_type = key
        known = not domain and op_type in schemas.history()
        from_onnx = not domain and op_type in OPERATORS
        own, older = (own_tests(op_type), older_tests(op_type)) if from_onnx else ((), ())
        found.append(
            Operator(
                key=key,
                versions=schemas.versions(op_type) if known else (),
                last_opset=schemas.last_opset(op_type) if known else None,
                handles_floats=not known or schemas.handles_floats(op_type),
                rules=tuple((since, rule) for (*of, since), rule in _rules() if tuple(of) == key),
                no_gradient=NO_GRADIENT.get(key),
                refused=REFUSED.get(key),
                own=len(own),
                older=len(older),
                by_hand=by_hand[key],
                field=FIELD_RULES.get(float_key(key)),
                no_field=NO_FIELD.get(float_key(key)),
                relevance=relevance_at(float_key(key)[1]),
                judged=_versions(op_type, [case.opset for case in (*own, *older)]) | versions_by_hand[key],
            )
        )
    return found


def complaints(operators: list[Operator]) -> list[str]:
    """Return a line per operator that is not accounted for, with what to do about it."""
    return [line for operator in operators for line in _complaints(operator)]


def _complaints(operator: Operator) -> Iterator[str]:
    states = [bool(operator.rules), operator.no_gradient is not None, operator.refused is not None]
    if operator.handles_floats and not any(states):
        yield (
            f"{operator.name} takes or gives tensors of floats and has neither a rule, nor a reason in "
            "inspector/grad/rules/declared.py why it has no gradient, nor one in refused.py why it gets no rule. "
            'Add one of the three (CONTRIBUTING.md, "To add X").'
        )
    if sum(states) > 1:
        yield f"{operator.name} is ruled, declared or refused more than once. Leave one of them."
    if operator.rules:
        yield from _field_complaints(operator)
        unjudged = [
            v for v in operator.versions if v not in operator.judged and (operator.key[1], v) not in UNJUDGED
        ]
        if unjudged or not (operator.own or operator.by_hand):
            of = f"version {', '.join(map(str, unjudged))} of " if unjudged else ""
            yield f"No model judges {of}{operator.name}. Add a hand-made case at that opset to tests/grad/cases*.py."


def _field_complaints(operator: Operator) -> Iterator[str]:
    if operator.field is None and operator.no_field is None:
        yield (
            f"{operator.name} has a backward rule, but neither a receptive-field rule in "
            "inspector/model/receptive/rules nor a reason in unfollowed.py there why it has none. Add one of the two "
            '(CONTRIBUTING.md, "To add X").'
        )
    if operator.field is not None and operator.no_field is not None:
        yield f"{operator.name} has a receptive-field rule, and a reason why it has none. Leave one of them."


def float_key(key: Key) -> Key:
    """Return the operator whose receptive-field rule and relevance hold: the float twin, or the standard namesake."""
    twin = TWINS.get(key)
    if twin is not None:
        return STANDARD, twin.float_operator
    return key if key in FIELD_RULES or key in NO_FIELD else (STANDARD, key[1])


def relevance_at(op_type: str) -> str:
    """Return in a word how relevance is shared out at a float operator (inspector.grad.policies.relevance)."""
    if op_type in LINEAR:
        return "layer"
    if op_type == "BatchNormalization":
        return "layer, merged"
    if op_type in RECTIFIERS:
        return "kept"
    return _RELEVANCE[RELEVANCE[op_type]] if op_type in RELEVANCE else "ε"


_RELEVANCE: dict[Any, str] = {None: "moved", keep: "kept", product: "product", quotient: "dividend"}


def _rules() -> list[tuple[tuple[str, str, int], Rule]]:
    return sorted(RULES.items(), key=lambda one: one[0])


@functools.cache
def _by_hand() -> tuple[Counter[Key], defaultdict[Key, frozenset[int]]]:
    """Return in how many hand-made cases each operator is differentiated, and at which versions."""
    count: Counter[Key] = Counter()
    versions: defaultdict[Key, frozenset[int]] = defaultdict(frozenset)
    for model in (*(case.model for case in FLOAT_CASES), *(case.model for case in QUANTIZED_CASES)):
        opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        for key in differentiated(model):
            count[key] += 1
            versions[key] |= _versions(key[1], [opset]) if not key[0] else frozenset()
    return count, versions


def _versions(op_type: str, opsets: list[int]) -> frozenset[int]:
    return frozenset(v for v in (schemas.version_at(op_type, opset) for opset in opsets) if v is not None)
