"""Uploads that are as they should be, and those that are not; a bad one leaves nothing behind."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from inspector.client import Client
from inspector.client.calls import upload_model
from inspector.client.upload import id_for, upload_messages
from inspector.errors import CancelledError, ConflictError, InvalidInputError, InvalidModelError
from inspector.service.server import Server
from inspector.types.control import Cancellation, Control
from inspector.v1 import model_service_pb2, model_service_pb2_grpc
from inspector.v1.model_service_pb2 import UploadModelRequest
from tests.support.patience import PATIENCE, eventually
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_photo

Request = model_service_pb2.UploadModelRequest
DATA = toy_cnn()
HALF = len(DATA) // 2


def header(**changes: Any) -> Request:
    given: dict[str, Any] = {
        "model_id": "new",
        "size": len(DATA),
        "sha256": hashlib.sha256(DATA).hexdigest(),
    } | changes
    return Request(header=model_service_pb2.UploadHeader(**given))


def chunk(offset: int, data: bytes) -> Request:
    return Request(chunk=model_service_pb2.UploadChunk(offset=offset, data=data))


BAD = {
    "nothing": ([], "INVALID_ARGUMENT", "OUT_OF_ORDER"),
    "no header": ([chunk(0, DATA)], "INVALID_ARGUMENT", "OUT_OF_ORDER"),
    "empty message": ([Request()], "INVALID_ARGUMENT", "OUT_OF_ORDER"),
    "two headers": ([header(), header()], "INVALID_ARGUMENT", "OUT_OF_ORDER"),
    "no chunk": ([header()], "INVALID_ARGUMENT", "SIZE_MISMATCH"),
    "too short": ([header(), chunk(0, DATA[:-1])], "INVALID_ARGUMENT", "SIZE_MISMATCH"),
    "too long": ([header(), chunk(0, DATA + b"x")], "INVALID_ARGUMENT", "SIZE_MISMATCH"),
    "wrong digest": ([header(sha256="0" * 64), chunk(0, DATA)], "INVALID_ARGUMENT", "DIGEST_MISMATCH"),
    "no digest": ([header(sha256="xyz"), chunk(0, DATA)], "INVALID_ARGUMENT", "INVALID_INPUT"),
    "a gap": (
        [header(), chunk(0, DATA[:HALF]), chunk(HALF + 1, DATA[HALF:])],
        "INVALID_ARGUMENT",
        "OUT_OF_ORDER",
    ),
    "reversed": (
        [header(), chunk(HALF, DATA[HALF:]), chunk(0, DATA[:HALF])],
        "INVALID_ARGUMENT",
        "OUT_OF_ORDER",
    ),
    "repeated": (
        [header(), chunk(0, DATA[:HALF]), chunk(0, DATA[:HALF])],
        "INVALID_ARGUMENT",
        "OUT_OF_ORDER",
    ),
    "empty chunk": ([header(), chunk(0, b""), chunk(0, DATA)], "INVALID_ARGUMENT", "MISSING"),
    "size 0": ([header(size=0)], "INVALID_ARGUMENT", "INVALID_INPUT"),
    "size -1": ([header(size=-1)], "INVALID_ARGUMENT", "INVALID_INPUT"),
    "size 1 PB": ([header(size=2**50)], "RESOURCE_EXHAUSTED", "LIMIT_EXCEEDED"),
    "path for id": ([header(model_id="../new"), chunk(0, DATA)], "INVALID_ARGUMENT", "INVALID_NAME"),
    "NUL in id": ([header(model_id="new\0"), chunk(0, DATA)], "INVALID_ARGUMENT", "INVALID_NAME"),
    "taken id": ([header(model_id="toy", sha256=""), chunk(0, DATA)], "ALREADY_EXISTS", "MODEL_EXISTS"),
    "no model": (
        [header(size=4, sha256=""), chunk(0, b"\xff\xff\xff\xff")],
        "INVALID_ARGUMENT",
        "INVALID_MODEL",
    ),
}


@pytest.mark.parametrize(("messages", "code", "reason"), BAD.values(), ids=BAD)
def test_a_bad_upload_is_refused_and_leaves_nothing(
    server: Server,
    client: Client,
    channel: grpc.Channel,
    messages: list[UploadModelRequest],
    code: str,
    reason: str,
) -> None:
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.UploadModel(iter(messages), timeout=60)
    assert caught.value.code().name == code
    assert reason_of(caught.value) == reason
    assert_nothing_is_left(server, client)


def test_a_stalled_upload_is_ended(server: Server, client: Client, channel: grpc.Channel) -> None:
    goes_on = threading.Event()

    def messages() -> Iterator[Request]:
        yield header()
        yield chunk(0, DATA[:HALF])
        goes_on.wait(60)

    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.UploadModel(messages(), timeout=60)
    goes_on.set()
    assert reason_of(caught.value) == "UPLOAD_STALLED"
    assert_nothing_is_left(server, client)


def test_an_upload_that_the_caller_leaves_is_forgotten_at_once(tmp_path: Path) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def messages() -> Iterator[Request]:
        yield header()
        begun.set()
        goes_on.wait(PATIENCE)

    with (
        running_server(tmp_path, upload_stall_seconds=1e6) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        call = model_service_pb2_grpc.ModelServiceStub(channel).UploadModel.future(messages())
        assert begun.wait(PATIENCE)
        assert eventually(lambda: len(list((tmp_path / ".incoming").iterdir())) == 1)
        call.cancel()
        goes_on.set()
        assert eventually(lambda: list((tmp_path / ".incoming").iterdir()) == [])
        with Client(server.address) as client:
            assert client.upload(DATA, name="new").state == "ready"


def test_the_same_upload_once_more_is_no_error(client: Client) -> None:
    first = client.upload(DATA, name="again")
    assert client.upload(DATA, name="again") == first
    with pytest.raises(ConflictError):
        client.upload(DATA, name="again", labels=list("abcde"))
    client.delete("again")


def test_the_same_bytes_over_a_registered_model_are_no_error(tmp_path: Path) -> None:
    own = {"labels": list("abcde")}
    for name in ("put", "labelled", "linked"):
        (tmp_path / name).mkdir()
    (tmp_path / "put" / "toy.onnx").write_bytes(DATA)
    (tmp_path / "linked" / "toy.onnx").symlink_to(tmp_path / "put" / "toy.onnx")
    (tmp_path / "labelled" / "toy.onnx").write_bytes(DATA)
    (tmp_path / "labelled" / "inspector.json").write_text(json.dumps(own))
    with running_server(tmp_path) as server, Client(server.address) as client:
        assert client.upload(DATA, name="put") == client.register("put")
        for labels in (None, own["labels"]):
            info = client.upload(DATA, name="labelled", labels=labels).info
            assert info is not None
            assert info.labels == tuple("abcde")
        for name, data, labels in (
            ("put", toy_cnn(batch=1), None),
            ("put", DATA, list("abcde")),
            ("labelled", DATA, list("vwxyz")),
            ("linked", DATA, None),
        ):
            with pytest.raises(ConflictError):
                client.upload(data, name=name, labels=labels)
        assert not (tmp_path / "put" / "upload.json").exists()


@pytest.mark.parametrize("moment", ["checked", "before", "adopted", "looks", "load"])
def test_an_upload_that_is_left_at_any_moment_is_there_whole_or_not_at_all(
    tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, goes_on = threading.Event(), threading.Event()

    def held() -> None:
        reached.set()
        assert goes_on.wait(PATIENCE)

    with running_server(tmp_path) as server, Client(server.address) as client:
        hold(server, moment, held, monkeypatch)
        token = Cancellation()
        with ThreadPoolExecutor(1) as pool:
            connection = client._connection
            with BytesIO(DATA) as stream:
                messages = upload_messages(stream, identifier="new", preprocessing=None, labels=None)
                call = pool.submit(connection.do, upload_model(messages), Control(cancellation=token))
                assert reached.wait(PATIENCE)
                token.cancel()
                assert isinstance(call.exception(PATIENCE), CancelledError)
        goes_on.set()
        monkeypatch.undo()
        assert eventually(lambda: list((tmp_path / ".incoming").iterdir()) == [])
        assert eventually(lambda: {one.name for one in client.models()} == on_disk(tmp_path))
        for name in on_disk(tmp_path):
            assert {path.name for path in (tmp_path / name).iterdir()} == {"model.onnx", "upload.json"}
            assert (tmp_path / name / "model.onnx").read_bytes() == DATA
        assert client.upload(DATA, name="new").state == "ready"
        assert client.model("new").predict(toy_photo())[0].classes
        assert eventually(lambda: len(server.models.tenancy._pool.workers) <= 4)


def on_disk(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")}


def hold(server: Server, moment: str, held: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next upload wait at a moment."""
    models, repository = server.models, server.models._repository

    def after(place: Any, name: str) -> None:
        original = getattr(place, name)

        def wrapped(*args: Any, **given: Any) -> Any:
            found = original(*args, **given)
            held()
            return found

        monkeypatch.setattr(place, name, wrapped)

    async def late(folder: Path, *, original: Any = models._sandbox.checked) -> Any:
        worker = await original(folder)
        await asyncio.to_thread(held)
        return worker

    async def loaded(*args: Any, original: Any = models._load) -> Any:
        await asyncio.to_thread(held)
        return await original(*args)

    match moment:
        case "checked":
            monkeypatch.setattr(models._sandbox, "checked", late)
        case "before":
            adopt = repository.adopt

            def later(*args: Any) -> None:
                held()
                adopt(*args)

            monkeypatch.setattr(repository, "adopt", later)
        case "adopted":
            after(repository, "adopt")
        case "looks":
            after(repository, "looks")
        case "load":
            monkeypatch.setattr(models, "_load", loaded)


