"""The one list of services."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import inspector.v1
from inspector.client.errors import error_of
from inspector.errors import BusyError
from inspector.service.services import NAMES
from tests.support.patience import PATIENCE
from tests.support.server import running_server


def of_our_protos() -> list[str]:
    modules = (
        importlib.import_module(f"inspector.v1.{module.name}")
        for module in pkgutil.iter_modules(inspector.v1.__path__)
        if module.name.endswith("_pb2")
    )
    return [s.full_name for module in modules for s in module.DESCRIPTOR.services_by_name.values()]


def test_every_service_of_the_protos_is_listed_once() -> None:
    ours = of_our_protos()
    assert ours
    assert sorted(name for name in NAMES if name.startswith("inspector.")) == sorted(ours)
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_listed_is_reflected(name: str, channel: grpc.Channel) -> None:
    mirror = reflection_pb2_grpc.ServerReflectionStub(channel)
    (told,) = mirror.ServerReflectionInfo(iter([asking(name)]), timeout=PATIENCE)
    assert told.file_descriptor_response.file_descriptor_proto


def test_one_reflection_too_many_is_told_to_come_again(tmp_path: Path) -> None:
    ended = threading.Event()

    def requests() -> Iterator[reflection_pb2.ServerReflectionRequest]:
        yield asking(NAMES[0])
        ended.wait(PATIENCE)

    with (
        running_server(tmp_path, max_concurrent_rpcs=4) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        mirror = reflection_pb2_grpc.ServerReflectionStub(channel)
        first = mirror.ServerReflectionInfo(requests())
        next(first)
        with pytest.raises(grpc.RpcError) as caught:
            next(mirror.ServerReflectionInfo(requests(), timeout=PATIENCE))
        ended.set()
        assert list(first) == []
    error = error_of(caught.value, address="here")
    assert isinstance(error, BusyError)
    assert error.retry_seconds > 0


def asking(name: str) -> reflection_pb2.ServerReflectionRequest:
    return reflection_pb2.ServerReflectionRequest(file_containing_symbol=name)
