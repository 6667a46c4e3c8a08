"""inference.GRPCInferenceService: the Open Inference Protocol, version 2, beside the calls of our own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from inspector import __version__
from inspector.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    ServerUnavailableError,
)
from inspector.inference import inference_service_pb2 as pb
from inspector.inference.naming import VERSION, require_only_repository, require_version
from inspector.service.calls import Calls
from inspector.service.health import Health
from inspector.service.hosted_model import HostedModel, State
from inspector.service.hosting import Models
from inspector.service.names import MODELS, name_of, require_id
from inspector.service.security.access import require_may_change
from inspector.service.security.caller import Role, current_caller
from inspector.wire.peek import peek

Answering = Callable[[Any, Any], Awaitable[Any]]

NAME = "inspector"
EXTENSIONS = ("model_repository", "parameters")
"""Of those that Triton has names for."""

_STATES = {
    State.UNLOADED: "UNAVAILABLE",
    State.LOADING: "LOADING",
    State.READY: "READY",
    State.UNLOADING: "UNLOADING",
    State.FAILED: "UNAVAILABLE",
}


class InferenceServicer:
    """Looks up the model that a request names; tensors are read, and run, where the model is."""

    def __init__(
        self,
        calls: Calls,
        models: Models,
        health: Health,
        *,
        may_change: bool,
        max_images: int,
        max_bytes: int,
    ) -> None:
        """Answer through `calls`; `may_change` says whether callers may load and unload models."""
        self._calls = calls
        self._models = models
        self._health = health
        self._may_change = may_change
        self._limits = {"most_images": max_images, "most_bytes": max_bytes}

    def handlers(self) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
        """Return gRPC's handlers by the names of the calls; those on a model take bytes, which nobody parses here."""
        parsed: dict[str, tuple[Answering, Any]] = {
            "ServerLive": (self._server_live, pb.ServerLiveRequest),
            "ServerReady": (self._server_ready, pb.ServerReadyRequest),
            "ServerMetadata": (self._server_metadata, pb.ServerMetadataRequest),
            "ModelReady": (self._model_ready, pb.ModelReadyRequest),
            "RepositoryIndex": (self._index, pb.RepositoryIndexRequest),
            "RepositoryModelLoad": (self._load, pb.RepositoryModelLoadRequest),
            "RepositoryModelUnload": (self._unload, pb.RepositoryModelUnloadRequest),
        }
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            name: grpc.unary_unary_rpc_method_handler(
                answering,
                request_deserializer=request.FromString,
                response_serializer=lambda response: response.SerializeToString(),
            )
            for name, (answering, request) in parsed.items()
        }
        handlers["ModelMetadata"] = grpc.unary_unary_rpc_method_handler(self._metadata)
        handlers["ModelInfer"] = grpc.unary_unary_rpc_method_handler(self._infer)
        return handlers

    # --- the server

    async def _server_live(self, _request: pb.ServerLiveRequest, _context: Any) -> pb.ServerLiveResponse:
        return pb.ServerLiveResponse(live=True)

    async def _server_ready(self, _request: pb.ServerReadyRequest, _context: Any) -> pb.ServerReadyResponse:
        return pb.ServerReadyResponse(ready=self._health.is_serving())

    async def _server_metadata(
        self, _request: pb.ServerMetadataRequest, _context: Any
    ) -> pb.ServerMetadataResponse:
        return pb.ServerMetadataResponse(name=NAME, version=__version__, extensions=EXTENSIONS)

    # --- models

    async def _model_ready(self, request: pb.ModelReadyRequest, _context: Any) -> pb.ModelReadyResponse:
        try:
            require_version(request.version, field="version")
            model = self._models.get(require_id(request.name, field="name"))
        except (NotFoundError, InvalidInputError):
            return pb.ModelReadyResponse(ready=False)
        return pb.ModelReadyResponse(ready=model.state is State.READY)

    async def _metadata(self, request: bytes, context: Any) -> bytes:
        texts = peek(request, pb.ModelMetadataRequest.DESCRIPTOR)
        require_version(texts.get("version", ""), field="version")
        with _unavailable_until_loaded():
            answer = await self._calls.on_model(
                _resource(texts.get("name", ""), field="name"),
                "model_metadata",
                {},
                request,
                deadline=self._calls.deadline(context),
                quick=True,
            )
        return answer.body

    async def _infer(self, request: bytes, context: Any) -> bytes:
        texts = peek(request, pb.ModelInferRequest.DESCRIPTOR)
        require_version(texts.get("model_version", ""), field="model_version")
        with _unavailable_until_loaded():
            answer = await self._calls.on_model(
                _resource(texts.get("model_name", ""), field="model_name"),
                "infer",
                {**self._limits, "gives_layers": current_caller().role >= Role.INSPECT},
                request,
                deadline=self._calls.deadline(context),
            )
        return answer.body

    # --- the repository

    async def _index(self, request: pb.RepositoryIndexRequest, _context: Any) -> pb.RepositoryIndexResponse:
        require_only_repository(request.repository_name)
        models = [self._models.get(identifier) for identifier in self._models.ids()]
        return pb.RepositoryIndexResponse(
            models=[_entry(model) for model in models if model.state is State.READY or not request.ready]
        )

    async def _load(
        self, request: pb.RepositoryModelLoadRequest, _context: Any
    ) -> pb.RepositoryModelLoadResponse:
        await self._models.load(self._to_change(request))
        return pb.RepositoryModelLoadResponse()

    async def _unload(
        self, request: pb.RepositoryModelUnloadRequest, _context: Any
    ) -> pb.RepositoryModelUnloadResponse:
        model = self._models.get(self._to_change(request))
        require_may_change(model.id, model.owner, what="unload it")
        await self._models.unload(model.id)
        return pb.RepositoryModelUnloadResponse()

    def _to_change(self, request: pb.RepositoryModelLoadRequest | pb.RepositoryModelUnloadRequest) -> str:
        """Return the id of the model that is to be loaded or unloaded."""
        if not self._may_change:
            raise PermissionDeniedError(
                "Models are not loaded or unloaded by this protocol here. ModelService of inspector.v1 does so, and "
                "whoever runs the server can allow it with INSPECTOR_INFERENCE_CHANGES=true.",
                reason="CHANGES_SWITCHED_OFF",
            )
        require_only_repository(request.repository_name)
        for name in request.parameters:
            if name != "unload_dependents":  # no model here depends on another
                raise InvalidInputError(
                    f"The parameter {name[:200]!r} is not for this server: a model is loaded as its folder says.",
                    reason="UNKNOWN_OPTION",
                    field=f"parameters[{name[:200]}]",
                )
        return require_id(request.model_name, field="model_name")


def _resource(identifier: str, *, field: str) -> str:
    return name_of(MODELS, require_id(identifier, field=field))


def _entry(model: HostedModel) -> pb.RepositoryIndexResponse.ModelIndex:
    return pb.RepositoryIndexResponse.ModelIndex(
        name=model.id, version=VERSION, state=_STATES[model.state], reason=model.failure
    )


@contextmanager
def _unavailable_until_loaded() -> Iterator[None]:
    """Let a model that is not loaded be UNAVAILABLE, as in other servers of this protocol."""
    try:
        yield
    except ConflictError as error:
        if error.reason != "MODEL_NOT_LOADED":
            raise
        raise ServerUnavailableError(error.message, reason=error.reason, field=error.field) from error
