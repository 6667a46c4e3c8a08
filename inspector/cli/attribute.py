"""`inspector attribute`."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer

from inspector.cli import options
from inspector.cli.output import print_json, say, write_picture
from inspector.cli.subject import open_subject
from inspector.cli.target import read_target
from inspector.render.cautions import caution


def attribute(
    model: options.Model,
    image: options.Image,
    method: Annotated[
        str,
        typer.Option(
            "--method", "-m", help="saliency, deconvnet, guided, gradcam, lrp, … (a wrong one lists all)."
        ),
    ] = "saliency",
    class_index: options.ClassIndex = None,
    layer: options.Layer = None,
    channel: options.Channel = None,
    position: options.Position = None,
    output: options.Output = None,
    server: options.Server = None,
    device: options.Device = "auto",
    preprocessing: options.Preprocessing = None,
    as_json: options.Json = False,
) -> None:
    """Map a class or a unit back to the pixels: saliency, deconvnet projection or guided backpropagation."""
    target = read_target(class_index=class_index, layer=layer, channel=channel, position=position)
    subject = open_subject(model, server=server, device=device, preprocessing=preprocessing)
    result, picture = subject.attribute(image, method=method, target=target)
    if output is not None:
        write_picture(output, picture)
    resolved, values = result.targets[0], result.maps[0]
    if as_json:
        print_json({"method": method, "target": resolved, "shape": values.shape, "map": values})
        return
    what = f"class {resolved.channel}" if resolved.kind == "class" else f"channel {resolved.channel}"
    place = f" of {resolved.layer}" if resolved.layer else f" {resolved.label or ''}".rstrip()
    where = f" at {resolved.position}" if resolved.position else ""
    say(
        f"{method} of {what}{place}{where}: value {resolved.value:.4g}, largest |map| {np.abs(values).max():.4g}"
    )
    note = caution(method)
    if note:
        say(note)
