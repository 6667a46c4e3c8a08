"""Write the packages of messages from protos/, or with --check compare the two and exit 1 where they differ.

python -m tools.generate_protos [--check]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from tools.grpc_stubs import stub_files

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
PACKAGES = (Path("inspector/v1"), Path("inspector/inference"))
"""The folders below protos/, and of what is made of them."""


def generate(out: Path) -> None:
    """Write the Python modules and their stubs into the packages below `out`."""
    sources = sorted(str(path) for package in PACKAGES for path in (PROTOS / package).glob("*.proto"))
    well_known = files("grpc_tools") / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        described = Path(folder) / "descriptors.binpb"
        arguments = [
            f"--proto_path={PROTOS}",
            f"--proto_path={well_known}",
            f"--python_out={out}",
            f"--pyi_out={out}",
            f"--grpc_python_out={out}",
            "--include_imports",
            f"--descriptor_set_out={described}",
        ]
        if protoc.main(["protoc", *arguments, *sources]) != 0:
            sys.exit("protoc failed: its messages are above.")
        descriptors = FileDescriptorSet.FromString(described.read_bytes())
    for package in PACKAGES:
        _remove_empty_services(out / package)
    for name, text in stub_files(descriptors).items():
        (out / name).write_text(text, encoding="utf-8")


def _remove_empty_services(folder: Path) -> None:
    """Remove the _pb2_grpc modules of files without a service: protoc writes them all the same."""
    for path in folder.glob("*_pb2_grpc.py"):
        if not path.name.endswith("_service_pb2_grpc.py"):
            path.unlink()


def differences(fresh: Path, committed: Path) -> list[str]:
    """Return one line per file of the packages below two folders that is missing, superfluous or different."""
    expected, found = _generated(fresh), _generated(committed)
    changed = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    return [f"{name}: {_verdict(name, expected, found)}" for name in changed]


def _verdict(name: str, expected: dict[str, bytes], found: dict[str, bytes]) -> str:
    if name not in found:
        return "missing"
    return "differs" if name in expected else "superfluous"


def _generated(root: Path) -> dict[str, bytes]:
    """Return the bytes of each generated file by its path from the root."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for package in PACKAGES
        for pattern in ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py*")
        for path in (root / package).glob(pattern)
    }


def main() -> None:
    """Generate, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")
    if not parser.parse_args().check:
        generate(ROOT)
        return
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        lines = differences(Path(folder), ROOT)
    if lines:
        sys.exit("\n".join([*lines, "Run: make protos"]))


if __name__ == "__main__":
    main()
