"""How recognizers register, and in which order they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from inspector.model.heads.evidence import Evidence
from inspector.model.heads.head import Head, Heads
from inspector.model.heads.standing import standing
from inspector.registry import Registry

Recognizer = Callable[[Evidence, Sequence[str]], Iterable[Head]]
"""(the facts, the outputs that nobody has read yet) -> the heads of those that it reads."""

RECOGNIZERS: Registry[int, Recognizer] = Registry(
    "recognizer of heads", package="inspector.model.heads.recognizers"
)
"""By their place in the order: what needs most evidence is asked first."""


def recognizer(order: int) -> Callable[[Recognizer], Recognizer]:
    """Register a recognizer at a place of the order: outputs that belong together, maps, vectors, the rest."""

    def register(function: Recognizer) -> Recognizer:
        return RECOGNIZERS.add(order, function)

    return register


def recognize(evidence: Evidence) -> Heads:
    """Ask all recognizers in their order; each output is read by the first that knows it."""
    found: dict[str, Head] = {}
    for _, ask in sorted(RECOGNIZERS.items()):
        unread = [one.name for one in evidence.outputs if one.name not in found]
        if not unread:
            break
        found |= {head.output: head for head in ask(evidence, unread)}
    return Heads(heads={one.name: _finished(found[one.name], evidence) for one in evidence.outputs})


def _finished(head: Head, evidence: Evidence) -> Head:
    """Add what is the same for all meanings."""
    return replace(standing(head, evidence), features=evidence.endings[head.output].features)
