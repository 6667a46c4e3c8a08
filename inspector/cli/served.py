"""Models of a service: how commands name them, and what they print of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import ServiceOptions
from inspector.cli.output import print_json, print_table, say
from inspector.cli.where import connect
from inspector.types.layers import shape_text
from inspector.types.served_model import ServedModel

if TYPE_CHECKING:
    from inspector.client import Client

ServedName = Annotated[
    str, typer.Argument(metavar="NAME", help="A model of the service: demo or models/demo.")
]


@contextmanager
def service(where: ServiceOptions) -> Iterator[Client]:
    """Give the client of the service: of --server, of INSPECTOR_SERVER, or of this machine."""
    with connect(where) as client:
        yield client


def show(model: ServedModel, *, as_json: bool) -> None:
    """Print what is known of one model."""
    if as_json:
        print_json(model)
    else:
        show_all([model])


def show_all(models: Sequence[ServedModel]) -> None:
    """Print a table of models, and why those failed that did."""
    print_table(("model", "state", "input", "labels", "bytes", "device"), [_row(model) for model in models])
    for model in models:
        if model.failure:
            say(f"{model.name}: {model.failure}")


def _row(model: ServedModel) -> tuple[object, ...]:
    info = model.info
    if info is None:
        return (model.name, model.state, "", "", "", "")
    return (
        model.name,
        model.state,
        f"{shape_text(info.input.shape)} {info.input.dtype}",
        len(info.labels or ()) or "",
        f"{info.size:,}",
        info.device,
    )
