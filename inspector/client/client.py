"""The client of a running service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from inspector.client.connection import Connection
from inspector.client.images import preprocessing_to_wire
from inspector.client.methods import method_from_wire
from inspector.client.models import ModelInfo, model_from_wire
from inspector.client.remote_collection import CollectionInfo, RemoteCollection, collection_from_wire
from inspector.client.remote_model import RemoteModel
from inspector.client.upload import id_for, open_model, upload_messages
from inspector.types.options import MethodInfo
from inspector.v1 import embedding_service_pb2, inspection_service_pb2, model_service_pb2


class Client:
    """A connection to a service; models by their names, with the verbs of the Python API.

    Raises the errors of `inspector.errors`, and ServerUnavailableError where nobody answers. Thread-safe.
    """

    def __init__(
        self, address: str, *, timeout: float | None = 600.0, max_message_bytes: int = 64 << 20
    ) -> None:
        """Connect to host:port when first needed; `timeout` is in seconds per call."""
        self._connection = Connection(address, timeout=timeout, max_message_bytes=max_message_bytes)

    def upload(
        self,
        source: str | Path | bytes,
        *,
        name: str | None = None,
        preprocessing: Mapping[str, Any] | None = None,
        labels: Sequence[str] | None = None,
    ) -> ModelInfo:
        """Send an .onnx file or its bytes, and load it; without a name it gets the file's.

        `preprocessing` (only the keys to override) and `labels` are kept with it. The same upload once more is no
        error; other bytes under a name that is taken are a ConflictError.
        """
        with open_model(source) as stream:
            messages = upload_messages(
                stream, identifier=name or id_for(source), preprocessing=preprocessing, labels=labels
            )
            response = self._connection.call(self._connection.models.UploadModel, messages)
        return model_from_wire(response.model)

    def register(self, name: str) -> ModelInfo:
        """Load a model that lies in the server's repository folder under that name."""
        request = model_service_pb2.RegisterModelRequest(model_id=name)
        return model_from_wire(self._connection.call(self._connection.models.RegisterModel, request).model)

    def models(self) -> tuple[ModelInfo, ...]:
        """Return all models of the server, by name."""
        request = model_service_pb2.ListModelsRequest()
        return tuple(
            map(
                model_from_wire, self._connection.pages(self._connection.models.ListModels, request, "models")
            )
        )

    def model(self, name: str) -> RemoteModel:
        """Return a model to work with; NotFoundError names the nearest ones."""
        model = RemoteModel(self._connection, name)
        model.info()
        return model

    def attribution_methods(self) -> tuple[MethodInfo, ...]:
        """Return the methods of `attribute`, by name, with their options."""
        request = inspection_service_pb2.ListMethodsRequest()
        pages = self._connection.pages(self._connection.inspection.ListMethods, request, "methods")
        return tuple(map(method_from_wire, pages))

    def load(self, name: str, *, preprocessing: Mapping[str, Any] | None = None) -> ModelInfo:
        """Make a model ready; `preprocessing` overrides its keys until it is unloaded."""
        request = model_service_pb2.LoadModelRequest(
            name=f"models/{name}", preprocessing=preprocessing_to_wire(preprocessing)
        )
        return model_from_wire(self._connection.call(self._connection.models.LoadModel, request).model)

    def unload(self, name: str) -> ModelInfo:
        """Free a model's memory once its running calls have ended."""
        request = model_service_pb2.UnloadModelRequest(name=f"models/{name}")
        return model_from_wire(self._connection.call(self._connection.models.UnloadModel, request).model)

    def delete(self, name: str) -> None:
        """Unload a model, and remove it if it was uploaded."""
        request = model_service_pb2.DeleteModelRequest(name=f"models/{name}")
        self._connection.call(self._connection.models.DeleteModel, request)

    def collections(self) -> tuple[CollectionInfo, ...]:
        """Return all collections of the server, by name."""
        request = embedding_service_pb2.ListCollectionsRequest()
        pages = self._connection.pages(self._connection.embedding.ListCollections, request, "collections")
        return tuple(map(collection_from_wire, pages))

    def collection(self, name: str) -> RemoteCollection:
        """Return a collection to work with; it exists once something was added."""
        return RemoteCollection(self._connection, name)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
