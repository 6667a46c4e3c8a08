"""External data: weights in files beside the model, and how a hostile file would use them to read others."""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath

import onnx

from inspector.errors import InvalidModelError
from inspector.model.checks.limits import Limits, require_at_most
from inspector.model.walk import tensors_of

KEYS = frozenset({"location", "offset", "length", "checksum"})
"""The keys that the ONNX specification allows."""

MEMORY_MARKER = "_ORT_MEM_ADDR_"
"""ONNX Runtime takes a location with this marker for an address in its own memory."""


def check_external_data(proto: onnx.ModelProto, *, folder: Path | None, limits: Limits) -> tuple[Path, ...]:
    """Return the files that hold external data, all of them regular files inside `folder`.

    Nothing is read. Raises InvalidModelError for any other key, path, link, offset or length, and where
    `folder` is None, because the model then came as bytes and has no files beside it.
    """
    files: dict[Path, int] = {}
    for tensor in tensors_of(proto, limits=limits):
        if tensor.data_location != onnx.TensorProto.EXTERNAL and not tensor.external_data:
            continue
        entries = _entries(tensor)
        if folder is None:
            raise InvalidModelError(
                f"Tensor {_shown(tensor.name)} keeps its values in the external file "
                f"{_shown(entries['location'])}; "
                "a model given as bytes cannot refer to files. Give the folder, or save the weights in the "
                "model.",
                reason="EXTERNAL_DATA_REFUSED",
            )
        path = _resolve(entries["location"], folder, tensor.name)
        if path not in files:
            files[path] = path.stat().st_size
            require_at_most(
                sum(files.values()),
                limits,
                what="The external data's size in bytes",
                name="max_bytes",
            )
        _check_range(entries, files[path], tensor)
    return tuple(files)


def _entries(tensor: onnx.TensorProto) -> dict[str, str]:
    entries = {}
    for entry in tensor.external_data:
        if entry.key not in KEYS:
            raise InvalidModelError(
                f"External data of tensor {_shown(tensor.name)} has the key {_shown(entry.key)}; "
                f"allowed are {', '.join(sorted(KEYS))}."
            )
        entries[entry.key] = str(entry.value)
    if not entries.get("location"):
        raise InvalidModelError(f"External data of tensor {_shown(tensor.name)} names no location.")
    if MEMORY_MARKER in entries["location"]:
        raise InvalidModelError(
            f"External data of tensor {_shown(tensor.name)} carries the runtime's in-memory marker, "
            "which only the runtime itself may write. Export the model again."
        )
    return entries


def _resolve(location: str, folder: Path, tensor: str) -> Path:
    parts = PurePosixPath(location.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or "\0" in location or ":" in location:
        raise InvalidModelError(
            f"External data of tensor {_shown(tensor)} is at {_shown(location)}; "
            "only a relative path inside the model's folder is allowed, without `..`."
        )
    path = folder
    for part in parts.parts:
        path = path / part
        if path.is_symlink():
            raise InvalidModelError(
                f"External data of tensor {_shown(tensor)} goes through the symbolic link {_shown(part)}. "
                "Put the file itself into the model's folder."
            )
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise InvalidModelError(
            f"External data of tensor {_shown(tensor)} is missing: there is no file {_shown(location)} "
            "beside the model."
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise InvalidModelError(
            f"External data {_shown(location)} of tensor {_shown(tensor)} is not a regular file."
        )
    if status.st_nlink > 1:
        raise InvalidModelError(
            f"External data {_shown(location)} of tensor {_shown(tensor)} has {status.st_nlink} hard links, "
            "so it may be a file from elsewhere. Copy it instead of linking it."
        )
    return path


def _check_range(entries: dict[str, str], file_size: int, tensor: onnx.TensorProto) -> None:
    numbers = {}
    for key in ("offset", "length"):
        text = entries.get(key)
        if text is None:
            continue
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise InvalidModelError(
                f"External data of tensor {_shown(tensor.name)} has the {key} {_shown(text)}; "
                "it must be a number of bytes, 0 or more."
            )
        numbers[key] = int(text)
    offset = numbers.get("offset", 0)
    length = numbers.get("length", max(0, file_size - offset))
    if offset + length > file_size:
        raise InvalidModelError(
            f"External data of tensor {_shown(tensor.name)} ends at byte {offset + length:,}; "
            f"the file has {file_size:,} bytes. It is truncated, or of another version of the model."
        )


def _shown(text: str | None) -> str:
    return repr(text if text is None or len(text) <= 80 else text[:80] + "…")
