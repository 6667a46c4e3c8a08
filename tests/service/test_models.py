"""The life of models on a server."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import grpc
import pytest

from inspector.client import Client, Endpoint
from inspector.errors import (
    ConflictError,
    InvalidInputError,
    InvalidModelError,
    NotFoundError,
    ServerUnavailableError,
)
from inspector.service.hosted_model import State
from inspector.service.security.caller import OPEN, acting_as
from inspector.v1 import (
    inspection_service_pb2,
    inspection_service_pb2_grpc,
    model_service_pb2,
    model_service_pb2_grpc,
)
from tests.support.graphs import model, node
from tests.support.quantized_cnn import quantized_cnn
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_image, toy_photo


def put(repository: Path, name: str, data: bytes = toy_cnn()) -> None:
    (repository / name).mkdir(parents=True)
    (repository / name / "net.onnx").write_bytes(data)


def test_a_model_is_loaded_unloaded_and_loaded_again(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        assert client.upload(toy_cnn(), name="toy").state == "ready"
        toy = client.model("toy")
        before = toy.predict(toy_image()).predictions
        info = client.unload("toy")
        assert (info.state, info.info) == ("unloaded", None)
        with pytest.raises(ConflictError) as caught:
            toy.predict(toy_image())
        assert caught.value.reason == "MODEL_NOT_LOADED"
        assert client.unload("toy").state == "unloaded"
        assert client.load("toy").state == "ready"
        assert toy.predict(toy_image()).predictions == before


def test_who_asks_a_model_that_is_being_loaded_is_told_to_wait_and_waits(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.upload(toy_cnn(), name="toy")
        with acting_as(OPEN):
            hosted = server.models.get("toy")
        hosted.state = State.LOADING
        with (
            Client(Endpoint(server.address, retries=0)) as hasty,
            pytest.raises(ServerUnavailableError) as caught,
        ):
            hasty.model("toy").predict(toy_image())
        assert (caught.value.reason, caught.value.field) == ("MODEL_LOADING", "model")
        assert caught.value.retry_seconds == 1.0
        loaded = threading.Timer(0.5, setattr, (hosted, "state", State.READY))
        loaded.start()
        assert client.model("toy").predict(toy_image()).predictions


def test_a_quantized_model_is_ready_when_its_level_was_found(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        found = client.upload(quantized_cnn().SerializeToString(), name="codes")
        assert found.info is not None
        assert found.info.optimization == "all"
        assert client.model("codes").describe().optimization == "all"


def test_models_of_the_folder_are_there_after_a_restart_and_loaded_when_asked(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.upload(toy_cnn(), name="uploaded")
    put(tmp_path, "placed")
    put(tmp_path, "broken", b"no model")
    with running_server(tmp_path, load="*") as server, Client(server.address) as client:
        assert {one.name: one.state for one in client.models()} == {
            "broken": "failed",
            "placed": "ready",
            "uploaded": "ready",
        }
        assert "not an ONNX model" in client.models()[0].failure
    with running_server(tmp_path, load="models/placed, ") as server, Client(server.address) as client:
        assert {one.name for one in client.models() if one.state == "ready"} == {"placed"}


def test_a_model_that_was_put_into_the_folder_is_registered(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        with pytest.raises(NotFoundError):
            client.register("placed")
        put(tmp_path, "placed")
        assert client.register("placed").state == "ready"
        assert client.register("placed").state == "ready"
        client.delete("placed")
        assert client.models() == ()
        assert (tmp_path / "placed" / "net.onnx").exists()


def test_a_registered_model_that_cannot_be_read_is_listed_as_failed(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        put(tmp_path, "broken", toy_cnn()[:100])
        with pytest.raises(InvalidModelError):
            client.register("broken")
        assert [(one.name, one.state) for one in client.models()] == [("broken", "failed")]
        with pytest.raises(ConflictError, match="failed"):
            client.model("broken").layers()
        (tmp_path / "broken" / "net.onnx").write_bytes(toy_cnn())
        assert client.load("broken").state == "ready"


def test_external_data_outside_of_the_models_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(os.urandom(4096))
    repository = tmp_path / "models"
    proto = model([node("Conv", ["x", "w"], "y", kernel_shape=[1, 1])], shape=(1, 3, 8, 8))
    weight = proto.graph.initializer.add(name="w", dims=[4, 3, 1, 1], data_type=1, data_location=1)
    weight.external_data.add(key="location", value="../../secret")
    put(repository, "spy", proto.SerializeToString())
    with running_server(repository) as server, Client(server.address) as client:
        with pytest.raises(InvalidModelError):
            client.load("spy")
        with pytest.raises(InvalidModelError):
            client.upload(proto.SerializeToString(), name="uploaded-spy")


def test_preprocessing_is_overridden_until_the_model_is_unloaded(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.upload(toy_cnn(), name="toy")
        usual = client.model("toy").attribute(toy_photo()).inputs
        client.load("toy", preprocessing={"scale": 1.0})
        info = client.models()[0].info
        assert info is not None
        assert info.preprocessing.scale == 1.0
        assert client.model("toy").attribute(toy_photo()).inputs.max() > 100 * usual.max()
        client.unload("toy")
        client.load("toy")
        assert (client.model("toy").attribute(toy_photo()).inputs == usual).all()
        with pytest.raises(InvalidInputError):
            client.load("toy", preprocessing={"std": [0.0]})


def test_a_deleted_model_is_gone_for_good(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client:
        client.upload(toy_cnn(), name="toy")
        client.delete("toy")
        for ask in (client.model, client.load, client.unload, client.delete, client.register):
            with pytest.raises(NotFoundError) as caught:
                ask("toy")
            assert caught.value.reason == "MODEL_NOT_FOUND"
        assert client.upload(toy_cnn(), name="toy").state == "ready"


def test_the_layers_come_in_the_order_of_the_graph(client: Client, channel: grpc.Channel) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    found = stub.Layers(inspection_service_pb2.LayersRequest(model="models/toy"), timeout=60).result.layers
    assert [layer.name for layer in found] == [layer.name for layer in client.model("toy").layers()]
    assert [layer.name for layer in found] == ["conv1", "relu1", "pool1", "conv2", "relu2", "flat", "scores"]


def test_the_models_come_in_pages(channel: grpc.Channel) -> None:
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    first = stub.ListModels(model_service_pb2.ListModelsRequest(page_size=1))
    second = stub.ListModels(
        model_service_pb2.ListModelsRequest(page_size=1, page_token=first.next_page_token)
    )
    assert [one.name for one in (*first.models, *second.models)] == ["models/endless", "models/toy"]
    assert second.next_page_token == ""
