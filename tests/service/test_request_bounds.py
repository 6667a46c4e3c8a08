"""Every call of every service refuses texts that are too long, before anything compares, sorts or looks them up."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf import message_factory

from inspector.client.errors import error_of
from inspector.errors import LimitExceededError
from inspector.v1 import collection_service_pb2, inspection_service_pb2, model_service_pb2
from inspector.wire.bounds import MOST_CHARACTERS
from inspector.wire.fields import fields_of

FILES = (collection_service_pb2, inspection_service_pb2, model_service_pb2)
CALLS: dict[str, Any] = {
    f"/{service.full_name}/{method.name}": method
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if not method.client_streaming
}


def name_of(request: Any) -> str:
    """Return a request's first field of text."""
    return next(
        field.name for field in fields_of(request.DESCRIPTOR) if field.is_text and not field.is_repeated
    )


@pytest.mark.parametrize("path", CALLS)
def test_a_long_name_is_refused_by_its_length(channel: grpc.Channel, path: str) -> None:
    method = CALLS[path]
    request = message_factory.GetMessageClass(method.input_type)()
    name = name_of(request)
    setattr(request, name, "x" * (MOST_CHARACTERS + 1))
    serialize = type(request).SerializeToString
    with pytest.raises(grpc.RpcError) as caught:
        if method.server_streaming:
            list(channel.unary_stream(path, request_serializer=serialize)(request, timeout=60))
        else:
            channel.unary_unary(path, request_serializer=serialize)(request, timeout=60)
    error = error_of(caught.value, address="here")
    assert isinstance(error, LimitExceededError), error
    assert error.field == name
    assert len(error.message) < 300
