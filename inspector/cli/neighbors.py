"""`inspector neighbors`."""

from __future__ import annotations

from typing import Annotated

import typer

from inspector.cli import options
from inspector.cli.features import Pooling
from inspector.cli.output import print_json, print_table
from inspector.cli.subject import open_subject
from inspector.collections.neighbors import neighbors as find_neighbors


def neighbors(
    model: options.Model,
    query: options.Image,
    images: options.Images,
    layer: options.Layer = None,
    pooling: Pooling = "mean",
    k: Annotated[int, typer.Option("-k", min=1, help="How many.")] = 5,
    metric: Annotated[str, typer.Option("--metric", help="cosine or euclidean.")] = "cosine",
    server: options.Server = None,
    device: options.Device = "auto",
    preprocessing: options.Preprocessing = None,
    as_json: options.Json = False,
) -> None:
    """Find the images whose features are nearest to the query's."""
    subject = open_subject(model, server=server, device=device, preprocessing=preprocessing)
    paths = options.find_images(images)
    vectors = subject.features([query, *paths], layer=layer, pooling=pooling)
    found = find_neighbors(vectors[1:], vectors[:1], k=k, metric=metric)
    rows = [
        {"image": paths[index], "distance": float(distance)}
        for index, distance in zip(found.indices[0], found.distances[0], strict=True)
    ]
    if as_json:
        print_json({"query": query, "metric": metric, "neighbors": rows})
        return
    print_table(
        f"nearest to {query}",
        ("image", f"{metric} distance"),
        [(r["image"], f"{r['distance']:.4f}") for r in rows],
    )
