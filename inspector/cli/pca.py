"""`inspector pca`."""

from __future__ import annotations

from typing import Annotated

import typer
from PIL import Image

from inspector.cli import options
from inspector.cli.features import Pooling
from inspector.cli.output import print_json, print_table, write_picture
from inspector.cli.subject import open_subject
from inspector.collections.pca import fit_pca
from inspector.errors import InvalidInputError
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.images import decode_image
from inspector.render.png import to_png
from inspector.render.scatter import pca_scatter


def pca(
    model: options.Model,
    images: options.Images,
    layer: options.Layer = None,
    pooling: Pooling = "mean",
    components: Annotated[int, typer.Option("--components", "-n", min=1)] = 2,
    output: options.Output = None,
    server: options.Server = None,
    device: options.Device = "auto",
    preprocessing: options.Preprocessing = None,
    as_json: options.Json = False,
) -> None:
    """Lay images out on the principal components of their features."""
    subject = open_subject(model, server=server, device=device, preprocessing=preprocessing)
    paths = options.find_images(images)
    vectors = subject.features(paths, layer=layer, pooling=pooling)
    fitted = fit_pca(vectors, components=components)
    points = fitted.project(vectors)
    if output is not None:
        if components < 2:
            raise InvalidInputError("A picture needs two components: --components 2.", field="components")
        thumbnails = [Image.fromarray(decode_image(path, limits=Limits())) for path in paths]
        shares = [float(share) for share in fitted.explained_variance_ratio[:2]]
        write_picture(output, to_png(pca_scatter(points[:, :2], thumbnails, explained=shares)))
    rows = [{"image": path, "point": point} for path, point in zip(paths, points, strict=True)]
    if as_json:
        print_json({"explained_variance_ratio": fitted.explained_variance_ratio, "points": rows})
    elif output is None:
        numbers = [(r["image"], *(f"{v:.4g}" for v in r["point"])) for r in rows]
        print_table("principal components", ("image", *(f"PC{i + 1}" for i in range(components))), numbers)
