"""What is checked before anything reaches a store: ids, attributes, vectors, and what a search asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inspector.collections.store import ItemBatch
from inspector.collections.vectors import FloatArray, as_vector
from inspector.errors import InvalidInputError, LimitExceededError, in_brief
from inspector.types.collections import Item, Metric, Query
from inspector.types.given import require_text
from inspector.types.targets import whole_number

MAX_ID_CHARACTERS = 512
MAX_ATTRIBUTES = 64
MAX_ATTRIBUTE_CHARACTERS = 4096
MOST_NEIGHBORS = 1 << 21
"""Of all queries of a call together."""


def require_items(items: Sequence[Item]) -> None:
    """Raise where there is nothing to add, or an id, its attributes or what stands under it is off."""
    _require_some(items, field="items")
    seen: set[str] = set()
    for index, item in enumerate(items):
        _require_texts(item, field=f"items[{index}]")
        if item.id in seen:
            raise InvalidInputError(
                f"Item {item.id!r} is given twice in one call; ids must differ.",
                reason="DUPLICATE_ID",
                field=f"items[{index}].id",
            )
        seen.add(item.id)
        _require_one_of({"image": item.image, "vector": item.vector}, field=f"items[{index}]")


def require_queries(queries: Sequence[Query]) -> None:
    """Raise where there is nothing to look for, or a query asks for nothing or for two things."""
    _require_some(queries, field="queries")
    for index, query in enumerate(queries):
        given = {"image": query.image, "vector": query.vector, "item": query.item}
        _require_one_of(given, field=f"queries[{index}]")


def batch_of(items: Sequence[Item], *, dimension: int | None) -> ItemBatch:
    """Return checked items, all of which have vectors, as what a store takes; None: of the first one's dimension."""
    vectors: list[FloatArray] = []
    for index, item in enumerate(items):
        if item.vector is None:
            raise ValueError(f"Item {item.id!r} has no vector yet.")
        what, field = f"The vector of item {item.id!r}", f"items[{index}].vector"
        vectors.append(as_vector(item.vector, dimension=dimension, field=field, what=what))
        dimension = vectors[0].size
    return ItemBatch(
        ids=tuple(item.id for item in items),
        vectors=np.stack(vectors),
        attributes=tuple(item.attributes for item in items),
    )


def require_k(k: int) -> int:
    """Return k if so many neighbors can be asked for."""
    k = whole_number(k, field="k")
    if k < 1:
        raise InvalidInputError(f"k is {k}; it must be at least 1.", field="k")
    return k


def require_room(k: int, *, queries: int) -> int:
    """Return k if so many neighbors of so many queries can be held."""
    if k * queries > MOST_NEIGHBORS:
        raise LimitExceededError(
            f"k is {k:,} for {queries:,} queries, which are {k * queries:,} neighbors; at most {MOST_NEIGHBORS:,} are "
            "found at a time. Ask for fewer, or in several calls.",
            field="k",
        )
    return k


def require_metric(given: Metric | str) -> Metric:
    """Return the metric of that name."""
    if isinstance(given, str) and given in list(Metric):
        return Metric(given)
    raise InvalidInputError(
        f"metric is {in_brief(given, long='a {}')}; give one of {', '.join(Metric)}.", field="metric"
    )


def require_components(components: int, *, count: int, dimension: int) -> int:
    """Return the number of components if so many vectors of that dimension have them."""
    components = whole_number(components, field="components")
    if count < 2:
        raise InvalidInputError("PCA needs at least two vectors; one was given.", field="vectors")
    if not 1 <= components <= min(count, dimension):
        raise InvalidInputError(
            f"components is {components}; {count} vectors of {dimension} dimensions allow "
            f"1 to {min(count, dimension)}.",
            field="components",
        )
    return components


def _require_some(given: Sequence[object], *, field: str) -> None:
    if not given:
        raise InvalidInputError(f"{field} is empty; give at least one.", reason="MISSING", field=field)


def _require_texts(item: Item, *, field: str) -> None:
    require_text(item.id, field=f"{field}.id")
    if not isinstance(item.attributes, Mapping):
        raise InvalidInputError(
            f"The attributes of item {item.id!r} are {in_brief(item.attributes, long='a {}')}; give a mapping from "
            "texts to texts.",
            field=f"{field}.attributes",
        )
    if not 1 <= len(item.id) <= MAX_ID_CHARACTERS:
        raise InvalidInputError(
            f"{field}.id has {len(item.id)} characters; it must not be empty, and at most {MAX_ID_CHARACTERS} are "
            "allowed.",
            field=f"{field}.id",
        )
    texts = [text for pair in item.attributes.items() for text in pair]
    if not all(isinstance(text, str) for text in texts):
        raise InvalidInputError(
            f"The attributes of item {item.id!r} hold {in_brief(item.attributes)}; keys and values must be strings.",
            field=f"{field}.attributes",
        )
    longest = max(map(len, texts), default=0)
    if len(item.attributes) > MAX_ATTRIBUTES or longest > MAX_ATTRIBUTE_CHARACTERS:
        raise LimitExceededError(
            f"{field} has {len(item.attributes)} attributes, the longest of {longest} characters; at most "
            f"{MAX_ATTRIBUTES} of {MAX_ATTRIBUTE_CHARACTERS} are kept.",
            field=f"{field}.attributes",
        )


def _require_one_of(given: dict[str, object], *, field: str) -> None:
    found = [name for name, value in given.items() if value is not None]
    if len(found) == 1:
        return
    names = " or ".join(given)
    if not found:
        raise InvalidInputError(f"{field} is empty; set {names}.", reason="MISSING", field=field)
    raise InvalidInputError(f"{field} has {' and '.join(found)}; set only one of {names}.", field=field)
