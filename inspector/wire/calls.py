"""Which call of the service carries which verb: found by name, never listed.

A verb whose request is `OccludeRequest` is carried by the call `Occlude` where the service has one, with a message of
the same name; every other verb by `Run`.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

from google.protobuf import message_factory
from google.protobuf.message import Message

from inspector.types.requests.base import Request
from inspector.v1 import inspection_service_pb2

SERVICE = inspection_service_pb2.DESCRIPTOR.services_by_name["InspectionService"]
RUN = "Run"


@dataclass(frozen=True)
class Rpc:
    """One call of the inspection service."""

    name: str
    request: type[Message]
    response: type[Message]
    is_stream: bool

    @property
    def verb(self) -> str:
        """The verb that it carries: its name in lower_snake_case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name).lower()

    @property
    def path(self) -> str:
        """As gRPC names it."""
        return f"/{SERVICE.full_name}/{self.name}"


@functools.cache
def rpc_named(name: str) -> Rpc:
    """Return a call of the service by its name."""
    method = SERVICE.methods_by_name[name]
    return Rpc(
        name,
        message_factory.GetMessageClass(method.input_type),
        message_factory.GetMessageClass(method.output_type),
        bool(method.server_streaming),
    )


def rpc_of(request: type[Request[Any]]) -> Rpc:
    """Return the call that carries a kind of request."""
    name = request.__name__.removesuffix("Request")
    if name == RUN or name not in SERVICE.methods_by_name:
        return rpc_named(RUN)
    return rpc_named(name)
