"""Names of the classes, from the model's metadata or a file beside it."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path

from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.sidecars import read_json, read_text

LABEL_FILES = ("labels.txt", "synset.txt", "imagenet_classes.txt", "classes.txt")


def find_labels(
    metadata: Mapping[str, str], folder: Path | None, *, classes: int | None, limits: Limits
) -> tuple[str, ...] | None:
    """Return one name per class, or None.

    In this order: metadata_props `inspector.labels` (a JSON list), Ultralytics' `names`, beside the file
    `inspector.json` ("labels"), Hugging Face's config.json ("id2label"), and text files with one name per
    line. A file counts only where it has as many names as the model has classes.
    """
    for found in (_own(metadata), _ultralytics(metadata)):
        if found is not None and _fits(found, classes):
            return found
    if folder is None or classes is None:
        return None
    for found in (
        _sequence(read_json(folder / "inspector.json", limits=limits).get("labels")),
        _by_index(read_json(folder / "config.json", limits=limits).get("id2label")),
        *(_lines(path, limits) for path in _text_files(folder)),
    ):
        if found is not None and _fits(found, classes):
            return found
    return None


def written_labels(metadata: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the names that the file itself says, however many there are."""
    return _own(metadata) or _ultralytics(metadata)


def _fits(labels: tuple[str, ...], classes: int | None) -> bool:
    return bool(labels) and (classes is None or len(labels) == classes)


def _own(metadata: Mapping[str, str]) -> tuple[str, ...] | None:
    try:
        return _sequence(json.loads(metadata.get("inspector.labels", "null")))
    except (ValueError, RecursionError):
        return None


def _ultralytics(metadata: Mapping[str, str]) -> tuple[str, ...] | None:
    """Ultralytics writes a Python dict literal, {0: 'person', 1: 'bicycle'}, under "names"."""
    try:
        value = ast.literal_eval(metadata.get("names", "None"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return _by_index(value) or _sequence(value)


def _sequence(value: object) -> tuple[str, ...] | None:
    return tuple(str(item) for item in value) if isinstance(value, list) and value else None


def _by_index(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, dict):
        return None
    try:
        by_index = {int(key): str(name) for key, name in value.items()}
    except (TypeError, ValueError):
        return None
    if sorted(by_index) != list(range(len(by_index))):
        return None
    return tuple(by_index[index] for index in range(len(by_index)))


def _text_files(folder: Path) -> list[Path]:
    return [folder / name for name in LABEL_FILES] + sorted(folder.glob("*.names"))


def _lines(path: Path, limits: Limits) -> tuple[str, ...] | None:
    text = read_text(path, limits=limits)
    return None if text is None else tuple(line.strip() for line in text.splitlines() if line.strip())
