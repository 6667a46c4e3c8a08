"""Versions of packages, here or in the environment of another Python."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path


def versions_here(names: Sequence[str]) -> dict[str, str]:
    """Return the versions of packages in this environment, by name."""
    return {name: importlib.metadata.version(name) for name in names}


def versions_of(python: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the versions of packages in the environment of `python`, by name."""
    code = f"import importlib.metadata as m, json; print(json.dumps({{n: m.version(n) for n in {tuple(names)}}}))"
    told = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    found: dict[str, str] = json.loads(told)
    return found
