"""Where a model comes from: a path, or its bytes."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path

from inspector.errors import InvalidInputError, in_brief

ModelSource = str | PathLike[str] | bytes | bytearray | memoryview
"""A path to a file or a folder, or a file's bytes."""


def as_source(given: object) -> Path | bytes:
    """Read where a model comes from; InvalidInputError for what is neither a path nor bytes."""
    match given:
        case bytes():
            return given
        case bytearray() | memoryview():
            return bytes(given)
        case str() | PathLike():
            path = fspath(given)
            if isinstance(path, str):
                return Path(path)
    raise InvalidInputError(
        f"The model is {in_brief(given, long='a {}')}; give a path, or the file's bytes (of a loaded ModelProto, "
        "those of SerializeToString()).",
        field="source",
    )
