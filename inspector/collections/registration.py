"""Stores by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from inspector.collections.store import Store
from inspector.errors import unknown_name
from inspector.registry import Registry


class StoreKind(Protocol):
    """Makes a store that holds at most so many bytes."""

    def __call__(self, *, max_bytes: int) -> Store: ...


K = TypeVar("K", bound=StoreKind)

STORES: Registry[str, StoreKind] = Registry("store", package="inspector.collections.stores")


def store(name: str) -> Callable[[K], K]:
    """Register a kind of store under the name by which it is asked for."""

    def register(kind: K) -> K:
        STORES.add(name, kind)
        return kind

    return register


def store_named(name: str) -> StoreKind:
    """Return a kind of store; NotFoundError names those that there are."""
    found = STORES.get(name)
    if found is None:
        raise unknown_name("store", name, STORES)
    return found
