"""A client of Triton, in a process and an environment of its own, at a real server: protocol, numbers, refusals."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

import inspector
from inspector.inference import inference_service_pb2
from inspector.types.arrays import Array
from tests.inference.own_answers import own_answer
from tests.support.graphs import Exposed
from tests.support.in_process import engine_of, prepared
from tests.support.server import server_process
from tests.support.toys import SIDE, toy_cnn
from tests.support.zoo import Zoo

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-triton" / "bin" / "python"
PROGRAM = Path(__file__).with_name("triton_program.py")
PHOTO = ROOT / "demo" / "photos" / "cat.jpg"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="no tritonclient: `make test` installs it into .venv-triton"
)


@dataclass(frozen=True)
class Asked:
    """What the client found."""

    said: dict[str, Any]
    folder: Path

    def array(self, name: str) -> Array:
        found: Array = np.load(self.folder / f"{name}.npy")
        return found


def ask(folder: Path, model: bytes, x: Array, *, layers: str = "", **settings: Any) -> Asked:
    """Let the client ask a server of one model, "m", about `x`, and about a photograph."""
    (folder / "models" / "m").mkdir(parents=True)
    (folder / "models" / "m" / "m.onnx").write_bytes(model)
    np.save(folder / "x.npy", x)
    shutil.copy(PHOTO, folder / "photo.jpg")
    if layers:
        (folder / "layers").write_text(layers)
    with server_process(folder / "models", load="*", **settings) as (_, address):
        program = [str(PYTHON), str(PROGRAM), address, "m", str(folder)]
        done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return Asked(json.loads(done.stdout), folder)


@pytest.fixture(scope="module")
def x() -> Array:
    return np.random.default_rng(2).standard_normal((3, 3, SIDE, SIDE)).astype(np.float32)


@pytest.fixture(scope="module")
def toy(x: Array, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    return ask(tmp_path_factory.mktemp("toy"), toy_cnn(), x, layers="relu1 scores")


def test_it_finds_the_server_and_the_model(toy: Asked) -> None:
    said = toy.said
    assert [said[name] for name in ("live", "ready", "model_ready", "model_ready_of_version")] == [True] * 4
    assert said["unknown_ready"] is False
    assert said["server"]["name"] == "inspector"
    assert said["server"]["version"] == inspector.__version__
    assert said["model"] == {
        "name": "m",
        "versions": ["1"],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": ["-1", "3", "16", "16"]}],
        "outputs": [{"name": "scores", "datatype": "FP32", "shape": ["-1", "5"]}],
    }
    assert said["index"] == {"models": [{"name": "m", "version": "1", "state": "READY"}]}


def test_its_answer_is_the_runtimes_to_the_last_bit(toy: Asked, x: Array) -> None:
    assert toy.array("scores").tobytes() == own_answer(toy_cnn(), x)[0].tobytes()
    assert toy.said["same_in_asyncio"] is True
    assert toy.said["id"] == "an id"


def test_it_gets_layers_by_name(toy: Asked, x: Array) -> None:
    expected = Exposed(onnx.ModelProto.FromString(toy_cnn()), ["relu1", "scores"]).run(x)
    for name, values in expected.items():
        np.testing.assert_allclose(toy.array(f"{name}.layer"), values, rtol=1e-4, atol=1e-5)


def test_it_sends_a_photograph_as_it_is(toy: Asked) -> None:
    with inspector.load(toy_cnn(), device="cpu") as here:
        expected = own_answer(toy_cnn(), prepared(here, PHOTO))
    assert toy.array("of_photo").tobytes() == expected[0].tobytes()
    assert toy.said["parameters"] == ["note_assumed_preprocessing"]


def test_it_is_refused_in_its_own_codes(toy: Asked) -> None:
    expected = {
        "unknown model": "NOT_FOUND",
        "unknown version": "NOT_FOUND",
        "another shape": "INVALID_ARGUMENT",
        "unknown output": "NOT_FOUND",
        "classification": "INVALID_ARGUMENT",
        "sequence": "INVALID_ARGUMENT",
        "statistics": "UNIMPLEMENTED",
        "configuration": "UNIMPLEMENTED",
        "shared memory": "UNIMPLEMENTED",
        "load": "PERMISSION_DENIED",
        "unload": "PERMISSION_DENIED",
    }
    assert toy.said["refused"] == {what: f"StatusCode.{code}" for what, code in expected.items()}


@pytest.mark.slow
def test_a_trained_model_answers_it_as_the_runtime_does(zoo: Zoo, tmp_path: Path) -> None:
    path = zoo.model("derived_squeezenet1.0_fp32")
    with inspector.load(path, device="cpu") as here:
        x = prepared(here, PHOTO)
        assert engine_of(here).model.input.batch == 1
        (output,) = here.info.outputs
    found = ask(tmp_path, path.read_bytes(), x, inference_changes=True)
    (expected,) = own_answer(str(path), x)
    assert found.array(output.name).tobytes() == expected.tobytes()
    assert found.said["refused"]["load"] == found.said["refused"]["unload"] == ""


def test_every_message_and_call_has_its_names_and_numbers(toy: Asked) -> None:
    theirs = FileDescriptorProto.FromString(base64.b64decode(toy.said["descriptor"]))
    ours = FileDescriptorProto()
    inference_service_pb2.DESCRIPTOR.CopyToProto(ours)
    assert ours.package == theirs.package == "inference"
    published = {message.name: shape_of(message) for message in theirs.message_type}
    found = {message.name: shape_of(message) for message in ours.message_type}
    assert found == {name: published.get(name) for name in found}
    (service,), (their_service,) = ours.service, theirs.service
    assert service.name == their_service.name
    calls = {method.name: method for method in their_service.method}
    assert [method for method in service.method if not same_call(method, calls[method.name])] == []


def same_call(ours: Any, theirs: Any) -> bool:
    fields = ("input_type", "output_type", "client_streaming", "server_streaming")
    return all(getattr(ours, field) == getattr(theirs, field) for field in fields)


def shape_of(message: DescriptorProto) -> dict[str, Any]:
    """Return what decides how a message looks on the wire, and is called."""
    oneofs = [one.name for one in message.oneof_decl]
    fields = {
        field.number: (
            field.name,
            field.type,
            field.label,
            field.type_name,
            oneofs[field.oneof_index] if field.HasField("oneof_index") else "",
        )
        for field in message.field
    }
    return {"fields": fields, "nested": {nested.name: shape_of(nested) for nested in message.nested_type}}


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "service.md").read_text()
    (example,) = (one for one in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL) if "triton" in one)
    (tmp_path / "demo").mkdir()
    shutil.copy(ROOT / "demo" / "model" / "demo.onnx", tmp_path / "demo")
    with server_process(tmp_path, load="*") as (_, address):
        program = [str(PYTHON), "-c", example.replace("127.0.0.1:50051", address)]
        done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "(1, 40, 19, 19) 2\n"
