"""Operations for tests of workers: a plugin of theirs, which a worker process loads by its name."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from inspector.errors import BusyError, InvalidInputError
from inspector.isolation.packets import LONG
from inspector.worker.operation import OPERATIONS, Answer, Ask, Here, operation


def do(_here: Here, ask: Ask) -> Answer:
    """Do what `about["do"]` says."""
    found: Answer = globals()[f"_{ask.about['do']}"](ask)
    return found


def _echo(ask: Ask) -> Answer:
    return Answer(ask.body, {"given": ask.about.get("given")})


def _count(ask: Ask) -> Answer:
    for number in range(ask.about["to"]):
        ask.tell(bytes([number % 256]) * (LONG * 40 if number % 7 == 3 else 1))
    return Answer(b"last")


def _refuse(_ask: Ask) -> Answer:
    raise InvalidInputError("no", field="x")


def _busy(_ask: Ask) -> Answer:
    raise BusyError("full", retry_seconds=2.5)


def _bug(_ask: Ask) -> Answer:
    raise ZeroDivisionError("a bug")


def _obey(ask: Ask) -> Answer:
    while True:
        ask.cancellation.raise_if_cancelled()
        time.sleep(0.001)


def _ignore(_ask: Ask) -> Answer:
    while True:
        time.sleep(1)


def _crash(ask: Ask) -> Answer:
    os.kill(os.getpid(), ask.about["signal"])
    time.sleep(10)
    return Answer()


def _segfault(_ask: Ask) -> Answer:
    ctypes.string_at(8)
    return Answer()


def _take(ask: Ask) -> Answer:
    """Take memory, bit by bit, and touch it."""
    taken = []
    while True:
        ask.cancellation.raise_if_cancelled()
        taken.append(np.ones(16 << 20, np.uint8))


def _look(_ask: Ask) -> Answer:
    """Tell what this process has of the server's."""
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=1)
        reached = "connected"
    except OSError as error:
        reached = os.strerror(error.errno or 0)
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(str(descriptor.readlink()))
    return Answer(
        about={
            "environment": dict(os.environ),
            "folder": str(Path.cwd()),
            "sockets": sum(link.startswith("socket:") for link in links),
            "reached": reached,
            "session": os.getsid(0),
            "pid": os.getpid(),
        }
    )


def _write(ask: Ask) -> Answer:
    with Path("file").open("wb") as file:
        file.write(bytes(ask.about["bytes"]))
    return Answer()


if OPERATIONS.get("test") is None:
    operation("test")(do)
