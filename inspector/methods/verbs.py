"""Which method answers which request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from inspector.engine.run import Run
from inspector.errors import NotFoundError, nearest
from inspector.methods.card import Card
from inspector.registry import Registry
from inspector.types.requests.base import Request
from inspector.types.results.base import Result

R = TypeVar("R", bound=Result)
Answer = Callable[[Run, Any], Result]
"""(a run, a request of its kind) -> the result."""

ANSWERS: Registry[type[Request[Any]], Answer] = Registry(
    "answer", package=("inspector.methods", "inspector.checks")
)


VERB_CARDS: dict[type[Request[Any]], Card] = {}
"""What is to be known of the verbs, as far as they say it."""


def answers(
    request: type[Request[R]], *, card: Card | None = None
) -> Callable[[Callable[[Run, Any], R]], Callable[[Run, Any], R]]:
    """Register the method that answers a kind of request, with what people should know of it."""

    def register(method: Callable[[Run, Any], R]) -> Callable[[Run, Any], R]:
        ANSWERS.add(request, method)
        if card is not None:
            VERB_CARDS[request] = card
        return method

    return register


def card_of(request: type[Request[Any]]) -> Card | None:
    """Return what is to be known of a verb, where it says so."""
    return VERB_CARDS.get(request) if request in ANSWERS else None  # reading that registry imports all verbs


def answer_to(run: Run, request: Request[R]) -> R:
    """Return what answers a request; NotFoundError names the verbs that there are."""
    method: Any = ANSWERS.get(type(request))
    if method is None:
        known = sorted(one.verb for one in ANSWERS)
        raise NotFoundError(
            f"Nothing here answers {request.verb!r}. Known verbs: {', '.join(known)}.{nearest(request.verb, known)}",
            reason="VERB_NOT_FOUND",
            field="verb",
        )
    found: R = method(run, request)
    return found
