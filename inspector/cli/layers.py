"""`inspector layers`."""

from __future__ import annotations

from typing import Any

from inspector.cli import options
from inspector.cli.output import print_json, print_table
from inspector.cli.subject import open_subject


def layers(
    model: options.Model,
    server: options.Server = None,
    preprocessing: options.Preprocessing = None,
    as_json: options.Json = False,
) -> None:
    """List the layers: name, operator, shape, channels, receptive field."""
    found = open_subject(model, server=server, device="cpu", preprocessing=preprocessing).layers()
    if as_json:
        print_json([_row(layer) for layer in found])
        return
    columns = ("layer", "operator", "shape", "channels", "field", "stride", "offset")
    print_table(f"{model}: {len(found)} layers", columns, [list(_words(_row(layer))) for layer in found])


def _row(layer: Any) -> dict[str, Any]:
    field = layer.receptive_field
    return {
        "name": layer.name,
        "operator": layer.op_type,
        "output": layer.output,
        "shape": list(layer.shape),
        "dtype": layer.dtype,
        "channels": layer.channels,
        "receptive_field": None
        if field is None
        else {
            name: [float(getattr(axis, name)) for axis in (field.rows, field.columns)]
            for name in ("size", "stride", "offset")
        },
    }


def _words(row: dict[str, Any]) -> tuple[object, ...]:
    field = row["receptive_field"]
    geometry = [_pair(field[key]) for key in ("size", "stride", "offset")] if field else ["–"] * 3
    shape = "×".join("?" if size is None else str(size) for size in row["shape"])
    channels = "–" if row["channels"] is None else row["channels"]
    return row["name"], row["operator"], shape, channels, *geometry


def _pair(values: list[float]) -> str:
    return "×".join(f"{value:g}" for value in values)
