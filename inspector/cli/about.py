"""`inspector about`."""

from __future__ import annotations

from typing import Annotated

import typer

from inspector import __version__
from inspector.cli.options import Json
from inspector.cli.output import print_json, print_table
from inspector.runtime.device import resolve_device, runtime_version
from inspector.runtime.kernels import describe_kernels


def about(
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")] = "auto",
    *,
    as_json: Json = False,
) -> None:
    """Tell what models run on here: the versions, the device, and whether kernels are used."""
    found = {
        "inspector": __version__,
        "ONNX Runtime": runtime_version(),
        "device": resolve_device(device).name,
        "kernels": describe_kernels(),
    }
    if as_json:
        print_json(found)
        return
    print_table(("", ""), list(found.items()))
