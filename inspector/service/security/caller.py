"""Who calls: known to everything that serves a call, without being handed through it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from functools import cached_property

ALL = ("*",)
"""The patterns of whoever may use every model."""


class Role(IntEnum):
    """What a caller may do; each may do what those before it may."""

    ANYONE = 0
    """Ask whether the server serves: who needs no token."""
    INFER = 1
    """Ask what models answer, and what they are."""
    INSPECT = 2
    """Look inside them, keep models and collections of its own."""
    ADMIN = 3
    """Change what belongs to the service or to others."""

    @property
    def word(self) -> str:
        """How it is written."""
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One caller of the service, as far as one call is concerned."""

    name: str = ""
    """As the file of callers or a certificate names it; empty for one that has shown neither."""
    role: Role = Role.ANYONE
    models: tuple[str, ...] = ALL
    """Patterns of the ids of models that it may use, as in a shell: "demo*"."""
    peer: str = ""
    """Where it calls from, as gRPC tells it: "ipv4:10.0.0.7:50912"."""

    @cached_property
    def key(self) -> str:
        """What its limits and turns are counted by: its name, or else the host it calls from."""
        return f"name:{self.name}" if self.name else f"host:{host_of(self.peer)}"

    @property
    def is_admin(self) -> bool:
        """Whether it may change what is not its own."""
        return self.role >= Role.ADMIN

    def matches(self, model: str) -> bool:
        """Return whether one of its patterns takes the id of a model."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)

    def calling_from(self, peer: str) -> Caller:
        """Return the same caller at a place."""
        return Caller(name=self.name, role=self.role, models=self.models, peer=peer)


OPEN = Caller(role=Role.ADMIN)
"""Everyone, where the server was told nothing of callers."""

NOBODY = Caller()
"""Who may do nothing but ask for health."""

_current: ContextVar[Caller] = ContextVar("caller", default=NOBODY)


def current_caller() -> Caller:
    """Return who makes the call that runs in this context; where nobody said so, one who may do nothing."""
    return _current.get()


def set_caller(caller: Caller) -> None:
    """Say who makes the call of this context: for what stands around calls."""
    _current.set(caller)


@contextmanager
def acting_as(caller: Caller) -> Iterator[None]:
    """Let a block run as if this one called: the server itself (OPEN), or who made a call that goes on elsewhere."""
    before = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(before)


def host_of(peer: str) -> str:
    """Return the host of a peer: "ipv4:10.0.0.7:50912" and "ipv6:[::1]:50912" without the port, others as they are."""
    kind, _, rest = peer.partition(":")
    if kind not in ("ipv4", "ipv6"):
        return peer
    return rest.rpartition(":")[0] or rest
