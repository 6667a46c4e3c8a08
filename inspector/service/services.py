"""What a server offers: the one list of services, by which they are registered, reflected and health-checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.descriptor import FileDescriptor
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from inspector.inference import inference_service_pb2
from inspector.service.calls import Calls
from inspector.service.collection_servicer import CollectionServicer
from inspector.service.gate import Gate
from inspector.service.health import Health
from inspector.service.hosting import Models
from inspector.service.inference_servicer import InferenceServicer
from inspector.service.inspection_servicer import InspectionServicer
from inspector.service.model_servicer import ModelServicer
from inspector.service.reflection import REFLECTION_V1, Reflection, add_reflection_v1
from inspector.service.repository import Repository
from inspector.service.sandbox import Sandbox
from inspector.service.settings import Settings
from inspector.v1 import (
    collection_service_pb2,
    inspection_service_pb2,
    model_service_pb2,
    model_service_pb2_grpc,
)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What servicers are made of; the server owns and closes it."""

    settings: Settings
    health: Health
    repository: Repository
    sandbox: Sandbox
    models: Models
    calls: Calls
    collections: CollectionServicer


@dataclass(frozen=True)
class Service:
    """A service: its full name, what makes its servicer, and gRPC's function that adds it to a server."""

    name: str
    servicer: Callable[[Parts], Any]
    add: Callable[[Any, Any], None]


def full_name(file: FileDescriptor, service: str) -> str:
    """Return the full name of a service, which must be in that proto file."""
    return str(file.services_by_name[service].full_name)


def standing_streams(what: str, most: int) -> Gate:
    """Return a gate for streams that may stay open for ever, so that calls always find room beside them."""
    return Gate(what, running=max(1, most), waiting=0)


def _models(parts: Parts) -> ModelServicer:
    return ModelServicer(
        parts.models, repository=parts.repository, sandbox=parts.sandbox, settings=parts.settings
    )


def _inspection(parts: Parts) -> InspectionServicer:
    settings = parts.settings
    return InspectionServicer(
        parts.calls,
        parts.models.tenancy,
        max_images=settings.max_images,
        max_bytes=settings.max_message_bytes,
    )


def _inference(parts: Parts) -> InferenceServicer:
    settings = parts.settings
    return InferenceServicer(
        parts.calls,
        parts.models,
        parts.health,
        may_change=settings.inference_changes,
        max_images=settings.max_images,
        max_bytes=settings.max_message_bytes,
    )


def _reflection(parts: Parts) -> Reflection:
    return Reflection(NAMES, callers=standing_streams("reflection", parts.settings.max_concurrent_rpcs // 4))


def _adding_bytes(file: FileDescriptor, service: str) -> Callable[[Any, Any], None]:
    """Return what adds a servicer that takes and gives bytes."""
    name = full_name(file, service)

    def add(servicer: Any, server: Any) -> None:
        handlers = grpc.method_handlers_generic_handler(name, servicer.handlers())
        server.add_generic_rpc_handlers((handlers,))

    return add


SERVICES = (
    Service(
        full_name(model_service_pb2.DESCRIPTOR, "ModelService"),
        _models,
        model_service_pb2_grpc.add_ModelServiceServicer_to_server,
    ),
    Service(
        full_name(inspection_service_pb2.DESCRIPTOR, "InspectionService"),
        _inspection,
        _adding_bytes(inspection_service_pb2.DESCRIPTOR, "InspectionService"),
    ),
    Service(
        full_name(collection_service_pb2.DESCRIPTOR, "CollectionService"),
        lambda parts: parts.collections,
        _adding_bytes(collection_service_pb2.DESCRIPTOR, "CollectionService"),
    ),
    Service(
        full_name(inference_service_pb2.DESCRIPTOR, "GRPCInferenceService"),
        _inference,
        _adding_bytes(inference_service_pb2.DESCRIPTOR, "GRPCInferenceService"),
    ),
    Service(
        full_name(health_pb2.DESCRIPTOR, "Health"),
        lambda parts: parts.health,
        health_pb2_grpc.add_HealthServicer_to_server,
    ),
    Service(
        full_name(reflection_pb2.DESCRIPTOR, "ServerReflection"),
        _reflection,
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server,
    ),
    Service(full_name(REFLECTION_V1, "ServerReflection"), _reflection, add_reflection_v1),
)

NAMES = tuple(service.name for service in SERVICES)
"""The full names, which reflection lists and health knows."""


def add_services(server: Any, parts: Parts) -> None:
    """Add all services to a gRPC server."""
    for service in SERVICES:
        service.add(service.servicer(parts), server)
