"""Golden files: inputs and outputs that were recorded once, by us or by whatever trained the model.

An NPZ with arrays under `input/NAME`, `output/NAME` and `layer/NAME`, and JSON under `header`: docs/golden.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from os import PathLike, fspath
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np

from inspector.errors import InvalidInputError, LimitExceededError, nearest
from inspector.types.array_files import BROKEN
from inspector.types.arrays import Array
from inspector.types.regular_files import open_given
from inspector.types.requests.check import EXPECTED
from inspector.types.results.base import unwritten
from inspector.types.results.model_info import ImageInput

LAYER = "layer/"
"""What stands before a layer's name, in files and in options: a layer may have the name of an output."""
PRECISIONS = ("float32", "float16", "quantized")
"""What a header may say of how exactly the model computed that was recorded."""
FORMAT = 1
"""The version of the format, as headers give it."""
MOST_BYTES = 1 << 30
"""How much the arrays of a file may hold together, when unpacked."""
_MOST_ARRAYS = 4_000
_MOST_HEADER = 1 << 20

_INPUT, _OUTPUT, _HEADER = "input/", "output/", "header"
_SUFFIX = ".npy"
_RECORDED_OF = "golden-values.recorded-of"
"""A setting of that rule."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Golden:
    """What a model was given, and what it answered."""

    inputs: Mapping[str, Array]
    """By name: (N, …) as the model takes them, preprocessed."""
    outputs: Mapping[str, Array]
    """By name: (N, …), as the model gives them; codes that stand for real values may be either."""
    layers: Mapping[str, Array] = field(default_factory=dict)
    """By layer: (N, …), where some were recorded too."""
    header: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from: the model's name and sha256, versions, preprocessing; empty where nobody wrote it down."""

    @property
    def options(self) -> dict[str, Any]:
        """What a check is given as options: arrays as `expected.OUTPUT`, and as `expected.layer/LAYER`.

        And of which precision the model was that gave them, where the header says it.
        """
        layers = {LAYER + name: values for name, values in self.layers.items()}
        found: dict[str, Any] = {EXPECTED + name: one for name, one in {**self.outputs, **layers}.items()}
        precision = self.header.get("precision")
        return {**found, _RECORDED_OF: precision} if precision in PRECISIONS else found

    def images_for(self, given: ImageInput) -> Array:
        """Return what was recorded for a model's input, (N, …), under its name, or else the only input that there is.

        InvalidInputError about `golden` where that is no input of this model.
        """
        return images_of(self.inputs, given)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write a golden file, and return its path; InvalidInputError where it cannot be written."""
        where = Path(fspath(path))
        arrays: dict[str, Any] = {
            prefix + name: values
            for prefix, held in ((_INPUT, self.inputs), (_OUTPUT, self.outputs), (LAYER, self.layers))
            for name, values in held.items()
        }
        arrays[_HEADER] = np.array(json.dumps({"format": FORMAT, **self.header}))
        try:
            with where.open("wb") as file:  # a name given to NumPy gets a suffix where it has none
                np.savez_compressed(file, **arrays)
        except OSError as error:
            raise unwritten(where, error) from error
        return where


def read_golden(path: str | PathLike[str], *, max_bytes: int = MOST_BYTES) -> Golden:
    """Return what a golden file holds; pickled objects are never opened.

    InvalidInputError about `golden` for a file that is none, LimitExceededError for one whose arrays hold more bytes.
    """
    where = Path(fspath(path))
    with _told(where):
        arrays, header = _arrays(where, max_bytes)
        found: dict[str, dict[str, Array]] = {_INPUT: {}, _OUTPUT: {}, LAYER: {}}
        for name, array in arrays.items():
            prefix = next((one for one in found if name.startswith(one) and name != one), None)
            if prefix is None:
                raise ValueError(
                    f"it holds the array {name[:80]!r}; a golden file holds input/NAME and output/NAME, "
                    "layer/NAME and header where wanted (docs/golden.md)"
                )
            found[prefix][name.removeprefix(prefix)] = array
        for prefix in (_INPUT, _OUTPUT):
            if not found[prefix]:
                raise ValueError(f"it holds no array under {prefix}NAME (docs/golden.md)")
    return Golden(inputs=found[_INPUT], outputs=found[_OUTPUT], layers=found[LAYER], header=header)


def read_inputs(path: str | PathLike[str], *, max_bytes: int = MOST_BYTES) -> Mapping[str, Array]:
    """Return the inputs that an NPZ holds, by name: those under `input/NAME`, or all where there is none such.

    Raises as `read_golden` does, about `data`.
    """
    where = Path(fspath(path))
    with _told(where, what="NPZ file of inputs", field="data"):
        arrays, _ = _arrays(where, max_bytes)
        named = {name.removeprefix(_INPUT): one for name, one in arrays.items() if name.startswith(_INPUT)}
        if not arrays:
            raise ValueError("it holds no array")
    return named or arrays


def _arrays(path: Path, max_bytes: int) -> tuple[dict[str, Array], Mapping[str, Any]]:
    """Return the arrays of numbers in an NPZ by their names, and its header."""
    arrays: dict[str, Array] = {}
    header: Mapping[str, Any] = {}
    with open_given(path) as file, ZipFile(file) as archive:
        entries = archive.infolist()
        _require_bounded(path, entries, max_bytes)
        for entry in entries:
            name = entry.filename.removesuffix(_SUFFIX)
            if name == _HEADER:
                header = _header(_read(archive, entry))
            else:
                arrays[name] = _numbers(name, _read(archive, entry))
    return arrays, header


@contextmanager
def _told(path: Path, *, what: str = "golden file", field: str = "golden") -> Iterator[None]:
    """Let whatever is wrong with the file be an InvalidInputError about `field`."""
    try:
        yield
    except LimitExceededError as error:
        error.field = field
        raise
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error), what, field) from error
    except MemoryError as error:
        raise _unreadable(path, "its arrays do not fit into memory", what, field) from error
    except BadZipFile as error:
        raise _unreadable(path, "it is no NPZ file, or a broken one", what, field) from error
    except ValueError as error:
        raise _unreadable(path, str(error).rstrip("."), what, field) from error
    except BROKEN as error:
        raise _unreadable(path, f"it is broken ({error})", what, field) from error


def _unreadable(path: Path, why: str, what: str, field: str) -> InvalidInputError:
    mend = " Record one with `inspector record`." if field == "golden" else ""
    return InvalidInputError(
        f"{path} is no {what}: {why}.{mend}",
        reason="NO_GOLDEN_FILE" if field == "golden" else None,
        field=field,
    )


def _require_bounded(path: Path, entries: list[ZipInfo], max_bytes: int) -> None:
    if len(entries) > _MOST_ARRAYS:
        raise LimitExceededError(
            f"{path} holds {len(entries):,} arrays; {_MOST_ARRAYS:,} are read at most. Record fewer layers."
        )
    size = sum(entry.file_size for entry in entries)
    if size > max_bytes:
        raise LimitExceededError(
            f"The arrays in {path} hold {size:,} bytes; {max_bytes:,} are read at most. Record fewer "
            "images or layers."
        )
    names = [entry.filename.removesuffix(_SUFFIX) for entry in entries]
    if len(set(names)) < len(names):
        raise ValueError("it holds an array twice under one name")


def _read(archive: ZipFile, entry: ZipInfo) -> Array:
    """Return the array of an entry, which holds as many bytes as its shape says: else memory is not asked for."""
    with archive.open(entry) as file:
        shape, dtype = _declared(file)
        begun = file.tell()
        wanted = prod(shape) * dtype.itemsize
        if dtype.hasobject:
            raise ValueError(
                f"its array {entry.filename[:80]!r} holds Python objects, which are never opened"
            )
        if wanted != entry.file_size - begun:
            raise ValueError(f"its array {entry.filename[:80]!r} is broken")
        file.seek(0)
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _declared(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"it has arrays of the version {version}, which are no plain numbers")
    return shape, dtype


def _numbers(name: str, array: Array) -> Array:
    """Return an array of numbers in this machine's order of bytes; ValueError for one of anything else."""
    if array.dtype.kind not in "biuf":
        raise ValueError(f"its array {name[:80]!r} is of the type {array.dtype}; give numbers, as float32")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _header(array: Array) -> Mapping[str, Any]:
    """Read the header: a JSON object, as a text without axes or its bytes in UTF-8."""
    is_text = array.dtype.kind == "U" and array.ndim == 0
    text = str(array) if is_text else array.tobytes().rstrip(b"\0")
    try:
        found = json.loads(text) if array.nbytes <= _MOST_HEADER else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError("its header is no JSON object, or one of more than a megabyte")  # noqa: TRY004
    version = found.get("format", FORMAT)
    if version != FORMAT:
        raise ValueError(f"it has the format {str(version)[:40]}; this version reads {FORMAT}")
    return found


