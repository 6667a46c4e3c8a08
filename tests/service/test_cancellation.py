"""Calls that are left alone: the run stops, and its slot is free again."""

from __future__ import annotations

import threading
from pathlib import Path

import grpc
import pytest

from inspector.client import Client
from inspector.errors import CancelledError
from inspector.service.gate import Gate
from inspector.service.server import Server
from inspector.v1 import inspection_service_pb2, inspection_service_pb2_grpc
from inspector.wire.images import image_to_message
from tests.support.patience import PATIENCE, eventually
from tests.support.server import ready_model, running_server
from tests.support.toys import BRIGHT, toy_endless, toy_image


def endless_request() -> inspection_service_pb2.PredictRequest:
    return inspection_service_pb2.PredictRequest(model="models/endless", images=[image_to_message(BRIGHT)])


def telling_request() -> inspection_service_pb2.AttributeRequest:
    return inspection_service_pb2.AttributeRequest(
        model="models/endless", images=[image_to_message(BRIGHT)], method="rise"
    )


def gate_of(server: Server, model: str) -> Gate:
    return ready_model(server, model)[1]


def test_a_deadline_stops_the_run_and_frees_the_slot(server: Server, channel: grpc.Channel) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(endless_request(), timeout=0.5)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert eventually(lambda: gate_of(server, "endless").inside == 0)


def test_a_cancelled_call_stops_the_run_and_frees_the_slot(server: Server, channel: grpc.Channel) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    call = stub.Predict.future(endless_request(), timeout=PATIENCE)
    assert eventually(lambda: gate_of(server, "endless").inside == 1)
    call.cancel()
    assert eventually(lambda: gate_of(server, "endless").inside == 0)
    with Client(server.address) as client:
        assert len(client.model("endless").predict(toy_image() * 0)) == 1


def test_a_cancelled_stream_stops_the_run_and_frees_the_slot(server: Server, channel: grpc.Channel) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    request = inspection_service_pb2.OccludeRequest(model="models/endless", images=[image_to_message(BRIGHT)])
    call = stub.Occlude(request, timeout=PATIENCE)
    assert eventually(lambda: gate_of(server, "endless").inside == 1)
    call.cancel()
    assert eventually(lambda: gate_of(server, "endless").inside == 0)


def test_a_cancelled_attribution_stops_the_run_and_frees_the_slot(
    server: Server, channel: grpc.Channel
) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    call = stub.Attribute(telling_request(), timeout=PATIENCE)
    assert eventually(lambda: gate_of(server, "endless").inside == 1)
    call.cancel()
    assert eventually(lambda: gate_of(server, "endless").inside == 0)


def test_a_deadline_stops_an_attribution_between_its_steps(server: Server, channel: grpc.Channel) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    request = telling_request()
    request.model = "models/toy"
    request.method = "rise"
    request.options["masks"].integer = 10**15
    steps: list[tuple[int, int]] = []
    with pytest.raises(grpc.RpcError) as caught:
        steps.extend(
            (response.progress.done, response.progress.total)
            for response in stub.Attribute(request, timeout=1.0)
        )
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert eventually(lambda: gate_of(server, "toy").inside == 0)


def test_a_reader_whose_progress_fails_stops_the_run(server: Server) -> None:
    with Client(server.address) as client:
        model = client.model("toy")

        def fail(done: int, total: int) -> None:
            raise RuntimeError("no more")

        with pytest.raises(RuntimeError, match="no more"):
            model.attribute(toy_image(), method="rise", masks=10**15, progress=fail)
        assert eventually(lambda: gate_of(server, "toy").inside == 0)


def test_too_many_callers_are_told_to_come_again(server: Server, channel: grpc.Channel) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    calls = [stub.Predict.future(endless_request(), timeout=PATIENCE) for _ in range(3)]
    gate = gate_of(server, "endless")
    try:
        assert eventually(lambda: (gate.inside, gate.waiting) == (2, 1))
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(endless_request(), timeout=PATIENCE)
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    finally:
        for call in calls:
            call.cancel()
    assert eventually(lambda: (gate.inside, gate.waiting) == (0, 0))


def test_a_call_that_waits_in_the_queue_can_be_cancelled(server: Server, channel: grpc.Channel) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    gate = gate_of(server, "endless")
    running = [stub.Predict.future(endless_request(), timeout=PATIENCE) for _ in range(2)]
    try:
        assert eventually(lambda: gate.inside == 2)
        waiting = stub.Predict.future(endless_request(), timeout=PATIENCE)
        assert eventually(lambda: gate.waiting == 1)
        waiting.cancel()
        assert eventually(lambda: gate.waiting == 0)
        assert gate.inside == 2
    finally:
        for call in running:
            call.cancel()
    assert eventually(lambda: gate.inside == 0)


def test_calls_that_are_cancelled_at_once_in_great_number_disturb_nobody(
    server: Server, channel: grpc.Channel
) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    for _ in range(500):
        stub.Predict.future(endless_request(), timeout=PATIENCE).cancel()
    gate = gate_of(server, "endless")
    with Client(server.address) as client:
        assert len(client.model("toy").predict(toy_image())) == 1
    assert eventually(lambda: (gate.inside, gate.waiting) == (0, 0))


def test_the_servers_own_limit_stops_a_call_without_a_deadline(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, max_call_seconds=0.5) as server,
        Client(server.address, timeout=None) as client,
    ):
        client.upload(toy_endless(), name="endless")
        with pytest.raises(CancelledError) as caught:
            client.model("endless").predict(BRIGHT)
        assert caught.value.reason == "DEADLINE_EXCEEDED"
        assert gate_of(server, "endless").inside == 0


def test_unloading_waits_for_running_calls_and_refuses_new_ones(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.upload(toy_endless(), name="endless")
        gate = gate_of(server, "endless")
        with grpc.insecure_channel(server.address) as channel:
            stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
            call = stub.Predict.future(endless_request(), timeout=PATIENCE)
            assert eventually(lambda: gate.inside == 1)
            unloading = threading.Thread(target=client.unload, args=["endless"])
            unloading.start()
            assert eventually(lambda: client.models()[0].state == "unloading")
            with pytest.raises(grpc.RpcError) as caught:
                stub.Predict(endless_request(), timeout=PATIENCE)
            assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
            assert gate.inside == 1
            call.cancel()
            unloading.join(timeout=PATIENCE)
        assert client.models()[0].state == "unloaded"
        assert client.load("endless").state == "ready"
