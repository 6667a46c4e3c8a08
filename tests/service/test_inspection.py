"""Requests that cannot be served: each with its code, its reason, and the field that it is about."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from inspector.client import Class, Client
from inspector.errors import InvalidInputError
from inspector.v1 import inspection_service_pb2 as pb
from inspector.v1 import inspection_service_pb2_grpc
from inspector.v1.image_pb2 import RENDERING_PNG
from inspector.v1.target_pb2 import Target
from inspector.v1.value_pb2 import Value
from inspector.wire.codec import to_message
from inspector.wire.images import image_to_message
from tests.service.bad_fields import FIELDS
from tests.service.bad_requests import (
    BAD,
    EMPTY,
    GOOD,
    TOY,
    attribute_by,
    predict,
    tensor,
)
from tests.support.graphs import model, node
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_image

LAYERS = ["conv1", "relu1", "pool1", "conv2", "relu2", "flat"]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_is_refused_by_name(channel: grpc.Channel, client: Client, name: str) -> None:
    call, code, reason = BAD[name]
    error = failure(channel, *call)
    assert error.code().name == code
    assert reason_of(error) == reason
    assert field_of(error) == FIELDS[name]
    assert "Traceback" not in (error.details() or "")
    assert client.served("toy").state == "ready"


@pytest.mark.parametrize("method", EMPTY)
def test_a_batch_of_nothing_is_refused_by_every_call(channel: grpc.Channel, method: str) -> None:
    error = failure(channel, method, EMPTY[method])
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(error) == "INVALID_SHAPE"
    assert "there is nothing in it" in (error.details() or "")


def test_the_field_is_named(channel: grpc.Channel) -> None:
    error = failure(channel, *predict(GOOD, tensor("FP32", [2, 2], b"0")))
    violations = detail(error, error_details_pb2.BadRequest).field_violations
    assert [violation.field for violation in violations] == ["images[1].tensor.raw"]


def test_an_option_is_named(channel: grpc.Channel) -> None:
    error = failure(channel, *attribute_by("lrp", rule=Value(text="zpluss")))
    violations = detail(error, error_details_pb2.BadRequest).field_violations
    assert [violation.field for violation in violations] == ["options[rule]"]
    assert "Did you mean 'zplus'?" in violations[0].description
    assert "epsilon, zplus, alpha2beta1" in violations[0].description


def test_the_model_of_a_stream_is_named(channel: grpc.Channel) -> None:
    error = failure(channel, "Attribute", pb.AttributeRequest(model="models/tpy", images=[GOOD]))
    assert detail(error, error_details_pb2.ResourceInfo).resource_name == "models/tpy"


def test_the_methods_come_in_pages(channel: grpc.Channel) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    first = stub.ListMethods(pb.ListMethodsRequest(page_size=3), timeout=60)
    second = stub.ListMethods(
        pb.ListMethodsRequest(page_size=100, page_token=first.next_page_token), timeout=60
    )
    names = [method.name for method in (*first.methods, *second.methods)]
    assert len(first.methods) == 3
    assert names == sorted(names)
    assert second.next_page_token == ""


def test_the_verbs_come_in_pages(channel: grpc.Channel) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    first = stub.ListVerbs(pb.ListVerbsRequest(page_size=3), timeout=60)
    second = stub.ListVerbs(pb.ListVerbsRequest(page_size=100, page_token=first.next_page_token), timeout=60)
    names = [verb.name for verb in (*first.verbs, *second.verbs)]
    assert len(first.verbs) == 3
    assert names == sorted(names)
    assert second.next_page_token == ""


def test_the_rectifiers_are_listed_in_the_order_of_the_graph(channel: grpc.Channel) -> None:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    found = stub.Rectifiers(pb.RectifiersRequest(model=TOY), timeout=60).result.rectifiers
    assert [one.layer for one in found] == ["relu1", "relu2"]


def test_a_message_beyond_the_limit_is_refused(channel: grpc.Channel) -> None:
    error = failure(channel, *predict(tensor("UINT8", [1, 5 << 20], b"0" * (5 << 20))))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("takes", "code"),
    [(False, grpc.StatusCode.UNIMPLEMENTED), (True, grpc.StatusCode.RESOURCE_EXHAUSTED)],
    ids=["none are taken", "by what it becomes"],
)
def test_a_compressed_bomb_is_refused(tmp_path: Path, takes: bool, code: grpc.StatusCode) -> None:
    bomb = tensor("UINT8", [1, 64 << 20], bytes(64 << 20))
    assert len(gzip.compress(bomb.SerializeToString())) < 1 << 20
    options = [("grpc.max_send_message_length", -1)]
    with (
        running_server(tmp_path, compressed_requests=takes, max_message_bytes=4 << 20) as server,
        grpc.insecure_channel(server.address, options=options, compression=grpc.Compression.Gzip) as channel,
    ):
        error = failure(channel, *predict(bomb))
    assert error.code() is code


def test_a_response_beyond_the_limit_says_what_to_do(channel: grpc.Channel) -> None:
    # All layers of 256 images are more than 4 MiB; the request itself is tiny.
    small = [image_to_message(np.zeros((1, 1, 3), np.uint8))] * 256
    request = pb.ActivationsRequest(model=TOY, images=small, layers=LAYERS)
    error = failure(channel, "Activations", request)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert reason_of(error) == "RESPONSE_TOO_LARGE"


def test_a_streamed_response_beyond_the_limit_says_what_to_do(tmp_path: Path) -> None:
    request = pb.AttributeRequest(
        model=TOY, images=[GOOD], targets=[to_message(Class(0), Target)] * 200, rendering=RENDERING_PNG
    )
    # Two hundred maps of 3 x 16 x 16 floats and the inputs fit, with their pictures they do not.
    with running_server(tmp_path, max_message_bytes=640_000) as server:
        with Client(server.address) as client:
            client.upload(toy_cnn(), name="toy")
        with grpc.insecure_channel(server.address) as channel:
            error = failure(channel, "Attribute", request)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert reason_of(error) == "RESPONSE_TOO_LARGE"


def test_a_message_that_is_no_protobuf_is_refused(channel: grpc.Channel, client: Client) -> None:
    call: Any = channel.unary_unary("/inspector.v1.InspectionService/Predict")
    with pytest.raises(grpc.RpcError):
        call(b"\xff" * 100)
    assert client.served("toy").state == "ready"


def test_values_that_are_not_finite_come_over_the_wire_and_are_drawn(client: Client) -> None:
    """Square roots of a convolution: NaN where it is negative."""
    weights = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    nodes = [
        node("Conv", ["x", "w"], "conv"),
        node("Sqrt", ["conv"], "root"),
        node("GlobalAveragePool", ["root"], "mean"),
        node("Flatten", ["mean"], "y"),
    ]
    proto = model(nodes, shape=("n", 3, 16, 16), weights={"w": weights})
    client.upload(proto.SerializeToString(), name="roots")
    roots = client.model("roots")

    root = roots.activations(toy_image(), layers=["root"])["root"]
    found = roots.attribute(toy_image(), method="saliency", target=Class(1), rendering="png")

    assert 0 < np.isnan(root).sum() < root.size
    assert np.isnan(found.maps).any()
    assert found.rendered[0].startswith(b"\x89PNG")
    with pytest.raises(InvalidInputError, match="cannot be chosen. They begin in layer 'root'"):
        roots.predict(toy_image())
    client.delete("roots")


def failure(channel: grpc.Channel, method: str, request: object) -> grpc.RpcError:
    stub = inspection_service_pb2_grpc.InspectionServiceStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        answer = getattr(stub, method)(request, timeout=60)
        list(answer) if method in ("Attribute", "Occlude", "Run") else answer
    return caught.value


def reason_of(error: grpc.RpcError) -> str:
    return detail(error, error_details_pb2.ErrorInfo).reason


def field_of(error: grpc.RpcError) -> str | None:
    return detail(error, error_details_pb2.ErrorInfo).metadata.get("field")


def detail(error: grpc.RpcError, kind: type[ErrorInfo]) -> ErrorInfo:
    found = kind()
    assert any(packed.Unpack(found) for packed in rpc_status.from_call(error).details)
    return found
