"""`inspector delete`."""

from __future__ import annotations

from inspector.cli.options import Json, ServiceOptions
from inspector.cli.output import print_json, say
from inspector.cli.parameters import grouped
from inspector.cli.served import ServedName, service


@grouped
def delete(name: ServedName, *, where: ServiceOptions, as_json: Json = False) -> None:
    """Unload a model of a service, and remove it if it was uploaded."""
    with service(where) as client:
        client.delete(name)
    if as_json:
        print_json({"deleted": name})
    else:
        say(f"deleted {name}")
