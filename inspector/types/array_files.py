"""Files of arrays as images: one array in a .npy or .npz file is one image, as the model takes it."""

from __future__ import annotations

import lzma
import struct
import tokenize
import zlib
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from inspector.errors import InvalidInputError, LimitExceededError
from inspector.types.arrays import Array

ARRAY_SUFFIXES = (".npy", ".npz")

BROKEN = (
    *(ValueError, EOFError, BadZipFile, KeyError, MemoryError, OverflowError, RuntimeError, struct.error),
    *(zlib.error, lzma.LZMAError),
    *(SyntaxError, tokenize.TokenError),  # the header of an array is written as Python
)
"""What NumPy and its archives raise of a file that is broken, encrypted, or none of theirs."""


def is_array_file(path: object) -> bool:
    """Return whether a path is that of a file of arrays, by its suffix."""
    return isinstance(path, Path) and path.suffix.lower() in ARRAY_SUFFIXES


def read_array_file(path: Path, *, max_bytes: int | None = None) -> Array:
    """Return the array in a .npy file, or the only one in a .npz file; pickled objects are never opened.

    InvalidInputError where there is none, or there are several; LimitExceededError for a file of more bytes.
    """
    try:
        size = path.stat().st_size
        if max_bytes is not None and size > max_bytes:
            raise LimitExceededError(
                f"{path.name} has {size:,} bytes; the limit is {max_bytes:,}.", field="max_image_bytes"
            )
        with path.open("rb") as file:  # NumPy leaves one open that it opened, where it is no archive
            found = np.load(file, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return found
            if len(found.files) != 1:
                raise InvalidInputError(
                    f"{path} holds {len(found.files)} arrays ({', '.join(found.files[:5])}); give a file with one: "
                    "each file is one image."
                )
            return np.asarray(found[found.files[0]])
    except OSError as error:
        raise InvalidInputError(
            f"The array {str(path)!r} cannot be read: {error.strerror or error}."
        ) from error
    except BROKEN as error:
        # NumPy's own words tell to trust pickled objects, which we never do.
        why = "it is broken, or holds Python objects" if "pickle" in str(error) else str(error)
        raise InvalidInputError(f"{path} is no file of an array of numbers: {why}.") from error