def images_of(inputs: Mapping[str, Array], given: ImageInput, *, what: str = "golden") -> Array:
    """Return what is there for a model's input, (N, …), under its name, or else the only input that there is.

    InvalidInputError about `what`, "golden" or "data", where that is no input of this model.
    """
    if len(inputs) > 1:
        names = ", ".join(map(repr, list(inputs)[:12]))
        raise _strange(
            f"it holds the inputs {names}, and this model takes one, {given.name!r}"
            f"{'' if given.name in inputs else nearest(given.name, inputs)}",
            what,
        )
    images = next(iter(inputs.values()))  # an export may name its input otherwise
    wanted = given.image_shape
    shape = images.shape if images.ndim == len(wanted) else images.shape[1:]
    fits = len(shape) == len(wanted) and all(
        size == want or not isinstance(want, int) for size, want in zip(shape, wanted, strict=True)
    )
    if not fits:
        shown = " × ".join("?" if not isinstance(size, int) else str(size) for size in wanted)
        raise _strange(
            f"its input has the shape {images.shape}, and the input {given.name!r} of this model takes "
            f"{shown or 'one number'} per image",
            what,
        )
    if not prod(images.shape):
        raise _strange(f"its input, of shape {images.shape}, holds no image", what)
    return images if images.ndim > len(wanted) else images[None]


def _strange(why: str, what: str) -> InvalidInputError:
    is_golden = what == "golden"
    mend = "Give the file that was recorded of it, or record it anew with `inspector record`."
    return InvalidInputError(
        f"The {'golden file' if is_golden else 'NPZ of inputs'} does not belong to this model: {why}."
        f"{' ' + mend if is_golden else ''}",
        reason="GOLDEN_OF_ANOTHER_MODEL" if is_golden else None,
        field=what,
    )
