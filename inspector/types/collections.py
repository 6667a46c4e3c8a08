"""Collections of vectors as plain data: what is put in, what is asked, what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from inspector.types.arrays import Array

POOLINGS = ("mean", "max", "none")
"""How feature maps become vectors."""


class Metric(StrEnum):
    """How far two vectors are from each other."""

    COSINE = "cosine"
    """1 − u·v / (|u||v|), 0 to 2; a zero vector has no direction and is at distance 1 from all."""
    EUCLIDEAN = "euclidean"
    """|u − v|."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Item:
    """An image or a vector, under an id that is unique in its collection."""

    id: str
    image: object = None
    """Whatever a model takes for an image: path, bytes, PIL image, array."""
    vector: Array | None = None
    """Shape (D,), finite."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Whatever the caller wants back with it, e.g. the file's name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Query:
    """One thing whose like is looked for: an image, or a vector (D,), or an item of the collection by its id."""

    image: object = None
    vector: Array | None = None
    item: str | None = None


@dataclass(frozen=True, kw_only=True)
class CollectionInfo:
    """What is known of a collection without its items."""

    name: str
    dimension: int
    item_count: int
    model: str
    """The id of the model that makes its vectors; empty where they are the caller's."""
    layer: str
    """Empty: what the last dense layer reads."""
    pooling: str


@dataclass(frozen=True, kw_only=True)
class Neighbor:
    """An item near to a query."""

    id: str
    index: int
    """Its place in the collection, in the order of addition."""
    distance: float
    attributes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Neighbors:
    """Per query its neighbors, nearest first; of equally near ones the one added first. Iterates over the queries."""

    results: tuple[tuple[Neighbor, ...], ...]

    def __iter__(self) -> Iterator[tuple[Neighbor, ...]]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, query: int) -> tuple[Neighbor, ...]:
        return self.results[query]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pca:
    """The principal components of a collection, and where its items lie on them."""

    mean: Array
    """float32 (D,)"""
    components: Array
    """float32 (K, D): orthonormal rows, in order of falling variance; in each the largest loading is positive."""
    explained_variance_ratio: Array
    """float32 (K,): each component's share of the total variance; 0 where all vectors are equal."""
    points: Array
    """float32 (N, K): (x − mean) · componentsᵀ"""
    ids: tuple[str, ...]
    """The items' ids, in the order of `points`."""