def test_labels_and_preprocessing_are_kept_with_the_model(tmp_path: Path) -> None:
    labels = ["ant", "bee", "cat", "dog", "eel"]
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.upload(DATA, name="named", labels=labels, preprocessing={"color": "BGR", "scale": 0.5})
    with running_server(tmp_path, load="*") as server, Client(server.address) as client:
        info = client.models()[0].info
        assert info is not None
        assert info.labels == tuple(labels)
        assert (info.preprocessing.color, info.preprocessing.scale) == ("BGR", 0.5)
        assert client.model("named").predict(toy_photo())[0].classes[0].label in labels


def test_preprocessing_that_makes_no_sense_is_refused(server: Server, client: Client) -> None:
    with pytest.raises((InvalidInputError, InvalidModelError)):
        client.upload(DATA, name="new", preprocessing={"std": [0.0]})
    assert_nothing_is_left(server, client)


def test_the_number_of_models_is_bounded(tmp_path: Path) -> None:
    with running_server(tmp_path, max_models=1) as server, Client(server.address) as client:
        client.upload(DATA, name="first")
        with pytest.raises(Exception, match="at most 1 models"):
            client.upload(DATA, name="second")
        client.delete("first")
        assert client.upload(DATA, name="second").state == "ready"


def test_a_model_gets_a_name_from_its_file(tmp_path: Path) -> None:
    assert id_for("/some/where/My Net (v2).onnx") == "my-net-v2"
    assert id_for(tmp_path / "....onnx") == "model"
    assert id_for("x" * 99 + ".onnx") == "x" * 63
    assert id_for(b"abc") == "model-" + hashlib.sha256(b"abc").hexdigest()[:12]


def assert_nothing_is_left(server: Server, client: Client) -> None:
    assert {model.name for model in client.models()} == {"toy", "endless"}
    root = server.models._repository._root
    assert {path.name for path in root.iterdir()} == {".incoming", ".lock", ".workers", "toy", "endless"}
    assert list((root / ".incoming").iterdir()) == []


def reason_of(error: grpc.RpcError) -> str:
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in rpc_status.from_call(error).details)
    return info.reason
