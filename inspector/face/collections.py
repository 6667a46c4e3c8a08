"""A collection of vectors, in this process and on a server alike: which images are alike?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from inspector.errors import InvalidInputError, in_brief, naming, nearest
from inspector.face.model import Model
from inspector.types.arrays import Array
from inspector.types.collections import CollectionInfo, Item, Metric, Neighbors, Pca, Query
from inspector.types.control import FREE, NEVER, Cancellation, Control
from inspector.types.given import as_items, as_texts, require_text
from inspector.types.requests.base import as_images

T = TypeVar("T")


class CollectionsBackend(Protocol):
    """Where collections are: the domain in this process, or a server."""

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
        """Add items, all or none in this process; the first ones make the collection and bind it."""
        ...

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
        ...

    def pca(self, name: str, *, components: int = 2, control: Control = FREE) -> Pca:
        """Return the principal components, and where the items lie on them."""
        ...

    def info(self, name: str) -> CollectionInfo:
        """Return what is known of a collection."""
        ...

    def delete(self, name: str) -> None:
        """Forget a collection and its items."""
        ...


class Collection:
    """A collection by its name; it exists once something was added. Thread-safe.

    What may take long takes `cancellation` and `timeout` (seconds for the whole of it), as the verbs of a model do.
    """

    def __init__(self, backend: CollectionsBackend, name: str) -> None:
        self.backend = backend
        self.name = require_text(name, field="collection")

    def __repr__(self) -> str:
        return f"<Collection {self.name!r} by {self.backend!r}>"

    def info(self) -> CollectionInfo:
        """Return what is known of it now."""
        return self.backend.info(self.name)

    def add(
        self,
        images: Mapping[str, object] | None = None,
        *,
        vectors: Mapping[str, Array] | None = None,
        attributes: Mapping[str, Mapping[str, str]] | None = None,
        model: Model | str | None = None,
        layer: str | None = None,
        pooling: str | None = None,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> CollectionInfo:
        """Add images, of which the model makes vectors, or vectors, by id; `attributes` by id too.

        The first call makes the collection and binds it to the model, layer and pooling. `model` is a model or its
        name. In this process all are added or none; to a server many go in several requests.
        """
        items = items_of(images, vectors=vectors, attributes=attributes)
        return self.backend.add(
            self.name,
            items,
            model=model if isinstance(model, Model) else text_or_nothing(model, field="model") or "",
            layer=text_or_nothing(layer, field="layer") or "",
            pooling=text_or_nothing(pooling, field="pooling"),
            control=_control(cancellation, timeout),
        )

    def neighbors(
        self,
        images: object = None,
        *,
        vectors: Sequence[Array] | None = None,
        items: Sequence[str] | None = None,
        k: int = 10,
        metric: Metric | str = Metric.COSINE,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Neighbors:
        """Return the `k` nearest items of each query, nearest first: of images, or of vectors, or of items by id."""
        queries = queries_of(images, vectors, items)
        control = _control(cancellation, timeout)
        return self.backend.neighbors(self.name, queries, k=k, metric=metric, control=control)

    def pca(
        self,
        *,
        components: int = 2,
        cancellation: Cancellation | None = None,
        timeout: float | None = None,
    ) -> Pca:
        """Return the principal components, and the items on them."""
        return self.backend.pca(self.name, components=components, control=_control(cancellation, timeout))

    def delete(self) -> None:
        """Forget the collection and its items."""
        self.backend.delete(self.name)


def items_of(
    images: Mapping[str, object] | None,
    *,
    vectors: Mapping[str, Array] | None,
    attributes: Mapping[str, Mapping[str, str]] | None,
) -> list[Item]:
    """Return what is added to a collection, with its attributes; InvalidInputError where there is nothing."""
    said = _by_id(attributes, field="attributes")
    images, vectors = _by_id(images, field="images"), _by_id(vectors, field="vectors")
    for key, own in said.items():
        if key not in images and key not in vectors:
            raise InvalidInputError(
                f"attributes has {key!r}, which is not among what is added."
                f"{nearest(key, [*images, *vectors])}",
                field=f"attributes[{key}]",
            )
        if not isinstance(own, Mapping):
            raise InvalidInputError(
                f"The attributes of {key!r} are {in_brief(own, long='a {}')}; give a mapping from texts to texts.",
                field=f"attributes[{key}]",
            )
    items = [Item(id=key, image=image, attributes=said.get(key, {})) for key, image in images.items()]
    items += [Item(id=key, vector=vector, attributes=said.get(key, {})) for key, vector in vectors.items()]
    if not items:
        raise InvalidInputError("There is nothing to add; give images or vectors by id.", field="images")
    return items


def queries_of(images: object, vectors: Sequence[Array] | None, items: Sequence[str] | None) -> list[Query]:
    """Return what the like of is looked for, in order."""
    if sum(given is not None for given in (images, vectors, items)) != 1:
        raise InvalidInputError("Give either images, or vectors, or items.", field="queries")
    if vectors is not None:
        with naming("vectors"):
            found = as_items(vectors)
        if found is None:
            raise _none_of("vectors", vectors, "several vectors, such as the rows of an array")
        return [Query(vector=vector) for vector in found]
    if items is not None:
        with naming("items"):
            ids = as_texts(items)
        if ids is None:
            raise _none_of("items", items, "ids of items, as texts")
        return [Query(item=item) for item in ids]
    with naming("images"):
        images = as_images(images)
    return [Query(image=image) for image in (images if isinstance(images, list | tuple) else [images])]


def _by_id(given: Mapping[str, T] | None, *, field: str) -> Mapping[str, T]:
    """Return what is given by id; InvalidInputError for what is no mapping from texts."""
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise _none_of(field, given, "a mapping from the items' ids, which are texts")
    return given


def _none_of(field: str, value: object, allowed: str) -> InvalidInputError:
    return InvalidInputError(f"{field} is {in_brief(value, long='a {}')}; give {allowed}.", field=field)


def text_or_nothing(value: str | None, *, field: str) -> str | None:
    """Return a text; InvalidInputError names the field of what is none."""
    return None if value is None else require_text(value, field=field)


def _control(cancellation: Cancellation | None, timeout: float | None) -> Control:
    return Control(cancellation=NEVER if cancellation is None else cancellation, timeout=timeout)
