"""`inspector neighbors`."""

from __future__ import annotations

from typing import Annotated

import typer

from inspector.cli.destination import destination
from inspector.cli.exits import EXIT_INCOMPLETE
from inspector.cli.images import thumbnail
from inspector.cli.options import (
    AnswerOptions,
    FeatureOptions,
    Image,
    Images,
    ModelName,
    WhereOptions,
)
from inspector.cli.output import deliver
from inspector.cli.parameters import grouped
from inspector.cli.where import features_of
from inspector.collections.neighbors import neighbors as find_neighbors
from inspector.render.answer import Answer
from inspector.render.strip import neighbor_strip
from inspector.types.image_files import find_images
from inspector.types.results.suffixes import DOCUMENT, PAGE, PICTURES, TABLE


@grouped
def neighbors(
    model: ModelName,
    query: Image,
    images: Images,
    *,
    features: FeatureOptions,
    k: Annotated[int, typer.Option("-k", min=1, help="How many.")] = 5,
    metric: Annotated[str, typer.Option("--metric", help="cosine or euclidean.")] = "cosine",
    where: WhereOptions,
    answer: AnswerOptions,
) -> None:
    """Find the images whose features are nearest to the query's."""
    where.require_consistent()
    to = destination(answer.output, command="neighbors", forms=(*PICTURES, *TABLE, *DOCUMENT, *PAGE))
    vectors, answered = features_of(
        [query, *find_images(images)], model, features=features, where=where, needed=1
    )
    paths = answered.images[1:]
    found = find_neighbors(vectors[1:], vectors[:1], k=k, metric=metric)
    nearest = [
        (paths[index], float(distance))
        for index, distance in zip(found.indices[0], found.distances[0], strict=True)
    ]
    columns = ("image", f"{metric} distance")
    made = Answer(
        title=f"nearest to {query}",
        lines=(f"nearest to {query}",),
        printed=(columns, [(str(path), f"{distance:.4f}") for path, distance in nearest]),
        sheet=lambda: (columns, nearest),
        document=lambda: {
            "query": query,
            "metric": metric,
            "neighbors": [{"image": path, "distance": distance} for path, distance in nearest],
        },
        pictures=lambda: [
            neighbor_strip(
                thumbnail(query),
                [thumbnail(path) for path, _ in nearest],
                [distance for _, distance in nearest],
            )
        ],
    )
    deliver(made, to, as_json=answer.as_json, command="neighbors")
    if not answered.is_complete:
        raise typer.Exit(EXIT_INCOMPLETE)
