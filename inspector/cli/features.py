"""`inspector features`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from inspector.cli import options
from inspector.cli.output import print_json, print_table, say_written
from inspector.cli.subject import open_subject
from inspector.errors import InvalidInputError

Pooling = Annotated[str, typer.Option("--pooling", help="Of maps over space: mean, max or none.")]


def features(
    model: options.Model,
    images: options.Images,
    layer: options.Layer = None,
    pooling: Pooling = "mean",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write the vectors (.npy).")
    ] = None,
    server: options.Server = None,
    device: options.Device = "auto",
    preprocessing: options.Preprocessing = None,
    as_json: options.Json = False,
) -> None:
    """Compute one vector per image from a layer (default: what the last dense layer reads)."""
    subject = open_subject(model, server=server, device=device, preprocessing=preprocessing)
    paths = options.find_images(images)
    vectors = subject.features(paths, layer=layer, pooling=pooling)
    if output is not None:
        try:
            np.save(output, vectors)
        except OSError as error:
            raise InvalidInputError(
                f"{output} cannot be written: {error.strerror}.", field="output"
            ) from error
        say_written(output)
    if as_json:
        print_json([{"image": path, "vector": vector} for path, vector in zip(paths, vectors, strict=True)])
    elif output is None:
        rows = [(p, v.size, f"{np.linalg.norm(v):.4g}") for p, v in zip(paths, vectors, strict=True)]
        print_table("features", ("image", "dimensions", "norm"), rows)
