"""The service whose models run in threads of its own process, over the same sockets: what isolation costs is the rest.

Started as `python -m benchmarks.load.one_process`, with the settings of the environment.
"""

from __future__ import annotations

import asyncio
import signal

from inspector.service.server import Server
from inspector.service.settings import Settings
from inspector.worker.thread import start_thread


async def _serve() -> None:
    server = await Server.start(Settings.from_environment(), start_worker=start_thread)
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    print(f"serving on {server.address}", flush=True)
    await over.wait()
    await server.stop(grace=0)


if __name__ == "__main__":
    asyncio.run(_serve())
