"""A real server on a free port: in a thread of the test's process, or in a process of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inspector.service.gate import Gate
from inspector.service.security.caller import OPEN, acting_as
from inspector.service.server import Server
from inspector.service.settings import Settings
from inspector.service.tenancy import Place
from inspector.worker.thread import start_thread
from tests.support.process import python_process

LOOP = "event loop"
"""The name of a thread in which one runs."""


@contextmanager
def running_server(repository: Path, **settings: Any) -> Iterator[Server]:
    """Give a server that listens, whose models are looked at and run in threads of this process; stop it afterwards.

    A process for the first look at each upload would cost more than most of what is then asked of the model: what only
    a process survives has tests of its own (test_sandbox.py, test_isolated_models.py, test_bad_inputs_models.py).
    """
    chosen: dict[str, Any] = {
        "address": "127.0.0.1:0",
        "device": "cpu",
        "repository": repository,
        "drain_seconds": 1.0,
        "isolate": "none",
    } | settings
    with running_loop() as loop:
        starting = Server.start(Settings(**chosen), start_worker=start_thread, start_look=start_thread)
        server = asyncio.run_coroutine_threadsafe(starting, loop).result(timeout=60)
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(timeout=60)


def ready_model(server: Server, name: str) -> tuple[Place, Gate]:
    """Return where a model of a server lives, and the gate before it, whoever may see it."""
    with acting_as(OPEN):
        return server.models.ready(name)


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Give an event loop that runs in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=LOOP)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@contextmanager
def server_process(repository: Path, **settings: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Give a server in a process of its own, and its address."""
    given = {"address": "127.0.0.1:0", "device": "cpu", "repository": repository} | settings
    environment = os.environ | {f"INSPECTOR_{name.upper()}": str(value) for name, value in given.items()}
    with python_process("-m", "inspector.service", environment=environment) as (process, line):
        yield process, line.strip()
