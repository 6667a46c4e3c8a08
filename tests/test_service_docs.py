"""docs/service.md says what the service is: its tables are compared with the code, its examples run."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2

from inspector import errors
from inspector.cli.serve import serve
from inspector.client import Client
from inspector.errors import InspectorError
from inspector.service import settings
from inspector.service.observing.metrics import COUNTERS, GAUGES
from inspector.service.settings import Settings
from inspector.service.status import code_of
from inspector.v1 import collection_service_pb2, inspection_service_pb2, model_service_pb2
from tests.support.server import running_server
from tests.support.toys import toy_cnn

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
DEMO = ROOT / "demo" / "model" / "demo.onnx"
ADDRESS = "127.0.0.1:50051"
SERVICES = {
    service.full_name: service
    for module in (model_service_pb2, inspection_service_pb2, collection_service_pb2, health_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
}

NOT_OF_THE_SERVICE = ("v1", "client", "cli", "render", "findings", "pytest_plugin")
READ_BY_CALLERS = ("types/model_files.py", "types/box_files.py", "types/golden.py")
"""Files that stand beside models, which are read before anything is asked."""


def table(*columns: str) -> list[list[str]]:
    """Return the rows of the table with that head."""
    _, _, rest = TEXT.partition(f"| {' | '.join(columns)} |\n")
    lines = rest.split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def settings_rows() -> list[str]:
    """Return the rows of the table of settings, from the class."""
    source = Path(settings.__file__).read_text(encoding="utf-8")
    (body,) = (node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    described = [
        (field, text)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    ]
    names = {ast.unparse(field.target): ast.literal_eval(text.value) for field, text in described}
    return [
        f"| `INSPECTOR_{name.upper()}` | {shown(getattr(Settings(), name))} | {text} |"
        for name, text in names.items()
    ]


def shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        for name, unit in (("GiB", 2**30), ("MiB", 2**20)):
            if value % unit == 0:
                return f"{value} ({value // unit} {name})"
    return str(value)


def codes(cell: str) -> list[str]:
    return re.findall(r"`([A-Za-z_.]+)`", cell)


def test_the_settings_are_those_of_the_class() -> None:
    start = TEXT.index("| variable | default | |")
    assert TEXT[start:].split("\n\n")[0].splitlines()[2:] == settings_rows()


def test_every_call_is_listed() -> None:
    listed = [codes(call)[0] for call, _ in table("call", "does")]
    ours = [service for name, service in SERVICES.items() if name.startswith("inspector.")]
    assert sorted(listed) == sorted(f"{one.name}.{method.name}" for one in ours for method in one.methods)


def test_each_kind_of_error_has_its_code() -> None:
    listed = {kind: codes(code)[0] for kinds, code in table("kind", "status code") for kind in codes(kinds)}
    kinds = [
        one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, InspectorError)
    ]
    assert listed == {kind.__name__: code_of(kind("…")).name for kind in kinds if kind is not InspectorError}


def test_every_reason_is_listed() -> None:
    listed = [reason for reasons, _ in table("reason", "when") for reason in codes(reasons)]
    assert sorted(listed) == sorted(set(reasons_in_the_code()))


def reasons_in_the_code() -> Iterator[str]:
    package = ROOT / "inspector"
    for path in package.rglob("*.py"):
        inside = path.relative_to(package)
        if inside.parts[0] in NOT_OF_THE_SERVICE or inside.as_posix() in READ_BY_CALLERS:
            continue
        text = path.read_text(encoding="utf-8")
        yield from re.findall(r'\breason ?= ?"([A-Z_]+)"', text)
        yield from re.findall(r'^([A-Z_]+) = "\1"$', text, flags=re.MULTILINE)
        for name in re.findall(r'unknown_name\(\s*"([a-z ]+)"', text):
            yield f"{name.upper().replace(' ', '_')}_NOT_FOUND"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "squeezenet").mkdir()
    (folder / "squeezenet" / "model.onnx").write_bytes(toy_cnn())
    with running_server(folder) as server:
        yield server.address


@pytest.mark.skipif(not DEMO.exists(), reason="no demo/model/demo.onnx: python -m demo.train.train makes it")
def test_the_python_example_runs(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = (one for one in examples(TEXT) if "from inspector.client import" in one)
    assert ADDRESS in example
    (tmp_path / "demo").symlink_to(ROOT / "demo")
    monkeypatch.chdir(tmp_path)
    exec(compile(example.replace(ADDRESS, address), "docs/service.md", "exec"), {})  # noqa: S102 (what the page shows)
    assert (tmp_path / "projection.png").read_bytes().startswith(b"\x89PNG")
    assert "cat" in capsys.readouterr().out


@pytest.mark.skipif(not DEMO.exists(), reason="no demo/model/demo.onnx: python -m demo.train.train makes it")
def test_the_example_for_event_loops_runs(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = (one for one in examples(TEXT) if "inspector.client.aio" in one)
    monkeypatch.chdir(ROOT)
    with Client(address) as client:
        client.upload(DEMO, name="demo")
    exec(compile(example.replace(ADDRESS, address), "docs/service.md", "exec"), {})  # noqa: S102
    assert "cat" in capsys.readouterr().out


def examples(text: str) -> list[str]:
    """Return the programs of a page."""
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def test_the_grpcurl_requests_are_answered(address: str) -> None:
    with Client(address) as client:
        client.upload(toy_cnn(), name="demo")
    commands = [shlex.split(line) for line in TEXT.splitlines() if line.startswith("grpcurl -plaintext -d '")]
    assert len(commands) >= 3
    with grpc.insecure_channel(address) as channel:
        for *_, request, where, method in commands:
            assert where == ADDRESS
            assert ask(channel, method, request).ByteSize() > 0


def ask(channel: grpc.Channel, method: str, request: str) -> Any:
    """Send a request in JSON, as grpcurl does."""
    service, _, name = method.partition("/")
    found = SERVICES[service].methods_by_name[name]
    call: Any = (channel.unary_stream if found.server_streaming else channel.unary_unary)(
        f"/{method}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(found.output_type).FromString,
    )
    answer = call(json_format.Parse(request, GetMessageClass(found.input_type)()), timeout=60)
    return list(answer)[-1] if found.server_streaming else answer


def test_the_shell_lines_name_what_exists() -> None:
    (line,) = (line for line in TEXT.splitlines() if line.startswith("inspector serve"))
    options = {
        word.removeprefix("--").replace("-", "_") for word in shlex.split(line) if word.startswith("--")
    }
    assert options <= set(serve.__annotations__)


def test_every_metric_is_listed() -> None:
    listed = {name for names, _ in table("metric", "tells") for name in codes(names)}
    calls = {f"inspector_{name}" for name in ("call_seconds", "phase_seconds")}
    counted = {f"{name}_total" for name in COUNTERS} | {
        f"inspector_{name}_total" for name in ("calls", "request_bytes", "response_bytes")
    }
    assert {name for name in listed if name.startswith("inspector_")} == GAUGES.keys() | calls | counted
