"""Files of models: paths, patterns, and folders of them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from inspector.errors import InvalidInputError
from inspector.types.image_files import SUFFIXES

SUFFIX = ".onnx"
_WILD = "*?["


def find_models(texts: Iterable[str]) -> list[str]:
    """Return the models that paths, patterns (`exports/**/*.onnx`) and folders name, each once, in order.

    A folder is searched with all in it, but for what is hidden; a path that is none stays, for whoever loads it to say
    so. InvalidInputError about `models` where a folder or a pattern names none, and for a picture.
    """
    found: dict[str, str] = {}
    for text in texts:
        for path in _named(text):
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def _named(text: str) -> list[str]:
    path = Path(text)
    if path.is_dir():
        models = _in(path)
        if not models:
            raise _none(f"There is no {SUFFIX} file in the folder {text}.")
        return models
    if path.suffix.lower() in SUFFIXES:
        raise _none(f"{text} is a picture, and no model; give pictures as --data {text}.")
    if path.exists() or not any(sign in text for sign in _WILD):
        return [text]
    matching = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 — Path.glob takes no absolute pattern
    models = [one for path in matching for one in (_in(Path(path)) if Path(path).is_dir() else [path])]
    if not models:
        raise _none(f"No file fits the pattern {text!r}.")
    return models


def _in(folder: Path) -> list[str]:
    """Return the models in a folder, those of folders within after its own."""
    try:
        return [
            os.path.join(where, file)  # noqa: PTH118 — as it was typed: a Path would drop "./"
            for where, folders, files in _walked(folder)
            for file in sorted(files)
            if file.lower().endswith(SUFFIX) and not file.startswith(".")
        ]
    except OSError as error:
        raise _none(f"The folder {folder} cannot be read: {error.strerror}.") from error


def _walked(folder: Path) -> Iterable[tuple[str, list[str], list[str]]]:
    def refuse(error: OSError) -> None:
        raise error

    for where, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield where, folders, files


def name_of(path: str | os.PathLike[str]) -> str:
    """Return how a model is named in what is said of it: its path from the working directory, with slashes."""
    given = Path(path)
    try:
        given = given.absolute().relative_to(Path.cwd())
    except (ValueError, OSError):
        return given.as_posix()
    return given.as_posix()


def _none(why: str) -> InvalidInputError:
    return InvalidInputError(why, reason="NO_MODELS", field="models")
