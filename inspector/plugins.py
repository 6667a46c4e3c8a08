"""Plugins: modules outside the package that register verbs, methods, pictures and whatever else has a registry."""

from __future__ import annotations

import importlib
import os
import sys
from functools import lru_cache
from importlib.metadata import entry_points

from inspector.errors import EngineError

VARIABLE = "INSPECTOR_PLUGINS"
"""The environment variable that names modules, with commas between."""
GROUP = "inspector.plugins"
"""The group of entry points by which an installed distribution names its modules."""


_failures: dict[str, EngineError] = {}
"""The first failure of each: what it had registered by then would hide it at the next try."""


def load_plugins() -> tuple[str, ...]:
    """Import, once, the modules that the environment and the installed distributions name, and return their names.

    What they register is there afterwards, in Python, on the command line and on the service. EngineError names a
    plugin that cannot be imported.
    """
    names = plugin_names()
    for name in names:
        _load(name)
    return names


def plugin_names() -> tuple[str, ...]:
    """Return the modules that are named, those of the environment first."""
    given = [name.strip() for name in os.environ.get(VARIABLE, "").split(",")]
    installed = _installed(tuple(sys.path))
    return tuple(dict.fromkeys(name for name in [*given, *installed] if name))


@lru_cache(maxsize=1)
def _installed(_path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the modules that installed distributions name: read once per `sys.path`, as all of them are opened."""
    return tuple(one.module for one in entry_points(group=GROUP))


def _load(name: str) -> None:
    if name in _failures:
        raise _failures[name]
    try:
        importlib.import_module(name)
    except Exception as error:
        _failures[name] = EngineError(
            f"The plugin {name!r} cannot be imported: {type(error).__name__}: {error}. It is named in {VARIABLE}, or "
            f"by an installed distribution in the entry points {GROUP!r}.",
            reason="PLUGIN_FAILED",
            field=name,
        )
        raise _failures[name] from error
