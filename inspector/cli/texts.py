"""Read what was typed: numbers, regions, pairs, JSON, and files of arrays."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inspector.errors import InvalidInputError, nearest
from inspector.types.array_files import BROKEN
from inspector.types.arrays import Array
from inspector.types.preprocessing import PreprocessingLike
from inspector.types.presets import PRESETS
from inspector.types.targets import Span

_BEGIN_JSON = ("{", "[", '"')


def read_indices(text: str | None, *, option: str) -> tuple[int, ...] | None:
    """Read whole numbers with commas between."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InvalidInputError(
            f"{option} is {text!r}; give whole numbers, such as 3,5.", field=option.removeprefix("--")
        ) from error


def read_region(text: str) -> tuple[Span, ...]:
    """Read --region: numbers and START:STOP with commas between; either end may be left out."""
    try:
        return tuple(map(_read_span, text.split(",")))
    except ValueError as error:
        raise InvalidInputError(
            f"--region is {text!r}; give a number, START:STOP or : per axis, such as 1,10:20,:.",
            field="region",
        ) from error


def read_array(path: Path) -> Array:
    """Read a .npy file."""
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, *BROKEN) as error:
        raise InvalidInputError(f"{path} is no .npy file: {error}.") from error


def read_pairs(
    texts: Sequence[str], *, option: str, shape: str, cut: Callable[[str, str], Any] = str.partition
) -> dict[str, str]:
    """Read NAME=VALUE, each name once; with `cut` str.rpartition names may hold equals signs."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = cut(text, "=")
        if not (name and equals and value):
            raise InvalidInputError(f"{option} is {text!r}; give {shape}.", field=option.strip("-"))
        if name in pairs:
            raise InvalidInputError(f"{option} gives {name!r} twice; give it once.", field=option.strip("-"))
        pairs[name] = value
    return pairs


def read_preprocessing(text: str | None) -> PreprocessingLike | None:
    """Read --preprocessing: the name of a preset, JSON, or @ and the name of a file with it."""
    if text is None or text in PRESETS:
        return text
    shape = (
        f"Give a preset ({', '.join(PRESETS)}), a JSON object such as '{{\"scale\": 0.0039}}', or @file.json."
    )
    what = text[:200]
    if not text.startswith(("@", *_BEGIN_JSON)):
        raise InvalidInputError(
            f"--preprocessing is {what!r}, which is no preset and no JSON. {shape}{nearest(text, PRESETS)}",
            field="preprocessing",
        )
    try:
        found = json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except OSError as error:
        raise InvalidInputError(
            f"--preprocessing {what} cannot be read: {error.strerror}. {shape}", field="preprocessing"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"--preprocessing {what} is no JSON: {error}. {shape}", field="preprocessing"
        ) from error
    if isinstance(found, dict) or (isinstance(found, str) and found in PRESETS):
        return found
    raise InvalidInputError(f"--preprocessing {what} is no JSON object. {shape}", field="preprocessing")


def read_labels(path: Path | None) -> list[str] | None:
    """Read --labels: one name per line, or a JSON list of names, or a JSON object from index to name."""
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
        found: Any = json.loads(text) if path.suffix.lower() == ".json" else text.splitlines()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidInputError(f"--labels {path} cannot be read: {why}.", field="labels") from error
    if isinstance(found, dict):
        found = [found.get(str(index)) for index in range(len(found))]
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InvalidInputError(
            f"--labels {path} holds no names: give one per line, or JSON: a list, or an object from index to name.",
            field="labels",
        )
    while found and not found[-1].strip():  # the end of the last line
        found.pop()
    if not found:
        raise InvalidInputError(f"--labels {path} is empty.", field="labels")
    return [one.strip() for one in found]


def _read_span(text: str) -> Span:
    start, colon, stop = text.strip().partition(":")
    if not colon:
        return Span(int(start), int(start) + 1)
    return Span(*(int(end) if end else None for end in (start, stop)))
