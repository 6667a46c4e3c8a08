"""The types of the generated gRPC modules say what the modules hold."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from tools.generate_protos import PACKAGES, ROOT, differences
from tools.grpc_stubs import stub_files

STUBS = sorted(path for package in PACKAGES for path in (ROOT / package).glob("*_pb2_grpc.pyi"))


def classes(text: str) -> dict[str, set[str]]:
    """Return the names in every class, and of what stands outside them under an empty name."""
    tree = ast.parse(text)
    found = {
        kind.name: {ast.unparse(member.target) for member in kind.body if isinstance(member, ast.AnnAssign)}
        | {member.name for member in kind.body if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)}
        for kind in tree.body
        if isinstance(kind, ast.ClassDef)
    }
    return found | {"": {function.name for function in tree.body if isinstance(function, ast.FunctionDef)}}


@pytest.mark.parametrize("path", STUBS, ids=lambda path: path.stem)
def test_a_stub_has_what_its_module_has(path: Path) -> None:
    module = importlib.import_module(f"inspector.{path.parent.name}.{path.stem}")
    found = classes(path.read_text(encoding="utf-8"))
    (service,) = [name.removesuffix("Servicer") for name in found if name.endswith("Servicer")]
    servicer = getattr(module, f"{service}Servicer")
    calls = {name for name in vars(servicer) if not name.startswith("_")}
    assert found == {
        f"{service}Stub": {"__init__", *calls},
        f"{service}Servicer": calls,
        "": {f"add_{service}Servicer_to_server"},
    }
    assert hasattr(module, f"add_{service}Servicer_to_server")


def test_there_is_one_for_every_service() -> None:
    assert [path.with_suffix(".py") for path in STUBS] == sorted(
        path for package in PACKAGES for path in (ROOT / package).glob("*_pb2_grpc.py")
    )


@pytest.fixture
def text() -> str:
    file = FileDescriptorProto(name="a/b.proto", package="a")
    file.message_type.add(name="In").nested_type.add(name="Part")
    file.message_type.add(name="Out")
    service = file.service.add(name="Calls")
    for name, up, down in (
        ("UU", False, False),
        ("US", False, True),
        ("SU", True, False),
        ("SS", True, True),
    ):
        service.method.add(
            name=name,
            input_type=".a.In.Part",
            output_type=".a.Out",
            client_streaming=up,
            server_streaming=down,
        )
    ((path, text),) = stub_files(FileDescriptorSet(file=[file])).items()
    assert path == "a/b_pb2_grpc.pyi"
    return text


def test_the_four_shapes_of_calls(text: str) -> None:
    assert "from a import b_pb2\n" in text
    for name, shape in (
        ("UU", "UnaryUnary"),
        ("US", "UnaryStream"),
        ("SU", "StreamUnary"),
        ("SS", "StreamStream"),
    ):
        assert f"    {name}: grpc.{shape}MultiCallable[b_pb2.In.Part, b_pb2.Out]\n" in text
    context = "context: grpc.aio.ServicerContext[b_pb2.In.Part, b_pb2.Out]"
    assert f"    async def UU(self, request: b_pb2.In.Part, {context}) -> b_pb2.Out: ...\n" in text
    assert (
        f"    def SS(self, request_iterator: AsyncIterator[b_pb2.In.Part], {context}) -> AsyncIterator"
        in text
    )


def test_the_check_sees_a_stub_that_is_missing_superfluous_or_different(tmp_path: Path) -> None:
    fresh, committed = tmp_path / "fresh", tmp_path / "committed"
    for folder, files in ((fresh, {"a": "1", "b": "1"}), (committed, {"b": "2", "c": "1"})):
        (folder / PACKAGES[0]).mkdir(parents=True)
        for name, content in files.items():
            (folder / PACKAGES[0] / f"{name}_pb2_grpc.pyi").write_text(content)
    verdicts = [line.rpartition(": ")[2] for line in differences(fresh, committed)]
    assert verdicts == ["missing", "differs", "superfluous"]


def test_the_check_looks_at_every_package(tmp_path: Path) -> None:
    for package in PACKAGES:
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "a_pb2.py").touch()
    assert differences(tmp_path, tmp_path / "nothing") == [
        f"{one / 'a_pb2.py'}: missing" for one in sorted(PACKAGES)
    ]
