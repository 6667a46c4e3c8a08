"""`inspector rectifiers`."""

from __future__ import annotations

from inspector.cli import options
from inspector.cli.output import print_json, print_table
from inspector.cli.subject import open_subject


def rectifiers(
    model: options.Model,
    server: options.Server = None,
    preprocessing: options.Preprocessing = None,
    as_json: options.Json = False,
) -> None:
    """List what deconvnet and guided backpropagation take for rectifiers: function, layer, parts."""
    found = open_subject(model, server=server, device="cpu", preprocessing=preprocessing).rectifiers()
    if as_json:
        print_json(found)
        return
    rows = [(rectifier.layer, rectifier.name, ", ".join(rectifier.layers)) for rectifier in found]
    print_table(f"{model}: {len(found)} rectifiers", ("layer", "function", "parts"), rows)
