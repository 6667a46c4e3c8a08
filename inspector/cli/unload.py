"""`inspector unload`."""

from __future__ import annotations

from inspector.cli.options import Json, ServiceOptions
from inspector.cli.parameters import grouped
from inspector.cli.served import ServedName, service, show


@grouped
def unload(name: ServedName, *, where: ServiceOptions, as_json: Json = False) -> None:
    """Free the memory of a model of a service, once its running calls have ended."""
    with service(where) as client:
        found = client.unload(name)
    show(found, as_json=as_json)
