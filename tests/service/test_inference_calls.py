"""inference.GRPCInferenceService of a running server: states of models, changes, and what is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inspector.client import Client
from inspector.inference import inference_service_pb2 as pb
from inspector.inference.inference_service_pb2_grpc import GRPCInferenceServiceStub
from inspector.service.security.callers import Entry, hashed
from inspector.service.server import Server
from tests.inference.requests import arrays_of, picture_request, raw_request
from tests.support.server import running_server
from tests.support.toys import SIDE, toy_cnn


@pytest.fixture
def calls(channel: grpc.Channel) -> GRPCInferenceServiceStub:
    return GRPCInferenceServiceStub(channel)


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose models may be loaded and unloaded; "toy" is listed, and not loaded."""
    folder = tmp_path_factory.mktemp("changing")
    (folder / "toy").mkdir()
    (folder / "toy" / "toy.onnx").write_bytes(toy_cnn())
    with running_server(folder, inference_changes=True) as server:
        yield server


def refused(call: Any, request: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as refusal:
        call(request, timeout=30)
    error: Any = refusal.value
    return error.code(), error.details()


def image(**more: Any) -> pb.ModelInferRequest:
    request = raw_request(np.zeros((1, 3, SIDE, SIDE), np.float32))
    request.MergeFrom(pb.ModelInferRequest(**more))
    return request


def test_it_is_listed_and_serves(
    server: Server, channel: grpc.Channel, calls: GRPCInferenceServiceStub
) -> None:

    health: Any = health_pb2_grpc.HealthStub(channel)
    name = "inference.GRPCInferenceService"
    assert health.Check(health_pb2.HealthCheckRequest(service=name)).status == 1
    assert calls.ServerLive(pb.ServerLiveRequest()).live
    assert calls.ServerReady(pb.ServerReadyRequest()).ready


def test_models_are_loaded_and_unloaded_where_the_setting_says_so(changing: Server) -> None:
    with grpc.insecure_channel(changing.address) as channel:
        calls = GRPCInferenceServiceStub(channel)
        name = pb.RepositoryModelLoadRequest(model_name="toy")
        ready = pb.ModelReadyRequest(name="toy")
        assert not calls.ModelReady(ready).ready
        assert refused(calls.ModelInfer, image())[0] is grpc.StatusCode.UNAVAILABLE
        assert (
            refused(calls.ModelMetadata, pb.ModelMetadataRequest(name="toy"))[0]
            is grpc.StatusCode.UNAVAILABLE
        )
        states = [one.state for one in calls.RepositoryIndex(pb.RepositoryIndexRequest()).models]
        assert states == ["UNAVAILABLE"]
        assert not calls.RepositoryIndex(pb.RepositoryIndexRequest(ready=True)).models
        calls.RepositoryModelLoad(name)
        assert calls.ModelReady(ready).ready
        assert [one.name for one in calls.RepositoryIndex(pb.RepositoryIndexRequest(ready=True)).models] == [
            "toy"
        ]
        assert arrays_of(calls.ModelInfer(image()))["scores"].shape == (1, 5)
        unload = pb.RepositoryModelUnloadRequest(model_name="toy")
        unload.parameters["unload_dependents"].bool_param = True  # as Triton's client sends it
        calls.RepositoryModelUnload(unload)
        assert not calls.ModelReady(ready).ready
        name.parameters["config"].string_param = "{}"
        assert refused(calls.RepositoryModelLoad, name)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_models_stay_as_they_are_by_default(calls: GRPCInferenceServiceStub) -> None:
    for call, request in (
        (calls.RepositoryModelLoad, pb.RepositoryModelLoadRequest(model_name="toy")),
        (calls.RepositoryModelUnload, pb.RepositoryModelUnloadRequest(model_name="toy")),
    ):
        code, details = refused(call, request)
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert "INSPECTOR_INFERENCE_CHANGES" in details


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"model_name": "nothing"}, grpc.StatusCode.NOT_FOUND),
        ({"model_name": "models/toy"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"model_name": "../toy"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"model_version": "7"}, grpc.StatusCode.NOT_FOUND),
        ({"model_name": "x" * 100_000}, grpc.StatusCode.RESOURCE_EXHAUSTED),
        ({"raw_input_contents": [b""] * 30_000}, grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
def test_what_is_off_is_told_by_its_code(
    calls: GRPCInferenceServiceStub, more: dict[str, Any], code: grpc.StatusCode
) -> None:
    assert refused(calls.ModelInfer, image(**more))[0] is code


def test_bytes_that_are_no_message_are_refused(channel: grpc.Channel) -> None:
    for name in ("ModelInfer", "ModelMetadata", "RepositoryIndex"):
        call: Any = channel.unary_unary(f"/inference.GRPCInferenceService/{name}")
        assert refused(call, b"\xff\xff\xff")[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_more_pictures_than_a_request_may_have_are_refused(calls: GRPCInferenceServiceStub) -> None:
    code, details = refused(calls.ModelInfer, picture_request([b"x"] * 257))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "at most 256" in details


def test_calls_that_there_are_not_are_unimplemented(channel: grpc.Channel) -> None:
    for name in ("ModelStatistics", "ModelStreamInfer", "ModelConfig", "SystemSharedMemoryRegister"):
        call: Any = channel.unary_unary(f"/inference.GRPCInferenceService/{name}")
        assert refused(call, b"")[0] is grpc.StatusCode.UNIMPLEMENTED


def test_an_inference_ends_with_its_deadline_and_its_caller(
    calls: GRPCInferenceServiceStub, client: Client
) -> None:
    bright = raw_request(np.ones((1, 3, SIDE, SIDE), np.float32))
    bright.model_name = "endless"
    bright.inputs[0].name = client.model("endless").info.input.name
    with pytest.raises(grpc.RpcError) as late:
        calls.ModelInfer(bright, timeout=1)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    running: Any = calls.ModelInfer.future(bright)
    time.sleep(0.5)
    running.cancel()
    dark = raw_request(np.zeros((1, 3, SIDE, SIDE), np.float32), name=bright.inputs[0].name)
    dark.model_name = "endless"
    done = threading.Event()
    calls.ModelInfer.future(dark, timeout=30).add_done_callback(lambda _: done.set())
    assert done.wait(30)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of "toy" and "secret" with callers of each role, of whom none but the admin sees "secret"."""
    folder = tmp_path_factory.mktemp("guarded")
    for name in ("toy", "secret"):
        (folder / "models" / name).mkdir(parents=True)
        (folder / "models" / name / "model.onnx").write_bytes(toy_cnn())
    entries = [
        Entry(name=role, role=role, token=hashed(role), models=("*" if role == "admin" else "toy*",))
        for role in ("infer", "inspect", "admin")
    ]
    (folder / "callers").write_text("\n".join(entry.line() for entry in entries))
    settings: dict[str, Any] = {"tokens_file": folder / "callers", "inference_changes": True, "load": "*"}
    with running_server(folder / "models", **settings) as server:
        yield server


def as_caller(server: Server, role: str) -> Any:
    """Return a function that makes a call with the token of that role."""

    def call(name: str, request: Any) -> Any:
        metadata = (("authorization", f"Bearer {role}"),) if role else ()
        with grpc.insecure_channel(server.address) as channel:
            return getattr(GRPCInferenceServiceStub(channel), name)(request, metadata=metadata, timeout=30)

    return call


def code_of(call: Any, name: str, request: Any) -> str:
    try:
        call(name, request)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def test_without_a_token_one_learns_that_it_serves(guarded: Server) -> None:
    nobody = as_caller(guarded, "")
    assert nobody("ServerLive", pb.ServerLiveRequest()).live
    assert nobody("ServerReady", pb.ServerReadyRequest()).ready
    for name, request in (
        ("ModelInfer", image()),
        ("ModelMetadata", pb.ModelMetadataRequest(name="toy")),
        ("ModelReady", pb.ModelReadyRequest(name="toy")),
        ("RepositoryIndex", pb.RepositoryIndexRequest()),
    ):
        assert code_of(nobody, name, request) == "UNAUTHENTICATED"


def test_a_model_that_is_not_for_a_caller_is_not_there(guarded: Server) -> None:
    for role, seen in (("infer", ["toy"]), ("inspect", ["toy"]), ("admin", ["secret", "toy"])):
        call = as_caller(guarded, role)
        assert [one.name for one in call("RepositoryIndex", pb.RepositoryIndexRequest()).models] == seen
        assert call("ModelReady", pb.ModelReadyRequest(name="secret")).ready == ("secret" in seen)
        expected = "OK" if "secret" in seen else "NOT_FOUND"
        assert code_of(call, "ModelInfer", image(model_name="secret")) == expected
        assert code_of(call, "ModelMetadata", pb.ModelMetadataRequest(name="secret")) == expected


def test_layers_are_for_those_who_may_look_inside(guarded: Server) -> None:
    request = image()
    request.outputs.add(name="relu1")
    assert code_of(as_caller(guarded, "infer"), "ModelInfer", request) == "PERMISSION_DENIED"
    assert code_of(as_caller(guarded, "infer"), "ModelInfer", image()) == "OK"
    assert code_of(as_caller(guarded, "inspect"), "ModelInfer", request) == "OK"


def test_what_is_the_services_is_unloaded_by_admins(guarded: Server) -> None:
    unload = pb.RepositoryModelUnloadRequest(model_name="toy")
    assert code_of(as_caller(guarded, "infer"), "RepositoryModelUnload", unload) == "PERMISSION_DENIED"
    assert code_of(as_caller(guarded, "inspect"), "RepositoryModelUnload", unload) == "PERMISSION_DENIED"
    admin = as_caller(guarded, "admin")
    assert code_of(admin, "RepositoryModelUnload", unload) == "OK"
    assert code_of(as_caller(guarded, "infer"), "ModelInfer", image()) == "UNAVAILABLE"
    assert code_of(admin, "RepositoryModelLoad", pb.RepositoryModelLoadRequest(model_name="toy")) == "OK"
