"""Reflection under both of its names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from inspector.service.gate import Gate
from inspector.service.reflection import REFLECTION_V1, Reflection, add_reflection_v1
from tests.support.patience import PATIENCE

SERVICES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


@asynccontextmanager
async def reflecting() -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server()
    servicer = Reflection(SERVICES, callers=Gate("reflection", running=2, waiting=0))
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(servicer, server)
    add_reflection_v1(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(0)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("asked", SERVICES)
def test_each_version_tells_of_both(service: str, asked: str) -> None:
    file = REFLECTION_V1 if service == SERVICES[0] else reflection_pb2.DESCRIPTOR
    request: Any = GetMessageClass(file.message_types_by_name["ServerReflectionRequest"])
    response: Any = GetMessageClass(file.message_types_by_name["ServerReflectionResponse"])

    async def ask() -> tuple[list[str], FileDescriptorProto]:
        async with reflecting() as channel:
            call: Any = channel.stream_stream(
                f"/{service}/ServerReflectionInfo",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=response.FromString,
            )
            answers = call(
                iter([request(list_services=""), request(file_containing_symbol=asked)]), timeout=PATIENCE
            )
            listed, told = [answer async for answer in answers]
            (data,) = told.file_descriptor_response.file_descriptor_proto
            names = [one.name for one in listed.list_services_response.service]
            return names, FileDescriptorProto.FromString(data)

    names, proto = asyncio.run(ask())
    assert sorted(names) == list(SERVICES)
    assert f"{proto.package}.ServerReflection" == asked
    types = [field.type_name for message in proto.message_type for field in message.field if field.type_name]
    assert types
    assert all(name.startswith(f".{proto.package}.") for name in types)


def test_the_messages_are_the_same_on_the_wire() -> None:
    def plain(file: FileDescriptor) -> list[tuple[str, str, int, int]]:
        return [
            (message.name, field.name, field.number, field.type)
            for message in file.message_types_by_name.values()
            for field in message.fields
        ]

    assert plain(REFLECTION_V1) == plain(reflection_pb2.DESCRIPTOR)
