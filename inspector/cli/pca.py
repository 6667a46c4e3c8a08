"""`inspector pca`."""

from __future__ import annotations

from typing import Annotated

import typer

from inspector.cli.destination import destination
from inspector.cli.exits import EXIT_INCOMPLETE
from inspector.cli.images import thumbnail
from inspector.cli.options import AnswerOptions, FeatureOptions, Images, ModelName, WhereOptions
from inspector.cli.output import deliver
from inspector.cli.parameters import grouped
from inspector.cli.where import features_of
from inspector.collections.pca import fit_pca
from inspector.errors import InvalidInputError
from inspector.render.answer import Answer
from inspector.render.scatter import pca_scatter
from inspector.types.image_files import find_images
from inspector.types.results.suffixes import ARRAYS, DOCUMENT, ONE_ARRAY, PAGE, PICTURES, TABLE

_FORMS = (*PICTURES, *ONE_ARRAY, *ARRAYS, *TABLE, *DOCUMENT, *PAGE)


@grouped
def pca(
    model: ModelName,
    images: Images,
    *,
    features: FeatureOptions,
    components: Annotated[int, typer.Option("--components", "-n", min=1, help="How many axes.")] = 2,
    where: WhereOptions,
    answer: AnswerOptions,
) -> None:
    """Lay images out on the principal components of their features."""
    where.require_consistent()
    to = destination(answer.output, command="pca", forms=_FORMS)
    if to is not None and to.suffix in PICTURES and components < 2:
        raise InvalidInputError("A picture needs two components: --components 2.", field="components")
    vectors, answered = features_of(find_images(images), model, features=features, where=where)
    paths = answered.images
    fitted = fit_pca(vectors, components=components)
    points = fitted.project(vectors)
    ratio = fitted.explained_variance_ratio
    columns = ("image", *(f"PC{index + 1}" for index in range(components)))
    placed = list(zip(paths, points.tolist(), strict=True))
    made = Answer(
        title="principal components",
        lines=("principal components",),
        printed=(columns, [(str(path), *(f"{value:.4g}" for value in point)) for path, point in placed]),
        sheet=lambda: (columns, [(path, *point) for path, point in placed]),
        document=lambda: {
            "explained_variance_ratio": ratio,
            "points": [{"image": path, "point": point} for path, point in placed],
        },
        arrays=lambda: (
            {"points": points}
            if to is not None and to.suffix in ONE_ARRAY
            else {"points": points, "explained_variance_ratio": ratio}
        ),
        pictures=lambda: (
            []
            if components < 2
            else [
                pca_scatter(
                    points[:, :2],
                    [thumbnail(path) for path in paths],
                    explained=[float(share) for share in ratio[:2]],
                )
            ]
        ),
    )
    deliver(made, to, as_json=answer.as_json, command="pca")
    if not answered.is_complete:
        raise typer.Exit(EXIT_INCOMPLETE)
