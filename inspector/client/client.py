"""The client of a running service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from inspector.client import calls
from inspector.client.backend import WireBackend
from inspector.client.collections import WireCollections
from inspector.client.connection import Connection
from inspector.client.endpoint import MAX_MESSAGE_BYTES, TIMEOUT, Endpoint
from inspector.client.retries import RETRIES
from inspector.client.upload import id_for, open_model, upload_messages
from inspector.face.collections import Collection
from inspector.face.model import Model
from inspector.plugins import load_plugins
from inspector.types.collections import CollectionInfo
from inspector.types.control import Control
from inspector.types.options import MethodInfo, VerbInfo
from inspector.types.preprocessing import PreprocessingLike
from inspector.types.served_model import ServedModel
from inspector.types.sources import ModelSource
from inspector.wire.models import model_id


class Client:
    """A connection to a service; models by their names (demo or models/demo), with the verbs of the Python API.

    Raises the errors of `inspector.errors`, and ServerUnavailableError where nobody answers. Thread-safe.
    """

    def __init__(
        self,
        address: str | Endpoint,
        *,
        timeout: float | None = TIMEOUT,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        retries: int = RETRIES,
    ) -> None:
        """Connect when first needed, to host:port (with `timeout` in seconds per call), or as an endpoint says.

        `retries` is how many times a call comes again where the server is busy, or is lost and nothing was done twice.
        """
        load_plugins()
        self._connection = Connection(
            Endpoint.parse(address, timeout=timeout, max_message_bytes=max_message_bytes, retries=retries)
        )

    def upload(
        self,
        source: ModelSource,
        *,
        name: str | None = None,
        preprocessing: PreprocessingLike | None = None,
        labels: Sequence[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
        timeout: float | None = None,
    ) -> ServedModel:
        """Send an .onnx file or its bytes, and load it; without a name it gets the file's.

        `preprocessing` (only the keys to override, or the name of a preset) and `labels` are kept with it. The same
        upload once more is no error; other bytes under a name that is taken are a ConflictError. `progress` is called
        with the bytes sent and all bytes; `timeout` (seconds) is for sending and loading.
        """
        identifier = id_for(source) if name is None else model_id(name)
        with open_model(source) as stream:
            messages = upload_messages(
                stream,
                identifier=identifier,
                preprocessing=preprocessing,
                labels=labels,
                progress=progress,
            )
            return self._connection.do(calls.upload_model(messages), Control(timeout=timeout))

    def register(self, name: str) -> ServedModel:
        """Load a model that lies in the server's repository folder under that name."""
        return self._connection.do(calls.register_model(name))

    def models(self) -> tuple[ServedModel, ...]:
        """Return all models of the server, by name."""
        return self._connection.pages(calls.list_models())

    def served(self, name: str) -> ServedModel:
        """Return what the server tells of a model, loaded or not; NotFoundError names the nearest ones."""
        return self._connection.do(calls.get_model(name))

    def model(self, name: str) -> Model:
        """Return a model to work with, with the verbs that it has in process; NotFoundError names the nearest ones."""
        self.served(name)
        identifier = model_id(name)
        return Model(WireBackend(self._connection, identifier), name=identifier)

    def attribution_methods(self) -> tuple[MethodInfo, ...]:
        """Return the methods of `attribute`, by name, with their options."""
        return self._connection.pages(calls.list_methods())

    def verbs(self) -> tuple[VerbInfo, ...]:
        """Return what can be asked of the server's models, by name, with the options."""
        return self._connection.pages(calls.list_verbs())

    def load(
        self, name: str, *, preprocessing: PreprocessingLike | None = None, timeout: float | None = None
    ) -> ServedModel:
        """Make a model ready; `preprocessing` overrides its keys until it is unloaded, `timeout` is in seconds."""
        return self._connection.do(calls.load_model(name, preprocessing), Control(timeout=timeout))

    def unload(self, name: str) -> ServedModel:
        """Free a model's memory once its running calls have ended."""
        return self._connection.do(calls.unload_model(name))

    def delete(self, name: str) -> None:
        """Unload a model, and remove it if it was uploaded."""
        self._connection.do(calls.delete_model(name))

    def collections(self) -> tuple[CollectionInfo, ...]:
        """Return all collections of the server, by name."""
        return WireCollections(self._connection).list()

    def collection(self, name: str) -> Collection:
        """Return a collection to work with; it exists once something was added."""
        return Collection(WireCollections(self._connection), name)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
