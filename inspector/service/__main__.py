"""python -m inspector.service: a server with the settings of the environment (INSPECTOR_ADDRESS and so on)."""

from __future__ import annotations

import sys

from inspector.errors import InspectorError
from inspector.service.logs import start_log
from inspector.service.server import serve
from inspector.service.settings import Settings
from inspector.types.visible import visible


def main() -> None:
    """Serve until told to stop; the address goes to standard output once calls are answered."""
    try:
        settings = Settings.from_environment()
        start_log("info", settings.log_format)
        serve(settings, ready=lambda address: print(address, flush=True))  # noqa: T201
    except InspectorError as error:
        sys.exit(visible(error.message))


if __name__ == "__main__":
    main()
