"""`inspector occlude`."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer

from inspector.cli import options
from inspector.cli.output import print_json, progress_bar, say, say_notes, write_picture
from inspector.cli.subject import open_subject
from inspector.cli.target import PartOptions, read_target


def occlude(
    model: options.Model,
    image: options.Image,
    class_index: options.ClassIndex = None,
    position: options.Position = None,
    tensor: options.Tensor = None,
    index: options.Index = None,
    region: options.Region = None,
    reduce: options.Reduce = None,
    mask: options.Mask = None,
    direction: options.Direction = None,
    layer: Annotated[
        str | None,
        typer.Option("--layer", "-l", help="Whose strongest map to watch; default: the last with maps."),
    ] = None,
    size: Annotated[int | None, typer.Option("--size", min=1, help="Of the square, in pixels.")] = None,
    stride: Annotated[int | None, typer.Option("--stride", min=1, help="In pixels.")] = None,
    fill: Annotated[
        float | None, typer.Option("--fill", help="In the model's input units; default: gray.")
    ] = None,
    output: options.Output = None,
    server: options.Server = None,
    device: options.Device = "auto",
    preprocessing: options.Preprocessing = None,
    as_json: options.Json = False,
) -> None:
    """Slide a gray square over the image: what it does to the class, the answer, and the strongest map."""
    part = PartOptions(
        tensor=tensor, index=index, region=region, reduce=reduce, mask=mask, direction=direction
    )
    target = read_target(class_index=class_index, position=position, part=part)
    subject = open_subject(model, server=server, device=device, preprocessing=preprocessing)
    settings = {"layer": layer, "size": size, "stride": stride, "fill": fill}
    with progress_bar("occluding", as_json=as_json) as progress:
        result, picture = subject.occlude(image, target=target, options=settings, progress=progress)
    if output is not None:
        write_picture(output, picture)
    say_notes(result.notes)
    if as_json:
        print_json(result)
        return
    row, column = np.unravel_index(int(np.argmin(result.probability)), result.probability.shape)
    name = result.target.label or str(result.target)
    answer = "probability" if result.target.kind == "class" else "value"
    say(
        f"{name}: {answer} {result.baseline_probability:.3f} unoccluded, least {result.probability.min():.3f} with "
        f"the {result.size[0]}×{result.size[1]} square at row {result.tops[row]}, column {result.lefts[column]}; "
        f"another class wins at {int((result.label != result.baseline_label).sum())} of {result.label.size} positions."
    )
