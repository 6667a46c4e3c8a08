"""Collections of vectors: what may be put in, what is near in them, and how they lie; whatever keeps them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from uuid import uuid4

import numpy as np

import inspector.collections as lazily
from inspector.collections.binding import Binding, binding_for
from inspector.collections.checks import (
    batch_of,
    require_components,
    require_items,
    require_k,
    require_metric,
    require_queries,
    require_room,
)
from inspector.collections.embedding import Embed, embedded, no_model
from inspector.collections.store import Block, Header, HeaderChangedError, IdsTakenError, Store, Summary
from inspector.collections.vectors import FloatArray, as_vector
from inspector.collections.viewer import EVERYBODY, Viewer
from inspector.errors import (
    AlreadyExistsError,
    ConflictError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    unknown_name,
)
from inspector.types.collections import CollectionInfo, Item, Metric, Neighbor, Neighbors, Pca, Query
from inspector.types.control import NEVER, Cancellation
from inspector.types.names import require_id

_ATTEMPTS = 16
"""A header changes when a collection is made or deleted, and once when its model is first used."""


class Collections:
    """The collections of a store. Thread-safe where the store and `embed` are.

    Every verb is done in full or not at all, and answers for one moment of the collection.
    """

    def __init__(self, store: Store, *, embed: Embed = no_model, viewer: Viewer = EVERYBODY) -> None:
        self._store = store
        self._embed = embed
        self._viewer = viewer

    def seen_by(self, viewer: Viewer) -> Collections:
        """Return the same collections as somebody sees them: others' are not there."""
        return Collections(self._store, embed=self._embed, viewer=viewer)

    def add(
        self,
        name: str,
        items: Sequence[Item],
        *,
        model: str = "",
        layer: str = "",
        pooling: str | None = None,
        cancellation: Cancellation = NEVER,
    ) -> CollectionInfo:
        """Add items, all or none; the first ones make the collection and bind it to the model, layer and pooling.

        InvalidInputError: an id, a vector or an image is off. ConflictError: an id is taken, or the collection is
        bound to something else. LimitExceededError: the store is full. CancelledError: before anything is added.
        """
        binding = self.binding(name, items, model=model, layer=layer, pooling=pooling)
        return self.append(name, *embedded(items, binding, self._embed, cancellation=cancellation))

    def binding(
        self,
        name: str,
        items: Sequence[Item],
        *,
        model: str = "",
        layer: str = "",
        pooling: str | None = None,
    ) -> Binding:
        """Check all of an addition that needs no model, and return what would make its vectors: step 1 of `add`.

        For callers whose models run elsewhere; between the steps they make vectors of images by `embedded`.
        """
        require_id(name, field="collection")
        require_items(items)
        summary = self._own(name)
        existing = None if summary is None else summary.header.binding
        return binding_for(existing, model=model, layer=layer, pooling=pooling)

    def append(self, name: str, items: Sequence[Item], binding: Binding) -> CollectionInfo:
        """Add items that have vectors, made by what `binding` says: step 2 of `add`."""
        require_id(name, field="collection")
        require_items(items)
        for _ in range(_ATTEMPTS):
            found = self._own(name)
            old = None if found is None else found.header
            batch = batch_of(items, dimension=None if old is None else old.dimension)
            if old is None:
                dimension = batch.vectors.shape[1]
                self._require_room()
                header = Header(
                    name=name,
                    key=uuid4().hex,
                    dimension=dimension,
                    binding=binding,
                    owner=self._viewer.owner,
                )
            else:
                header = replace(old, binding=binding.joined(old.binding, name=name))
            try:
                return _info(self._store.append(batch, header=header, replacing=old))
            except HeaderChangedError:
                continue
            except IdsTakenError as error:
                raise _taken(name, error.ids) from None
        raise _replaced(name)

    def neighbors(
        self,
        name: str,
        queries: Sequence[Query],
        *,
        k: int = 10,
        metric: Metric | str = Metric.COSINE,
        key: str | None = None,
        cancellation: Cancellation = NEVER,
    ) -> Neighbors:
        """Return the k items nearest to each query, exactly; fewer where the collection has fewer.

        `key` is that of the header by whose binding the queries' vectors were made: ConflictError where the
        collection has another by now.
        """
        summary = self._summary(name)
        if key not in (None, summary.header.key):
            raise _replaced(name)
        require_queries(queries)
        k = require_room(min(require_k(k), summary.item_count), queries=len(queries))
        metric = require_metric(metric)
        queries, _ = embedded(queries, summary.header.binding, self._embed, cancellation=cancellation)
        asked = self._asked(summary.header, queries)
        with closing(self._blocks(summary, cancellation)) as blocks:
            vectors = (block.vectors for block in blocks)
            found = lazily.neighbors.nearest(vectors, asked, k=k, metric=metric, cancellation=cancellation)
        items = self._store.items(name, np.unique(found.indices).tolist())
        self._require_still(summary.header)

        def neighbor(index: int, distance: float) -> Neighbor:
            item = items[index]
            return Neighbor(id=item.id, index=index, distance=distance, attributes=dict(item.attributes))

        rows = zip(found.indices.tolist(), found.distances.tolist(), strict=True)
        return Neighbors(results=tuple(tuple(map(neighbor, *row)) for row in rows))

    def pca(self, name: str, *, components: int = 2, cancellation: Cancellation = NEVER) -> Pca:
        """Return the principal components of all vectors, and where the items lie on them."""
        summary = self._summary(name)
        count, dimension = summary.item_count, summary.header.dimension
        components = require_components(components, count=count, dimension=dimension)
        with closing(self._blocks(summary, cancellation)) as blocks:
            vectors = (block.vectors for block in blocks)
            axes = lazily.pca.fit(
                vectors,
                count=count,
                dimension=dimension,
                components=components,
                cancellation=cancellation,
            )
        points = np.empty((count, components), np.float32)
        ids: list[str] = []
        with closing(self._blocks(summary, cancellation)) as blocks:
            for block in blocks:
                points[len(ids) : len(ids) + len(block.ids)] = axes.project(block.vectors)
                ids.extend(block.ids)
        self._require_still(summary.header)
        return Pca(
            mean=axes.mean,
            components=axes.components,
            explained_variance_ratio=axes.explained_variance_ratio,
            points=points,
            ids=tuple(ids),
        )

    def info(self, name: str) -> CollectionInfo:
        """Return what is known of a collection; NotFoundError names the nearest ones."""
        return _info(self._summary(name))

    def header(self, name: str) -> Header:
        """Return what a collection is bound to, and the key that tells it from another of its name."""
        return self._summary(name).header

    def names(self) -> tuple[str, ...]:
        """Return the names of all collections, sorted."""
        if self._viewer.sees_all:
            return self._store.names()
        return tuple(name for name in self._store.names() if self._seen(name) is not None)

    def list(self, names: Sequence[str] | None = None) -> tuple[CollectionInfo, ...]:
        """Return what is known of all collections, or of those named that are there, in their order."""
        found = map(self._seen, self._store.names() if names is None else names)
        return tuple(_info(summary) for summary in found if summary is not None)

    def delete(self, name: str) -> None:
        """Forget a collection and its items."""
        self._require_mine(self._summary(name))  # one that is not seen is not there
        if not self._store.delete(name):
            raise unknown_name("collection", name, self.names())

    def _summary(self, name: str) -> Summary:
        require_id(name, field="collection")
        summary = self._seen(name)
        if summary is None:
            raise unknown_name("collection", name, self.names())
        return summary

    def _seen(self, name: str) -> Summary | None:
        """Return a collection as it is now; None where the viewer has none of that name to see."""
        summary = self._store.info(name)
        return summary if summary is not None and self._viewer.may_see(summary.header.owner) else None

    def _own(self, name: str) -> Summary | None:
        """Return a collection that is to be changed, None where there is none.

        PermissionDeniedError where it is everybody's, AlreadyExistsError where it is another's.
        """
        summary = self._store.info(name)
        if summary is not None:
            self._require_mine(summary)
        return summary

    def _require_mine(self, summary: Summary) -> None:
        name, owner = summary.header.name, summary.header.owner
        if self._viewer.may_change(owner):
            return
        if self._viewer.may_see(owner):
            raise PermissionDeniedError(
                f"Collection {name!r} is everybody's: callers with the role 'admin' change it.",
                reason="NOT_YOURS",
                field="collection",
            )
        raise AlreadyExistsError(
            f"The name {name!r} is taken by a collection that is not yours. Take another name.",
            reason="COLLECTION_EXISTS",
            field="collection",
        )

    def _require_room(self) -> None:
        most = self._viewer.most
        if most is None:
            return
        summaries = map(self._store.info, self._store.names())
        count = sum(one is not None and one.header.owner == self._viewer.owner for one in summaries)
        if count >= most:
            raise LimitExceededError(
                f"You have {count} collections; a caller may have {most}. Delete one first.",
                reason="TOO_MANY_COLLECTIONS",
                field="collection",
            )

    def _asked(self, header: Header, queries: Sequence[Query]) -> FloatArray:
        """Return the vectors (Q, D) of queries without images."""
        wanted = [query.item for query in queries if query.item is not None]
        known = self._store.vectors(header.name, wanted) if wanted else {}
        rows = []
        for index, query in enumerate(queries):
            if query.item is None:
                field = f"queries[{index}].vector"
                rows.append(as_vector(query.vector, dimension=header.dimension, field=field))  # type: ignore[arg-type]
            elif query.item in known:
                rows.append(known[query.item])
            else:
                raise NotFoundError(
                    f"Collection {header.name!r} has no item {query.item[:80]!r}.",
                    reason="ITEM_NOT_FOUND",
                    field=f"queries[{index}].item",
                )
        if any(row.shape != (header.dimension,) for row in rows):
            raise _replaced(header.name)
        return np.stack(rows)

    def _blocks(self, summary: Summary, cancellation: Cancellation) -> Generator[Block, None, None]:
        """Yield the items that the summary counts: others are added behind them, and none goes alone."""
        cancellation.raise_if_cancelled()
        name, left = summary.header.name, summary.item_count
        with closing(self._store.blocks(name)) as blocks:
            for block in blocks:
                if block.vectors.shape[1] != summary.header.dimension:
                    raise _replaced(name)
                taken = min(left, len(block.ids))
                yield Block(first=block.first, ids=block.ids[:taken], vectors=block.vectors[:taken])
                left -= taken
                if left == 0:
                    return
                cancellation.raise_if_cancelled()
        raise _replaced(name)

    def _require_still(self, header: Header) -> None:
        """Raise where the collection was deleted or made anew: what was read may be of both."""
        if self._summary(header.name).header.key != header.key:
            raise _replaced(header.name)


def _info(summary: Summary) -> CollectionInfo:
    header = summary.header
    return CollectionInfo(
        name=header.name,
        dimension=header.dimension,
        item_count=summary.item_count,
        model=header.binding.model,
        layer=header.binding.layer,
        pooling=header.binding.pooling,
    )


def _taken(name: str, ids: Sequence[str]) -> AlreadyExistsError:
    return AlreadyExistsError(
        f"Collection {name!r} has {len(ids)} of the given items already, the first is {ids[0]!r}. "
        "Give them other ids; an item is never overwritten.",
        reason="ITEM_EXISTS",
        field="items.id",
    )


def _replaced(name: str) -> ConflictError:
    return ConflictError(
        f"Collection {name!r} was deleted or replaced by another meanwhile. Try again.",
        reason="COLLECTION_REPLACED",
        field="collection",
    )
