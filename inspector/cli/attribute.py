"""`inspector attribute`."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer

from inspector.cli import options
from inspector.cli.method_options import Options, Policies, read_options, read_policies
from inspector.cli.output import print_json, progress_bar, say, say_notes, write_picture
from inspector.cli.subject import open_subject
from inspector.cli.target import PartOptions, read_target
from inspector.render.cautions import caution


def attribute(
    model: options.Model,
    image: options.Image,
    method: Annotated[
        str,
        typer.Option(
            "--method", "-m", help="saliency, deconvnet, guided, gradcam, lrp, …: see `inspector methods`."
        ),
    ] = "saliency",
    class_index: options.ClassIndex = None,
    layer: options.Layer = None,
    channel: options.Channel = None,
    position: options.Position = None,
    option: Options = None,
    policy: Policies = None,
    tensor: options.Tensor = None,
    index: options.Index = None,
    region: options.Region = None,
    reduce: options.Reduce = None,
    mask: options.Mask = None,
    direction: options.Direction = None,
    output: options.Output = None,
    server: options.Server = None,
    device: options.Device = "auto",
    preprocessing: options.Preprocessing = None,
    as_json: options.Json = False,
) -> None:
    """Map a class, a unit or a part of an output back to the pixels by one of `inspector methods`, with its options."""
    part = PartOptions(
        tensor=tensor, index=index, region=region, reduce=reduce, mask=mask, direction=direction
    )
    target = read_target(class_index=class_index, layer=layer, channel=channel, position=position, part=part)
    policies, chosen = read_policies(policy), read_options(option, method=method, server=server)
    subject = open_subject(model, server=server, device=device, preprocessing=preprocessing)
    with progress_bar(method, as_json=as_json) as progress:
        result, picture = subject.attribute(
            image, method=method, target=target, policies=policies, options=chosen, progress=progress
        )
    if output is not None:
        write_picture(output, picture)
    say_notes(result.notes)
    resolved, values = result.targets[0], result.maps[0]
    gap = result.completeness_gap[0] if result.completeness_gap else None
    if as_json:
        print_json(
            {
                "method": method,
                "target": resolved,
                "shape": values.shape,
                "map": values,
                "completeness_gap": gap,
                "notes": result.notes,
            }
        )
        return
    say(f"{method} of {resolved}: value {resolved.value:.4g}, largest |map| {np.abs(values).max():.4g}")
    if gap is not None:
        say(f"completeness gap {gap:.4g}: the map's sum, less f(x) − f(baseline)")
    note = caution(method)
    if note:
        say(note)
