"""inspector.v1.ModelService."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from inspector.errors import ConflictError, PermissionDeniedError
from inspector.service.gate import Gate
from inspector.service.hosted_model import HostedModel
from inspector.service.hosting import Models
from inspector.service.names import MODELS, id_of, page_by_id, require_id
from inspector.service.repository import Manifest, Repository, describe, model_exists
from inspector.service.sandbox import Sandbox
from inspector.service.security.access import owner_for, require_may_change, require_may_name
from inspector.service.security.caller import current_caller
from inspector.service.settings import Settings
from inspector.service.threads import beside, in_thread
from inspector.service.upload import Upload
from inspector.v1 import model_pb2, model_service_pb2, model_service_pb2_grpc
from inspector.wire.models import override_of_message

PAGE_BYTES = 4 << 20
"""A page of models ends here, but for the first: much can be told of one, such as megabytes of labels, and a few
uploads would make a response that nobody can be sent."""


class ModelServicer(model_service_pb2_grpc.ModelServiceServicer):
    """Uploads, lists, loads and unloads models."""

    def __init__(
        self, models: Models, *, repository: Repository, sandbox: Sandbox, settings: Settings
    ) -> None:
        self._models = models
        self._repository = repository
        self._sandbox = sandbox
        self._settings = settings
        self._uploads = Gate("uploads", running=settings.max_uploads, waiting=0)
        self._uploading: set[str] = set()

    async def UploadModel(
        self, request_iterator: AsyncIterator[model_service_pb2.UploadModelRequest], _context: Any
    ) -> model_service_pb2.UploadModelResponse:
        if not self._settings.uploads:
            raise PermissionDeniedError(
                "This server takes no uploads. Whoever runs it puts models into its repository folder.",
                reason="UPLOADS_OFF",
            )
        async with self._uploads.passed():
            upload = Upload(
                aiter(request_iterator),
                max_bytes=self._settings.max_upload_bytes,
                stall_seconds=self._settings.upload_stall_seconds,
                seconds=self._settings.upload_seconds,
                bytes_per_second=self._settings.least_bytes_per_second,
            )
            header = await upload.header()
            require_may_name(header.model_id, field="header.model_id")
            if await self._is_same(header):
                model = await self._models.load(header.model_id)
            else:
                model = await self._receive(upload, header)
        return model_service_pb2.UploadModelResponse(model=_to_message(model))

    async def RegisterModel(
        self, request: model_service_pb2.RegisterModelRequest, _context: Any
    ) -> model_service_pb2.RegisterModelResponse:
        model = await self._models.register(require_id(request.model_id, field="model_id"))
        return model_service_pb2.RegisterModelResponse(model=_to_message(model))

    async def ListModels(
        self, request: model_service_pb2.ListModelsRequest, _context: Any
    ) -> model_service_pb2.ListModelsResponse:
        ids, token = page_by_id(
            self._models.ids(), size=request.page_size, token=request.page_token, default=50, limit=1000
        )
        models: list[model_pb2.Model] = []
        size = 0
        for identifier in ids:
            model = _to_message(self._models.get(identifier))
            size += model.ByteSize()
            if models and size > PAGE_BYTES:
                token = id_of(MODELS, models[-1].name, field="name")
                break
            models.append(model)
        return model_service_pb2.ListModelsResponse(models=models, next_page_token=token)

    async def GetModel(
        self, request: model_service_pb2.GetModelRequest, _context: Any
    ) -> model_service_pb2.GetModelResponse:
        model = self._models.get(id_of(MODELS, request.name, field="name"))
        return model_service_pb2.GetModelResponse(model=_to_message(model))

    async def LoadModel(
        self, request: model_service_pb2.LoadModelRequest, _context: Any
    ) -> model_service_pb2.LoadModelResponse:
        identifier = id_of(MODELS, request.name, field="name")
        given = override_of_message(request.preprocessing, preset=request.preset)
        if given:
            self._require_may_change(
                identifier, "load it with another preprocessing, which is for all who use it"
            )
        model = await self._models.load(identifier, preprocessing=given)
        return model_service_pb2.LoadModelResponse(model=_to_message(model))

    async def UnloadModel(
        self, request: model_service_pb2.UnloadModelRequest, _context: Any
    ) -> model_service_pb2.UnloadModelResponse:
        identifier = id_of(MODELS, request.name, field="name")
        self._require_may_change(identifier, "unload it")
        model = await self._models.unload(identifier)
        return model_service_pb2.UnloadModelResponse(model=_to_message(model))

    async def DeleteModel(
        self, request: model_service_pb2.DeleteModelRequest, _context: Any
    ) -> model_service_pb2.DeleteModelResponse:
        identifier = id_of(MODELS, request.name, field="name")
        self._require_may_change(identifier, "delete it")
        await self._models.delete(identifier)
        return model_service_pb2.DeleteModelResponse()

    async def _is_same(self, header: model_service_pb2.UploadHeader) -> bool:
        """Return whether exactly this is there by now, going by the digest that the caller gives."""
        if header.model_id not in self._models.ids():
            return False
        given = Manifest(sha256=header.sha256.lower(), size=header.size, sidecar=_sidecar(header))
        manifest = await self._models.manifest(header.model_id)
        if manifest is not None:
            return manifest == given
        return await asyncio.to_thread(self._repository.holds, header.model_id, given)

    async def _receive(self, upload: Upload, header: model_service_pb2.UploadHeader) -> HostedModel:
        with self._reserved(header.model_id):
            async with beside(self._repository.receive) as folder:
                digest = await upload.receive(header, folder)
                owner = owner_for(current_caller())
                manifest = Manifest(sha256=digest, size=header.size, sidecar=_sidecar(header), owner=owner)
                await in_thread(describe, folder, manifest)
                worker = await self._sandbox.checked(folder)
                return await self._models.adopt(
                    header.model_id,
                    lambda: self._repository.adopt(folder, header.model_id),
                    worker=worker,
                    owner=owner,
                )

    def _require_may_change(self, identifier: str, what: str) -> None:
        """Raise where who calls does not see a model (NotFoundError), or may not change it for all who use it."""
        model = self._models.get(identifier)
        require_may_change(model.id, model.owner, what=what)

    @contextmanager
    def _reserved(self, identifier: str) -> Iterator[None]:
        """Hold an id for an upload; one that cannot end well is refused before its bytes come."""
        if self._models.has(identifier):
            raise model_exists(identifier)
        if identifier in self._uploading:
            raise ConflictError(
                f"Another upload of {identifier!r} runs. Wait for it, or take another id.",
                reason="UPLOAD_RUNNING",
                field="header.model_id",
            )
        self._models.require_room()
        self._uploading.add(identifier)
        try:
            yield
        finally:
            self._uploading.discard(identifier)


def _sidecar(header: model_service_pb2.UploadHeader) -> dict[str, Any]:
    """Return what is kept beside the model as its inspector.json."""
    sidecar: dict[str, Any] = {}
    if preprocessing := override_of_message(header.preprocessing, preset=header.preset):
        sidecar["preprocessing"] = preprocessing
    if header.labels:
        sidecar["labels"] = list(header.labels)
    return sidecar


def _to_message(model: HostedModel) -> model_pb2.Model:
    return model_pb2.Model(
        name=model.name, state=f"MODEL_STATE_{model.state.name}", failure=model.failure, info=model.info
    )
