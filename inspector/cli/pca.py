"""`inspector pca`."""

from __future__ import annotations

from typing import Annotated

import typer
from PIL import Image

from inspector.cli.options import AnswerOptions, FeatureOptions, Images, Model, WhereOptions, find_images
from inspector.cli.output import print_json, print_table, say_written
from inspector.cli.parameters import grouped
from inspector.cli.where import features_of
from inspector.collections.pca import fit_pca
from inspector.errors import InvalidInputError
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.images import decode_image
from inspector.render.scatter import pca_scatter
from inspector.types.results.base import save_pictures


@grouped
def pca(
    model: Model,
    images: Images,
    *,
    features: FeatureOptions,
    components: Annotated[int, typer.Option("--components", "-n", min=1, help="How many axes.")] = 2,
    where: WhereOptions,
    answer: AnswerOptions,
) -> None:
    """Lay images out on the principal components of their features."""
    if answer.output is not None and components < 2:
        raise InvalidInputError("A picture needs two components: --components 2.", field="components")
    paths = find_images(images)
    vectors = features_of(paths, model, features=features, where=where)
    fitted = fit_pca(vectors, components=components)
    points = fitted.project(vectors)
    if answer.output is not None:
        thumbnails = [Image.fromarray(decode_image(path, limits=Limits())) for path in paths]
        shares = [float(share) for share in fitted.explained_variance_ratio[:2]]
        picture = pca_scatter(points[:, :2], thumbnails, explained=shares)
        for path in save_pictures([picture], answer.output):
            say_written(path)
    rows = [{"image": path, "point": point} for path, point in zip(paths, points, strict=True)]
    if answer.as_json:
        print_json({"explained_variance_ratio": fitted.explained_variance_ratio, "points": rows})
    elif answer.output is None:
        numbers = [(r["image"], *(f"{v:.4g}" for v in r["point"])) for r in rows]
        columns = ("image", *(f"PC{i + 1}" for i in range(components)))
        print_table(columns, numbers, title="principal components")
