"""The calls of the services as their descriptors say them, and which of them carries which verb: found by name.

A verb whose request is `OccludeRequest` is carried by the call `Occlude` where the service has one, with a message of
the same name; every other verb by `Run`.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message

from inspector.types.requests.base import Request
from inspector.v1 import collection_service_pb2, inspection_service_pb2, model_service_pb2

SERVICE = inspection_service_pb2.DESCRIPTOR.services_by_name["InspectionService"]
MODEL_SERVICE = model_service_pb2.DESCRIPTOR.services_by_name["ModelService"]
COLLECTION_SERVICE = collection_service_pb2.DESCRIPTOR.services_by_name["CollectionService"]
RUN = "Run"


@dataclass(frozen=True)
class Rpc:
    """One call of a service."""

    name: str
    request: type[Message]
    response: type[Message]
    is_stream: bool
    """Whether it answers with several messages."""
    takes_stream: bool = False
    """Whether it is asked with several messages."""
    is_repeatable: bool = True
    """Whether the same call once more does no harm, as its `idempotency_level` says."""
    service: str = SERVICE.full_name

    @property
    def verb(self) -> str:
        """The verb that it carries: its name in lower_snake_case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name).lower()

    @property
    def path(self) -> str:
        """As gRPC names it."""
        return f"/{self.service}/{self.name}"


@functools.cache
def rpc_named(name: str, *, service: Any = SERVICE) -> Rpc:
    """Return a call of a service by its name."""
    method = service.methods_by_name[name]
    return Rpc(
        name,
        message_factory.GetMessageClass(method.input_type),
        message_factory.GetMessageClass(method.output_type),
        bool(method.server_streaming),
        takes_stream=bool(method.client_streaming),
        is_repeatable=method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN,
        service=service.full_name,
    )


def rpc_of(request: type[Request[Any]]) -> Rpc:
    """Return the call that carries a kind of request."""
    key: Any = request
    return _rpc_of(key)


@functools.cache
def _rpc_of(request: Any) -> Rpc:
    name = request.__name__.removesuffix("Request")
    if name == RUN or name not in SERVICE.methods_by_name:
        return rpc_named(RUN)
    return rpc_named(name)
