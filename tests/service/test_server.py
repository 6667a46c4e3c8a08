"""The server as a process: what it tells of itself, what it shares, and how it ends."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from inspector.client import Client, ServerUnavailableError
from inspector.errors import CancelledError, ConflictError, InvalidInputError, LimitExceededError
from inspector.isolation.failure import WorkerBugError
from inspector.service.gate import Gate
from inspector.service.health import Health
from inspector.service.hosted_model import HostedModel
from inspector.service.hosting import Models
from inspector.service.server import Server, serve
from inspector.service.services import NAMES
from inspector.service.settings import Settings
from inspector.types.control import Progress
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.results.sweep import Sweep
from inspector.v1 import inspection_service_pb2, inspection_service_pb2_grpc, model_service_pb2_grpc
from inspector.v1.model_service_pb2 import LoadModelRequest, UploadChunk, UploadHeader, UploadModelRequest
from inspector.wire.images import image_to_message
from inspector.worker.thread import start_thread
from tests.support.patience import PATIENCE, eventually
from tests.support.server import running_server, server_process
from tests.support.toys import BRIGHT, SIDE, toy_cnn, toy_endless, toy_image

States = health_pb2.HealthCheckResponse.ServingStatus
SERVING, NOT_SERVING, UNKNOWN = (
    States.Value("SERVING"),
    States.Value("NOT_SERVING"),
    States.Value("SERVICE_UNKNOWN"),
)


def test_on_sigterm_a_running_call_ends_well_and_new_ones_are_refused(tmp_path: Path) -> None:
    with server_process(tmp_path, drain_seconds=PATIENCE) as (process, address), Client(address) as client:
        client.upload(toy_endless(), name="endless")
        # Bright enough that each of the 196 runs takes a while.
        dim = np.full((3, SIDE, SIDE), 0.02 / (3 * SIDE * SIDE), np.float32)
        request = OccludeRequest(images=dim, size=(3,), stride=(1,), batch=1, fill=(0,))
        steps = client.model("endless").steps(request)
        first = next(steps)
        assert isinstance(first, Progress)
        assert isinstance(first.partial, Sweep)
        assert not first.partial.done.all()
        with grpc.insecure_channel(address) as channel:
            watcher = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            assert next(watcher).status == SERVING
            process.send_signal(signal.SIGTERM)
            assert [response.status for response in watcher] == [NOT_SERVING]
        assert eventually(lambda: refuses(address))
        *_, last = steps
        assert isinstance(last, Sweep)
        assert last.done.all()
        assert process.wait(PATIENCE) == 0


def test_on_sigterm_an_endless_call_is_ended(tmp_path: Path) -> None:
    with server_process(tmp_path, drain_seconds=0.5) as (process, address):
        with Client(address) as client, grpc.insecure_channel(address) as channel:
            client.upload(toy_endless(), name="endless")
            request = inspection_service_pb2.PredictRequest(
                model="models/endless", images=[image_to_message(BRIGHT)]
            )
            call = inspection_service_pb2_grpc.InspectionServiceStub(channel).Predict.future(request)
            assert not call.done()
            process.send_signal(signal.SIGTERM)
            assert code_of(call) in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
        assert process.wait(PATIENCE) == 0


def refuses(address: str) -> bool:
    try:
        with Client(address, timeout=PATIENCE) as client:
            client.models()
    except (ServerUnavailableError, CancelledError):
        return True
    return False


def test_on_sigterm_the_check_of_a_model_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "net.onnx").write_bytes(toy_endless(least=1e9))
    with server_process(tmp_path, drain_seconds=0.5, sandbox_seconds=1e6) as (process, address):
        with grpc.insecure_channel(address) as channel:
            request = LoadModelRequest(name="models/slow")
            call = model_service_pb2_grpc.ModelServiceStub(channel).LoadModel.future(request)
            with Client(address) as client:
                assert eventually(lambda: client.models()[0].state == "loading")
            process.send_signal(signal.SIGTERM)
            assert call.exception(PATIENCE) is not None
        assert process.wait(PATIENCE) == 0


def test_sigint_ends_an_idle_server(tmp_path: Path) -> None:
    with server_process(tmp_path) as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_a_killed_server_leaves_its_models_whole(tmp_path: Path) -> None:
    with server_process(tmp_path) as (process, address):
        with Client(address) as client:
            client.upload(toy_cnn(), name="toy")
        process.kill()
        process.wait(PATIENCE)
    with running_server(tmp_path, load="toy") as server, Client(server.address) as client:
        assert client.models()[0].state == "ready"


def test_a_server_that_is_killed_in_an_upload_keeps_nothing_of_it(tmp_path: Path) -> None:
    with server_process(tmp_path) as (process, address), grpc.insecure_channel(address) as channel:
        data, goes_on = toy_cnn(), threading.Event()

        def messages() -> Iterator[UploadModelRequest]:
            yield UploadModelRequest(header=UploadHeader(model_id="toy", size=len(data)))
            yield UploadModelRequest(chunk=UploadChunk(offset=0, data=data[:-1]))
            goes_on.wait(PATIENCE)

        call = model_service_pb2_grpc.ModelServiceStub(channel).UploadModel.future(messages())
        assert eventually(
            lambda: any(path.stat().st_size for path in (tmp_path / ".incoming").glob("*/model.onnx"))
        )
        process.kill()
        process.wait(PATIENCE)
        goes_on.set()
        assert code_of(call) is grpc.StatusCode.UNAVAILABLE
    with running_server(tmp_path) as server, Client(server.address) as client:
        assert client.models() == ()
        assert list((tmp_path / ".incoming").iterdir()) == []


def test_a_second_server_on_the_same_port_fails_loudly(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ConflictError) as caught, running_server(tmp_path, address=server.address):
        pass
    assert caught.value.reason == "ADDRESS_IN_USE"


def test_a_second_process_on_the_same_port_fails_loudly(server: Server, tmp_path: Path) -> None:
    with server_process(tmp_path, address=server.address) as (process, address):
        assert address == ""
        assert process.wait(PATIENCE) == 1
        assert process.stderr is not None
        assert "cannot listen" in process.stderr.read()


def test_a_second_server_on_the_same_repository_fails_loudly(server: Server) -> None:
    with pytest.raises(ConflictError) as caught, running_server(server.models._repository._root):
        pass
    assert caught.value.reason == "REPOSITORY_IN_USE"


def test_health_of_the_server_and_its_services(server: Server, channel: grpc.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    for name in ("", *NAMES, "models/toy"):
        assert stub.Check(health_pb2.HealthCheckRequest(service=name)).status == SERVING
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="models/none"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_server_whose_models_all_failed_does_not_serve(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "net.onnx").write_bytes(b"no model")
    running = "inspector.v1.InspectionService"
    with (
        running_server(tmp_path, load="*") as server,
        Client(server.address) as client,
        grpc.insecure_channel(server.address) as channel,
    ):

        def states(*names: str) -> list[int]:
            stub = health_pb2_grpc.HealthStub(channel)
            return [stub.Check(health_pb2.HealthCheckRequest(service=name)).status for name in names]

        assert states("", running, "models/bad") == [NOT_SERVING] * 3
        assert states("inspector.v1.ModelService") == [SERVING]
        client.upload(toy_cnn(), name="toy")
        assert states("", running, "models/bad", "models/toy") == [SERVING, SERVING, NOT_SERVING, SERVING]
        client.delete("toy")
        assert states("", running) == [NOT_SERVING] * 2
        client.delete("bad")
        assert states("", running) == [SERVING] * 2


@pytest.mark.parametrize("by", ["start", "following"])
def test_a_bug_that_one_model_meets_keeps_no_other_from_being_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, by: str
) -> None:
    load = Models.load

    async def load_or_fail(models: Models, name: str, **options: Any) -> HostedModel:
        if name == "bad":
            raise WorkerBugError("a bug of ours")
        return await load(models, name, **options)

    monkeypatch.setattr(Models, "load", load_or_fail)
    folder = tmp_path / "made"
    for name in ("bad", "good"):
        (folder / name).mkdir(parents=True)
        (folder / name / "net.onnx").write_bytes(toy_cnn())
    following = by == "following"
    if not following:
        folder.rename(tmp_path / "models")
    settings = {"load": "*", "repository_poll_seconds": 0.05 if following else 0.0}
    with running_server(tmp_path / "models", **settings) as server, Client(server.address) as client:
        if following:
            for name in ("bad", "good"):
                (folder / name).rename(tmp_path / "models" / name)
        assert eventually(
            lambda: {model.name: model.state for model in client.models()}.get("good") == "ready"
        )
        assert client.served("bad").state == "unloaded"
    assert "WorkerBugError: a bug of ours" in caplog.text


def test_a_server_does_not_serve_before_its_models_are_loaded(tmp_path: Path) -> None:
    async def states() -> list[int]:
        server = Server(Settings(repository=tmp_path), start_thread, start_thread)
        name = health_pb2.HealthCheckRequest(service="")
        before = await server._health.Check(name, None)
        server.models.open()
        after = await server._health.Check(name, None)
        await server.stop(grace=0)
        return [before.status, after.status]

    assert asyncio.run(states()) == [NOT_SERVING, SERVING]


def test_all_watchers_see_the_life_of_a_model(tmp_path: Path) -> None:
    with (
        running_server(tmp_path) as server,
        Client(server.address) as client,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="models/toy")
        first, second = (stub.Watch(request, timeout=PATIENCE) for _ in range(2))
        assert next(first).status == next(second).status == UNKNOWN
        client.upload(toy_cnn(), name="toy")
        for watcher in (first, second):
            until(watcher, SERVING)
        first.cancel()
        client.unload("toy")
        until(second, NOT_SERVING)
        client.load("toy")
        until(second, SERVING)
        client.delete("toy")
        until(second, UNKNOWN)


def code_of(call: Any) -> grpc.StatusCode:
    """Return how a call failed."""
    return call.exception(PATIENCE).code()


def until(watcher: Iterator[Any], state: int) -> None:
    for response in watcher:
        if response.status == state:
            return
    raise AssertionError


def test_idle_streams_leave_room_for_calls(tmp_path: Path) -> None:
    own_connection = [("grpc.use_local_subchannel_pool", 1)]
    with running_server(tmp_path, max_concurrent_rpcs=64) as server, ExitStack() as stack:
        client = stack.enter_context(Client(server.address))
        client.upload(toy_cnn(), name="toy")
        for _ in range(8):
            channel = stack.enter_context(grpc.insecure_channel(server.address, options=own_connection))
            health = health_pb2_grpc.HealthStub(channel)
            mirror = reflection_pb2_grpc.ServerReflectionStub(channel)
            models = model_service_pb2_grpc.ModelServiceStub(channel)
            for _ in range(50):
                stack.callback(health.Watch(health_pb2.HealthCheckRequest()).cancel)
                stack.callback(mirror.ServerReflectionInfo(silence(stack)).cancel)
                stack.callback(models.UploadModel.future(silence(stack)).cancel)
            # Those beyond the bounds are refused as they come, which takes them a moment.
            assert eventually(lambda: answers(client))
        assert answers(client)


def silence(stack: ExitStack) -> Iterator[Any]:
    """Return requests that never come."""
    ending = threading.Event()
    stack.callback(ending.set)

    def wait() -> Iterator[Any]:
        ending.wait()
        yield from ()

    return wait()


def answers(client: Client) -> bool:
    try:
        return len(client.model("toy").predict(toy_image())) == 1
    except LimitExceededError:
        return False


def test_reflection_lists_the_services_and_their_files(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    ask = reflection_pb2.ServerReflectionRequest
    listed, described = stub.ServerReflectionInfo(
        iter([ask(list_services="*"), ask(file_containing_symbol="inspector.v1.InspectionService")])
    )
    names = {service.name for service in listed.list_services_response.service}
    assert {*NAMES, "grpc.health.v1.Health"} <= names
    assert described.file_descriptor_response.file_descriptor_proto


@pytest.mark.parametrize("address", ["127.0.0.1", ":50051", "localhost:http", ""])
def test_an_address_without_host_and_port_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="host:port"):
        serve(Settings(address=address, repository=tmp_path))


def test_a_watcher_is_told_what_changes_while_it_is_told() -> None:
    async def watch() -> list[int]:
        health = Health(["a"], watchers=Gate("watchers", running=1, waiting=0))
        health.set("a", SERVING)
        told: list[int] = []

        class Context:
            async def write(self, response: health_pb2.HealthCheckResponse) -> None:
                told.append(response.status)
                if len(told) == 1:
                    health.drain()

        await asyncio.wait_for(health.Watch(health_pb2.HealthCheckRequest(service="a"), Context()), 10)
        return told

    assert asyncio.run(watch()) == [SERVING, NOT_SERVING]
