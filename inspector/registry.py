"""A registry: names to things, where a second thing under one name is an error that names both modules."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import FrameType
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Registry(Generic[K, V]):
    """Things under keys, in the order of their registration.

    Things that the modules of a package register are there whatever was imported before: the first reader of a
    registry that names its package imports all of them.
    """

    def __init__(self, what: str, *, package: str | tuple[str, ...] = ()) -> None:
        """Start an empty registry of `what`; the modules below `package`, one or several, register things in it."""
        self._what = what
        self._items: dict[K, V] = {}
        self._owners: dict[K, str] = {}
        self._packages = (package,) if isinstance(package, str) else package
        self._is_complete = not self._packages
        self._is_importing = False
        self._loading = threading.RLock()

    def add(self, key: K, value: V) -> V:
        """Register `value`; ValueError if the key is taken, naming both owners."""
        if key in self._items:
            raise ValueError(
                f"{self._what} {key!r} is registered twice: by {self._owners[key]} and by {_owner(value)}."
            )
        self._items[key] = value
        self._owners[key] = _owner(value)
        return value

    def get(self, key: K) -> V | None:
        """Return what is registered under `key`, or None."""
        return self._loaded().get(key)

    def keys(self) -> tuple[K, ...]:
        """Return all keys in the order of registration."""
        return tuple(self._loaded())

    def items(self) -> tuple[tuple[K, V], ...]:
        """Return all keys with what is registered under them, in the order of registration."""
        return tuple(self._loaded().items())

    def __contains__(self, key: object) -> bool:
        return key in self._loaded()

    def __iter__(self) -> Iterator[K]:
        return iter(self._loaded())

    def __len__(self) -> int:
        return len(self._loaded())

    def _loaded(self) -> dict[K, V]:
        if not self._is_complete:
            with self._loading:  # taken again by a module that reads while it is imported
                if not self._is_complete and not self._is_importing:
                    self._is_importing = True
                    try:
                        for package in self._packages:
                            import_all(package)
                        self._is_complete = True
                    finally:
                        self._is_importing = False
        return self._items


def import_all(package: str) -> None:
    """Import all modules below a package, in alphabetical order."""
    for module in walk_packages(import_module(package).__path__, f"{package}."):
        import_module(module.name)


def _owner(value: object) -> str:
    """Return the module that is being imported, whatever decorator registers for it; else the one of `value`."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 — the only way to know who calls
    while frame is not None:
        spec = frame.f_globals.get("__spec__")
        if (
            frame.f_code.co_name == "<module>"
            and spec is not None
            and frame.f_globals["__name__"] != "__main__"
        ):
            return str(frame.f_globals["__name__"])
        frame = frame.f_back
    return str(getattr(value, "__module__", None) or type(value).__module__)
