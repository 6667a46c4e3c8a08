"""The client of a running service, for event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType

from inspector.client import calls
from inspector.client.aio.backend import AsyncBackend
from inspector.client.aio.collection import AsyncCollection
from inspector.client.aio.connection import AsyncConnection
from inspector.client.aio.model import AsyncModel
from inspector.client.endpoint import MAX_MESSAGE_BYTES, TIMEOUT, Endpoint
from inspector.client.retries import RETRIES
from inspector.client.upload import id_for, open_model, upload_messages
from inspector.plugins import load_plugins
from inspector.types.collections import CollectionInfo
from inspector.types.control import Control
from inspector.types.options import MethodInfo, VerbInfo
from inspector.types.preprocessing import PreprocessingLike
from inspector.types.served_model import ServedModel
from inspector.types.sources import ModelSource
from inspector.wire.models import model_id


class AsyncClient:
    """A connection to a service, as `inspector.client.Client`, with coroutines in place of functions.

    For one event loop. Raises the errors of `inspector.errors`, and ServerUnavailableError where nobody answers.
    """

    def __init__(
        self,
        address: str | Endpoint,
        *,
        timeout: float | None = TIMEOUT,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        retries: int = RETRIES,
    ) -> None:
        """Connect when first needed, to host:port (with `timeout` in seconds per call), or as an endpoint says."""
        load_plugins()
        self._connection = AsyncConnection(
            Endpoint.parse(address, timeout=timeout, max_message_bytes=max_message_bytes, retries=retries)
        )

    async def upload(
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

        `preprocessing` and `labels` are kept with it. The same upload once more is no error. `progress` is called with
        the bytes sent and all bytes, from a thread; `timeout` (seconds) is for sending and loading.
        """
        identifier = await asyncio.to_thread(id_for, source) if name is None else model_id(name)
        with open_model(source) as stream:
            messages = await asyncio.to_thread(
                upload_messages,
                stream,
                identifier=identifier,
                preprocessing=preprocessing,
                labels=labels,
                progress=progress,
            )
            return await self._connection.do(calls.upload_model(messages), Control(timeout=timeout))

    async def register(self, name: str) -> ServedModel:
        """Load a model that lies in the server's repository folder under that name."""
        return await self._connection.do(calls.register_model(name))

    async def models(self) -> tuple[ServedModel, ...]:
        """Return all models of the server, by name."""
        return await self._connection.pages(calls.list_models())

    async def served(self, name: str) -> ServedModel:
        """Return what the server tells of a model, loaded or not; NotFoundError names the nearest ones."""
        return await self._connection.do(calls.get_model(name))

    async def model(self, name: str) -> AsyncModel:
        """Return a model to work with, with the verbs that it has in process; NotFoundError names the nearest ones."""
        await self.served(name)
        identifier = model_id(name)
        return AsyncModel(AsyncBackend(self._connection, identifier), name=identifier)

    async def attribution_methods(self) -> tuple[MethodInfo, ...]:
        """Return the methods of `attribute`, by name, with their options."""
        return await self._connection.pages(calls.list_methods())

    async def verbs(self) -> tuple[VerbInfo, ...]:
        """Return what can be asked of the server's models, by name, with the options."""
        return await self._connection.pages(calls.list_verbs())

    async def load(
        self, name: str, *, preprocessing: PreprocessingLike | None = None, timeout: float | None = None
    ) -> ServedModel:
        """Make a model ready; `preprocessing` overrides its keys until it is unloaded, `timeout` is in seconds."""
        return await self._connection.do(calls.load_model(name, preprocessing), Control(timeout=timeout))

    async def unload(self, name: str) -> ServedModel:
        """Free a model's memory once its running calls have ended."""
        return await self._connection.do(calls.unload_model(name))

    async def delete(self, name: str) -> None:
        """Unload a model, and remove it if it was uploaded."""
        await self._connection.do(calls.delete_model(name))

    async def collections(self) -> tuple[CollectionInfo, ...]:
        """Return all collections of the server, by name."""
        return await self._connection.pages(calls.list_collections())

    def collection(self, name: str) -> AsyncCollection:
        """Return a collection to work with; it exists once something was added."""
        return AsyncCollection(self._connection, name)

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
