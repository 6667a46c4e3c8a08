"""Folders of the repository of the classes 11 to 15 and 21: links, pipes, and data that lies elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from onnx import ModelProto

from benchmarks.attacks.models import small, written
from tests.service.hostile_models import elsewhere
from tests.service.survivor import Survivor

CODES = ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "NOT_FOUND")


@dataclass(frozen=True)
class Folder:
    """One bad folder."""

    number: int
    what: str
    fill: Callable[[Survivor, Path], None]

    def __str__(self) -> str:
        return f"{self.number} {self.what}"


def holding(
    model: ModelProto | bytes, *also: Callable[[Survivor, Path], None]
) -> Callable[[Survivor, Path], None]:
    """Return what puts a model into a folder, and more."""

    def fill(survivor: Survivor, folder: Path) -> None:
        (folder / "model.onnx").write_bytes(written(model))
        for one in also:
            one(survivor, folder)

    return fill


def link(name: str, target: str) -> Callable[[Survivor, Path], None]:
    """Link to what lies outside, or to an absolute path."""
    return lambda survivor, folder: (folder / name).symlink_to(survivor.outside / target)


def hard_link(name: str) -> Callable[[Survivor, Path], None]:
    return lambda survivor, folder: os.link(survivor.outside / "secret.bin", folder / name)


def pipe(name: str) -> Callable[[Survivor, Path], None]:
    return lambda survivor, folder: os.mkfifo(folder / name)


def linked_model(survivor: Survivor, folder: Path) -> None:
    real = survivor.outside / "real.onnx"
    real.write_bytes(written(small()))
    (folder / "model.onnx").symlink_to(real)


def sparse_file(survivor: Survivor, folder: Path) -> None:
    with (folder / "model.onnx").open("wb") as file:
        file.write(written(small()))
        file.truncate(3 << 30)


MARKER = elsewhere("*/_ORT_MEM_ADDR_/*", offset=140_000_000_000_000, length=432)

FOLDERS = (
    Folder(11, "data by ../", holding(elsewhere("../../outside/secret.bin"))),
    Folder(11, "data by an absolute path", holding(elsewhere("/etc/passwd"))),
    Folder(12, "data behind a link", holding(elsewhere("w.bin", length=432), link("w.bin", "secret.bin"))),
    Folder(12, "data behind a hard link", holding(elsewhere("w.bin", length=432), hard_link("w.bin"))),
    Folder(12, "data in a linked folder", holding(elsewhere("sub/secret.bin"), link("sub", "."))),
    Folder(12, "the model is a link", linked_model),
    Folder(12, "the model is a pipe", pipe("model.onnx")),
    Folder(
        12,
        "the model is a link to endless zeros",
        link("model.onnx", "/dev/zero"),
    ),
    Folder(
        12,
        "the labels are a link",
        holding(small(), link("labels.txt", "/etc/passwd")),
    ),
    Folder(12, "the labels are a pipe", holding(small(), pipe("labels.txt"))),
    Folder(12, "the settings are a pipe", holding(small(), pipe("inspector.json"))),
    Folder(12, "the data are a pipe", holding(elsewhere("w.bin", length=432), pipe("w.bin"))),
    Folder(13, "data that lies in the working directory", holding(elsewhere("secret.bin", length=432))),
    Folder(14, "the runtime's own marker", holding(MARKER)),
    Folder(15, "a petabyte of data", holding(elsewhere("model.onnx", length=2**50))),
    Folder(15, "an offset of -1", holding(elsewhere("model.onnx", offset=-1, length=4))),
    Folder(15, "an odd key", holding(elsewhere("model.onnx", __class__="x"))),
    Folder(21, "a file of 3 GiB", sparse_file),
)
