"""`inspector.collection`: a collection in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from inspector.collections.binding import Binding
from inspector.collections.domain import Collections
from inspector.collections.embedding import Embedded, features_request, no_model
from inspector.collections.registration import store_named
from inspector.collections.store import Store
from inspector.collections.stores.memory import DEFAULT_MAX_BYTES, MemoryStore
from inspector.face.collections import Collection
from inspector.face.model import Model
from inspector.plugins import load_plugins
from inspector.types.collections import CollectionInfo, Item, Metric, Neighbors, Pca, Query

STORE = MemoryStore()
"""The collections of this process, where no other store is given."""


class LocalCollections:
    """Answers what is asked of the collections of a store, with loaded models that make vectors of images."""

    def __init__(self, store: Store, models: Sequence[Model]) -> None:
        self.store = store
        self._models: Mapping[str, Model] = {one.name: one for one in models}

    def __repr__(self) -> str:
        return f"a {type(self.store).__name__} of this process"

    def add(
        self,
        name: str,
        items: Sequence[Item],
        *,
        model: Model | str = "",
        layer: str = "",
        pooling: str | None = None,
    ) -> CollectionInfo:
        """Add items, all or none; a loaded model that made their vectors is kept for what comes later."""
        models = self._models
        if isinstance(model, Model):
            models = {**models, model.name: model}
            model = model.name
        info = self._with(models).add(name, items, model=model, layer=layer, pooling=pooling)
        self._models = models  # only now: a model that was refused is not kept
        return info

    def neighbors(
        self, name: str, queries: Sequence[Query], *, k: int = 10, metric: Metric | str = Metric.COSINE
    ) -> Neighbors:
        """Return the items nearest to each query."""
        return self._with(self._models).neighbors(name, queries, k=k, metric=metric)

    def pca(self, name: str, *, components: int = 2) -> Pca:
        """Return the principal components, and where the items lie on them."""
        return self._with(self._models).pca(name, components=components)

    def info(self, name: str) -> CollectionInfo:
        """Return what is known of a collection."""
        return self._with(self._models).info(name)

    def delete(self, name: str) -> None:
        """Forget a collection and its items."""
        self._with(self._models).delete(name)

    def _with(self, models: Mapping[str, Model]) -> Collections:
        return Collections(self.store, embed=partial(_embed, models))


def collection(name: str, *, models: Model | Sequence[Model] = (), store: Store | str = STORE) -> Collection:
    """Return a collection of this process; it exists once something was added.

    `models` make vectors of images; a collection is bound to one of them by its name. `store` is a store, or
    the name of a kind of which a new one is made.
    """
    load_plugins()
    place = store_named(store)(max_bytes=DEFAULT_MAX_BYTES) if isinstance(store, str) else store
    return Collection(LocalCollections(place, [models] if isinstance(models, Model) else models), name)


def _embed(models: Mapping[str, Model], images: Sequence[object], binding: Binding) -> Embedded:
    model = models.get(binding.require_model())
    if model is None:
        return no_model(images, binding)
    sha256 = model.info.sha256
    binding.made_by(sha256)
    found = model.ask(features_request(images, binding))
    return Embedded(vectors=found.vectors, sha256=sha256)
