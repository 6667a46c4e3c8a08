"""`inspector neighbors`."""

from __future__ import annotations

from typing import Annotated

import typer

from inspector.cli.options import FeatureOptions, Image, Images, Json, Model, WhereOptions, find_images
from inspector.cli.output import print_json, print_table
from inspector.cli.parameters import grouped
from inspector.cli.where import features_of
from inspector.collections.neighbors import neighbors as find_neighbors


@grouped
def neighbors(
    model: Model,
    query: Image,
    images: Images,
    *,
    features: FeatureOptions,
    k: Annotated[int, typer.Option("-k", min=1, help="How many.")] = 5,
    metric: Annotated[str, typer.Option("--metric", help="cosine or euclidean.")] = "cosine",
    where: WhereOptions,
    as_json: Json = False,
) -> None:
    """Find the images whose features are nearest to the query's."""
    paths = find_images(images)
    vectors = features_of([query, *paths], model, features=features, where=where)
    found = find_neighbors(vectors[1:], vectors[:1], k=k, metric=metric)
    rows = [
        {"image": paths[index], "distance": float(distance)}
        for index, distance in zip(found.indices[0], found.distances[0], strict=True)
    ]
    if as_json:
        print_json({"query": query, "metric": metric, "neighbors": rows})
        return
    print_table(
        ("image", f"{metric} distance"),
        [(r["image"], f"{r['distance']:.4f}") for r in rows],
        title=f"nearest to {query}",
    )
