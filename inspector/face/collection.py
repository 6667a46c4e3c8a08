"""`inspector.collection`: a collection in this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from inspector.collections.binding import Binding
from inspector.collections.domain import Collections
from inspector.collections.embedding import Embedded, features_request, no_model
from inspector.collections.registration import store_named
from inspector.collections.store import Store
from inspector.collections.stores.memory import DEFAULT_MAX_BYTES, MemoryStore
from inspector.errors import InvalidInputError, in_brief, naming
from inspector.face.collections import Collection
from inspector.face.model import Model
from inspector.face.time_limit import in_time
from inspector.plugins import load_plugins
from inspector.types.collections import CollectionInfo, Item, Metric, Neighbors, Pca, Query
from inspector.types.control import FREE, Cancellation, Control
from inspector.types.given import as_items

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
        control: Control = FREE,
    ) -> CollectionInfo:
        """Add items, all or none; a loaded model that made their vectors is kept for what comes later."""
        models = self._models
        if isinstance(model, Model):
            models = {**models, model.name: model}
            model = model.name
        with self._under(control, models) as (collections, token):
            info = collections.add(name, items, model=model, layer=layer, pooling=pooling, cancellation=token)
        self._models = models  # only now: a model that was refused is not kept
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
        with self._under(control, self._models) as (collections, token):
            return collections.neighbors(name, queries, k=k, metric=metric, cancellation=token)

    def pca(self, name: str, *, components: int = 2, control: Control = FREE) -> Pca:
        """Return the principal components, and where the items lie on them."""
        with self._under(control, self._models) as (collections, token):
            return collections.pca(name, components=components, cancellation=token)

    def info(self, name: str) -> CollectionInfo:
        """Return what is known of a collection."""
        return Collections(self.store).info(name)

    def delete(self, name: str) -> None:
        """Forget a collection and its items."""
        Collections(self.store).delete(name)

    @contextmanager
    def _under(
        self, control: Control, models: Mapping[str, Model]
    ) -> Iterator[tuple[Collections, Cancellation]]:
        """Give the collections, whose models run under the control, and the token that ends what is asked of them."""
        with in_time(control) as timed:
            yield Collections(self.store, embed=partial(_embed, models, timed)), timed.cancellation


def collection(name: str, *, models: Model | Sequence[Model] = (), store: Store | str = STORE) -> Collection:
    """Return a collection of this process; it exists once something was added.

    `models` make vectors of images; a collection is bound to one of them by its name. `store` is a store, or
    the name of a kind of which a new one is made.
    """
    load_plugins()
    place = store_named(store)(max_bytes=DEFAULT_MAX_BYTES) if isinstance(store, str) else store
    if not all(callable(getattr(place, verb, None)) for verb in ("info", "append", "vectors", "blocks")):
        raise InvalidInputError(
            f"store is {in_brief(store, long='a {}')}; give a store, or the name of a kind of store.",
            field="store",
        )
    with naming("models"):
        given = [models] if isinstance(models, Model) else as_items(models)
    if given is None or not all(isinstance(model, Model) for model in given):
        raise InvalidInputError(
            f"models is {in_brief(models, long='a {}')}; give a loaded model, or several.", field="models"
        )
    return Collection(LocalCollections(place, given), name)


def _embed(
    models: Mapping[str, Model], control: Control, images: Sequence[object], binding: Binding
) -> Embedded:
    model = models.get(binding.require_model())
    return no_model(images, binding) if model is None else embed_by(model, control, images, binding)


def embed_by(model: Model, control: Control, images: Sequence[object], binding: Binding) -> Embedded:
    """Return the vectors that a loaded model makes of images; ConflictError at once where it is not the binding's."""
    sha256 = model.info.sha256
    binding.made_by(sha256)
    found = model.backend.ask(features_request(images, binding), control)
    return Embedded(vectors=found.vectors, sha256=sha256)
