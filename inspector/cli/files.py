"""Results as files: pictures in the format of the suffix, arrays as .npy and .npz."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from inspector.errors import InvalidInputError
from inspector.types.arrays import Array
from inspector.types.results.base import Result, save_pictures, unwritten

ARRAYS = (".npy", ".npz")
"""Suffixes of files of arrays."""


def save(result: Result, path: Path) -> list[Path]:
    """Write a result's pictures, or its arrays where the suffix says so or there are no pictures."""
    pictures = [] if path.suffix.lower() in ARRAYS else result.pictures()
    return save_pictures(pictures, path) if pictures else [save_arrays(result, path)]


def save_arrays(result: Result, path: Path) -> Path:
    """Write a result's arrays: all of them by their names (.npz), or the only one (.npy, or no suffix)."""
    arrays = arrays_of(result)
    kind = type(result).__name__
    if path.suffix.lower() not in ("", *ARRAYS) or not arrays:
        has = "no picture" if arrays else "neither pictures nor arrays"
        mend = f"give a {' or '.join(ARRAYS)} file" if arrays else "use --json"
        raise InvalidInputError(f"The answer ({kind}) has {has} to write to {path}; {mend}.", field="path")
    if path.suffix.lower() != ".npz" and len(arrays) > 1:
        raise InvalidInputError(
            f"The answer ({kind}) has several arrays: {', '.join(arrays)}; give a .npz file for them.",
            field="path",
        )
    try:
        with path.open("wb") as file:
            if path.suffix.lower() == ".npz":
                np.savez(file, **arrays)  # type: ignore[arg-type]  # names of layers are no parameters of it
            else:
                np.save(file, next(iter(arrays.values())))
    except OSError as error:
        raise unwritten(path, error) from error
    return path


def arrays_of(result: Result) -> dict[str, Array]:
    """Return a result's arrays by their names, without the images that it is about."""
    if isinstance(result, Mapping):
        return {str(name): np.asarray(values) for name, values in result.items()}
    values = {one.name: getattr(result, one.name) for one in dataclasses.fields(result)}
    found = {
        name: value for name, value in values.items() if isinstance(value, np.ndarray) and name != "inputs"
    }
    for value in values.values():
        if isinstance(value, Mapping):
            found |= {str(name): item for name, item in value.items() if isinstance(item, np.ndarray)}
    return found
