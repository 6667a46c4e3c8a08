"""Plugins: modules outside the package that register verbs, methods, pictures and whatever else has a registry."""

from __future__ import annotations

import importlib
import os
import sys
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.metadata import entry_points
from pathlib import Path

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
    return tuple(one.module for one in entry_points(group=GROUP)) if _may_be_named() else ()


def _may_be_named() -> bool:
    """Return whether an installed distribution may have the group: of what is looked at here, its files say it.

    To read the entry points of all takes four times as long, before the first model is loaded.
    """
    finders = [one for one in sys.meta_path if hasattr(one, "find_distributions")]
    if finders != [PathFinder]:
        return True
    return any(map(_may_name, sys.path))


def _may_name(folder: str) -> bool:
    """Return whether a distribution in a folder of `sys.path` may have the group; always of what is no plain folder."""
    place = Path(folder)
    if place.suffix == ".egg" or place.is_file():
        return True
    try:
        held = [one for one in place.iterdir() if one.suffix.lower() in _INFORMED]
    except OSError:
        return False  # it is not there, as for imports
    return any(map(_names_group, held))


_INFORMED = (".dist-info", ".egg-info", ".egg")
"""How the folders, or archives, end in which a distribution says what it is."""


def _names_group(told: Path) -> bool:
    if told.suffix.lower() == ".egg":
        return True
    try:
        return GROUP.encode() in (told / "entry_points.txt").read_bytes()
    except OSError:
        return False


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
