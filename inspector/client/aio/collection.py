"""A collection on a server, for event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from inspector.client import collection_calls as calls
from inspector.client.aio.connection import AsyncConnection
from inspector.client.aio.model import AsyncModel
from inspector.errors import EngineError
from inspector.face.collections import items_of, queries_of, text_or_nothing
from inspector.types.arrays import Array
from inspector.types.collections import CollectionInfo, Metric, Neighbors, Pca
from inspector.types.control import Control, Deadline
from inspector.types.given import require_text


class AsyncCollection:
    """A collection by its name, as `inspector.client.Collection`; it exists once something was added."""

    def __init__(self, connection: AsyncConnection, name: str) -> None:
        self._connection = connection
        self.name = require_text(name, field="collection")

    def __repr__(self) -> str:
        return f"<AsyncCollection {self.name!r} at {self._connection.address}>"

    async def info(self) -> CollectionInfo:
        """Return what is known of it now."""
        return await self._connection.do(calls.get_collection(self.name))

    async def add(
        self,
        images: Mapping[str, object] | None = None,
        *,
        vectors: Mapping[str, Array] | None = None,
        attributes: Mapping[str, Mapping[str, str]] | None = None,
        model: AsyncModel | str | None = None,
        layer: str | None = None,
        pooling: str | None = None,
        timeout: float | None = None,
    ) -> CollectionInfo:
        """Add images, of which the model makes vectors, or vectors, by id; `attributes` by id too.

        The first call makes the collection and binds it to the model, layer and pooling. Many go in several requests.
        """
        requests = calls.add_items(
            self.name,
            items_of(images, vectors=vectors, attributes=attributes),
            model=model.name
            if isinstance(model, AsyncModel)
            else text_or_nothing(model, field="model") or "",
            layer=text_or_nothing(layer, field="layer") or "",
            pooling=text_or_nothing(pooling, field="pooling"),
        )
        control = Control(timeout=timeout)
        deadline = None if control.timeout is None else Deadline(control.timeout)
        info: CollectionInfo | None = None
        while (call := await asyncio.to_thread(next, requests, None)) is not None:
            if deadline is not None:
                control = replace(control, timeout=deadline.left())
            info = await self._connection.do(call, control)
        if info is None:
            raise EngineError("Nothing was sent.")
        return info

    async def neighbors(
        self,
        images: object = None,
        *,
        vectors: Sequence[Array] | None = None,
        items: Sequence[str] | None = None,
        k: int = 10,
        metric: Metric | str = Metric.COSINE,
        timeout: float | None = None,
    ) -> Neighbors:
        """Return the `k` nearest items of each query, nearest first: of images, or of vectors, or of items by id."""
        queries = queries_of(images, vectors, items)
        call = await asyncio.to_thread(calls.find_neighbors, self.name, queries, k=k, metric=metric)
        return await self._connection.do(call, Control(timeout=timeout))

    async def pca(self, *, components: int = 2, timeout: float | None = None) -> Pca:
        """Return the principal components, and the items on them."""
        call = calls.compute_pca(self.name, components=components)
        return await self._connection.do(call, Control(timeout=timeout))

    async def delete(self) -> None:
        """Forget the collection and its items."""
        await self._connection.do(calls.delete_collection(self.name))
