"""Server reflection, v1 and v1alpha, for so many callers at a time that those who stay for ever keep nobody else out.

v1 has v1alpha's messages under other names, and the library has v1alpha only. So v1's descriptors are made of
v1alpha's, and one servicer answers both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import aio

from inspector.service.gate import Gate

_ALPHA = reflection_pb2.DESCRIPTOR.package
_PACKAGE = "grpc.reflection.v1"
_FILE = "grpc/reflection/v1/reflection.proto"
_METHOD = "ServerReflectionInfo"


class Reflection(aio.ReflectionServicer):  # type: ignore[misc]  # untyped
    """The library's servicer behind a gate."""

    def __init__(self, services: Iterable[str], *, callers: Gate) -> None:
        super().__init__(services)
        self._callers = callers

    async def ServerReflectionInfo(  # noqa: N802
        self, request_iterator: AsyncIterator[Any], context: Any
    ) -> AsyncIterator[Any]:
        """Answer each request of a stream; BusyError where too many are open."""
        async with self._callers.passed():
            async for response in super().ServerReflectionInfo(request_iterator, context):
                yield response


def add_reflection_v1(servicer: Reflection, server: Any) -> None:
    """Add the service under v1's name to a gRPC server."""
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    name = REFLECTION_V1.services_by_name["ServerReflection"].full_name
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {_METHOD: handler}),))


def _descriptor_of_v1() -> FileDescriptor:
    pool = descriptor_pool.Default()
    try:
        return pool.FindFileByName(_FILE)  # a library that has it was imported
    except KeyError:
        pass
    proto = FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(proto)
    pool.AddSerializedFile(_renamed(proto).SerializeToString())
    return pool.FindFileByName(_FILE)


def _renamed(proto: FileDescriptorProto) -> FileDescriptorProto:
    """Return v1alpha's file with v1's names."""
    proto.name, proto.package = _FILE, _PACKAGE
    for message in proto.message_type:
        for field in message.field:
            if field.type_name:  # one of text or numbers has none
                field.type_name = _of_v1(field.type_name)
    for service in proto.service:
        for method in service.method:
            method.input_type, method.output_type = _of_v1(method.input_type), _of_v1(method.output_type)
    return proto


def _of_v1(name: str) -> str:
    return name.replace(f".{_ALPHA}.", f".{_PACKAGE}.")


REFLECTION_V1 = _descriptor_of_v1()
"""v1's proto file, which reflection itself can tell of."""
