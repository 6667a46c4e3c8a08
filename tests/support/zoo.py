"""The zoo: trained models, photographs and a manifest that says what the models answer on them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Zoo:
    """Where the zoo is, and its manifest."""

    root: Path
    manifest: Mapping[str, Any]

    def model(self, name: str) -> Path:
        """Return the path of a model (with or without .onnx); skips the test where it is missing."""
        return self._existing("models", name if "." in name.rpartition("/")[2][-6:] else f"{name}.onnx")

    def image(self, name: str) -> Path:
        """Return the path of a photograph."""
        return self._existing("images", name)

    def reject(self, name: str) -> Path:
        """Return the path of a file that must be refused."""
        return self._existing("rejects", name)

    def labels(self, name: str) -> Path:
        """Return the path of a list of labels."""
        return self._existing("labels", name)

    def entry(self, name: str) -> Mapping[str, Any]:
        """Return the manifest's entry of a model, by its name without folder and .onnx."""
        for entry in self.manifest["models"]:
            if Path(entry["file"]).stem == name:
                return entry
        raise KeyError(name)

    def _existing(self, folder: str, name: str) -> Path:
        path = self.root / folder / name
        if not path.exists():
            pytest.skip(f"the zoo has no {folder}/{name}")
        return path


@cache
def find_zoo() -> Zoo | None:
    """Return the zoo at INSPECTOR_ZOO or beside the repository, or None."""
    for root in (os.environ.get("INSPECTOR_ZOO"), ROOT.parent / "shared" / "zoo"):
        manifest = Path(root) / "MANIFEST.json" if root else None
        if manifest is not None and manifest.is_file():
            return Zoo(manifest.parent, json.loads(manifest.read_text(encoding="utf-8")))
    return None


def zoo_models(*, task: str | None = None) -> Sequence[str]:
    """Return the files of the zoo's models for parametrization, e.g. "mnist_8_ort.onnx"; empty without a zoo."""
    found = find_zoo()
    if found is None:
        return ()
    entries = [entry for entry in found.manifest["models"] if task is None or entry.get("task") == task]
    return tuple(entry["file"].removeprefix("models/") for entry in entries)
