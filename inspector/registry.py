"""A registry: names to things, where a second thing under one name is an error that names both modules."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Registry(Generic[K, V]):
    """Things under keys, in the order of their registration."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._items: dict[K, V] = {}

    def add(self, key: K, value: V) -> V:
        """Register `value`; ValueError if the key is taken, naming both owners."""
        if key in self._items:
            raise ValueError(
                f"{self._what} {key!r} is registered twice: by {_owner(self._items[key])} and by {_owner(value)}."
            )
        self._items[key] = value
        return value

    def get(self, key: K) -> V | None:
        """Return what is registered under `key`, or None."""
        return self._items.get(key)

    def keys(self) -> tuple[K, ...]:
        """Return all keys in the order of registration."""
        return tuple(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


def _owner(value: object) -> str:
    return str(getattr(value, "__module__", None) or type(value).__module__)
