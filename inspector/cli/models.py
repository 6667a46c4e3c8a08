"""`inspector models`."""

from __future__ import annotations

from inspector.cli.options import Json, ServiceOptions
from inspector.cli.output import print_json, say
from inspector.cli.parameters import grouped
from inspector.cli.served import service, show_all


@grouped
def models(*, where: ServiceOptions, as_json: Json = False) -> None:
    """List the models of a service, and what each can do now."""
    with service(where) as client:
        found = client.models()
    if as_json:
        print_json(found)
    elif found:
        show_all(found)
    else:
        say("The service has no models yet: inspector upload FILE.onnx")
