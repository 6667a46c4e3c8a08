"""`inspector predict`."""

from __future__ import annotations

from typing import Annotated

import typer

from inspector.cli import options
from inspector.cli.output import print_json, print_table, say_notes
from inspector.cli.subject import open_subject


def predict(
    model: options.Model,
    images: options.Images,
    top: Annotated[int, typer.Option("--top", "-k", min=1, help="How many classes.")] = 5,
    server: options.Server = None,
    device: options.Device = "auto",
    preprocessing: options.Preprocessing = None,
    as_json: options.Json = False,
) -> None:
    """Print the most probable classes of images."""
    subject = open_subject(model, server=server, device=device, preprocessing=preprocessing)
    paths = options.find_images(images)
    predictions = subject.predict(paths, top=top)
    for path, prediction in zip(paths, predictions, strict=True):
        say_notes([f"{path}: {note}" for note in prediction.notes])
    if as_json:
        print_json(
            [
                {"image": path, "classes": p.classes, "notes": p.notes}
                for path, p in zip(paths, predictions, strict=True)
            ]
        )
        return
    for path, prediction in zip(paths, predictions, strict=True):
        rows = [
            (c.index, c.label or "", f"{c.probability:.3f}", f"{c.score:.4g}") for c in prediction.classes
        ]
        print_table(str(path), ("class", "label", "probability", "score"), rows)
