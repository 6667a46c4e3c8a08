"""The collections of a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inspector.client import collection_calls as calls
from inspector.client.calls import list_collections
from inspector.client.connection import Connection
from inspector.face.model import Model
from inspector.types.collections import CollectionInfo, Item, Metric, Neighbors, Pca, Query
from inspector.types.control import FREE, Control, Deadline


class WireCollections:
    """Answers what is asked of collections by a server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"the server at {self._connection.address}"

    def add(
        self,
        name: str,
        items: Sequence[Item],
        *,
        model: Model | str = "",
        layer: str = "",
        pooling: str | None = None,
        control: Control = FREE,
    ) -> CollectionInfo:
        """Add items in requests of bounded size: each request is done in full or not at all."""
        model = model.name if isinstance(model, Model) else model
        deadline = None if control.timeout is None else Deadline(control.timeout)
        for call in calls.add_items(name, items, model=model, layer=layer, pooling=pooling):
            if deadline is not None:
                control = replace(control, timeout=deadline.left())
            info = self._connection.do(call, control)
        return info

    def neighbors(
        self,
        name: str,
        queries: Sequence[Query],
        *,
        k: int = 10,
        metric: Metric | str = Metric.COSINE,
        control: Control = FREE,
    ) -> Neighbors:
        """Return the items nearest to each query."""
        return self._connection.do(calls.find_neighbors(name, queries, k=k, metric=metric), control)

    def pca(self, name: str, *, components: int = 2, control: Control = FREE) -> Pca:
        """Return the principal components, and where the items lie on them."""
        return self._connection.do(calls.compute_pca(name, components=components), control)

    def info(self, name: str) -> CollectionInfo:
        """Return what the server knows of a collection now."""
        return self._connection.do(calls.get_collection(name))

    def list(self) -> tuple[CollectionInfo, ...]:
        """Return what the server knows of all collections, by name."""
        return self._connection.pages(list_collections())

    def delete(self, name: str) -> None:
        """Forget a collection and its items."""
        self._connection.do(calls.delete_collection(name))
