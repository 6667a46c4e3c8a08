"""What a worker can be asked to do: operations by name, each a function of what is here and of what was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from inspector.collections.domain import Collections
from inspector.registry import Registry
from inspector.types.control import Cancellation
from inspector.worker.hosted import HostedModels


class Here:
    """What a worker holds from one operation to the next."""

    def __init__(self) -> None:
        self.models = HostedModels()
        self.collections: Collections | None = None
        """Once they were opened here."""


class Answer(NamedTuple):
    """What an operation gives."""

    body: bytes = b""
    about: Mapping[str, Any] = {}
    """JSON beside it."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One operation that was asked for."""

    operation: str
    about: Mapping[str, Any]
    """JSON: what the operation needs to know."""
    body: bytes = b""
    cancellation: Cancellation = field(default_factory=Cancellation)
    tell: Callable[[bytes], None]
    """Sends a body before the answer, such as how far it is."""

    @property
    def model(self) -> str:
        """The id of the model that it is about."""
        return str(self.about["model"])


class Lane(Enum):
    """Threads of their own: what is in one lane waits for nothing in another."""

    RUNS = "runs"
    """What runs models."""
    QUICK = "quick"
    """What is done at once."""
    LIVES = "lives"
    """How models come and go."""


Do = Callable[[Here, Ask], Answer]


class Operation(NamedTuple):
    """What can be asked for."""

    do: Do
    lane: Lane


OPERATIONS: Registry[str, Operation] = Registry(
    "operation of a worker", package="inspector.worker.operations"
)


def operation(name: str, *, lane: Lane = Lane.RUNS) -> Callable[[Do], Do]:
    """Register a function as the operation of that name."""

    def register(function: Do) -> Do:
        OPERATIONS.add(name, Operation(function, lane))
        return function

    return register


def operation_named(name: str) -> Operation:
    """Return an operation; KeyError where there is none, which is the server's fault."""
    found = OPERATIONS.get(name)
    if found is None:
        raise KeyError(name)
    return found
