"""A server, or a worker of it, is killed while a client works: what comes again by itself, and what is told."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from inspector.client import Client, Endpoint, Model, ServerUnavailableError
from tests.congruence.test_congruence import assert_same
from tests.support.patience import PATIENCE, eventually
from tests.support.server import free_port, server_process
from tests.support.toys import toy_cnn, toy_photo

pytestmark = pytest.mark.slow

MANY = 30
"""Repetitions, which last longer than a server takes to start on a machine under load."""


@pytest.fixture
def address() -> str:
    return f"127.0.0.1:{free_port()}"


def long_run(model: Model) -> Any:
    return model.attribute(toy_photo(), method="rise", masks=30_000, seed=1)


def test_calls_go_on_with_the_server_that_comes_next(tmp_path: Path, address: str) -> None:
    with Client(Endpoint(address, retries=MANY)) as client, ThreadPoolExecutor(4) as pool:
        with server_process(tmp_path, address=address) as (process, _):
            client.upload(toy_cnn(), name="toy")
            model = client.model("toy")
            before = model.predict(toy_photo())
            running = pool.submit(long_run, model)
            time.sleep(0.5)
            process.kill()
            process.wait(PATIENCE)
        asked = pool.submit(model.predict, toy_photo())
        listed = pool.submit(client.models)
        deleted = pool.submit(client.delete, "toy")
        assert isinstance(deleted.exception(PATIENCE), ServerUnavailableError)
        assert not asked.done()
        with server_process(tmp_path, address=address, load="toy"):
            assert_same(asked.result(3 * PATIENCE), before)
            assert [one.name for one in listed.result(PATIENCE)] == ["toy"]
            assert running.result(3 * PATIENCE).maps.shape[0] == 1


def test_who_listens_or_finds_nobody_is_told(tmp_path: Path, address: str) -> None:
    told: list[tuple[int, int]] = []
    with Client(Endpoint(address, retries=2)) as client, ThreadPoolExecutor(1) as pool:
        with server_process(tmp_path, address=address) as (process, _):
            client.upload(toy_cnn(), name="toy")
            model = client.model("toy")
            running = pool.submit(
                model.attribute,
                toy_photo(),
                method="rise",
                masks=10**9,
                progress=lambda *step: told.append(step),
            )
            assert eventually(lambda: len(told) > 0)
            process.kill()
            assert isinstance(running.exception(PATIENCE), ServerUnavailableError)
            process.wait(PATIENCE)
        for ask in (client.models, lambda: model.predict(toy_photo())):
            with pytest.raises(ServerUnavailableError, match=address):
                ask()


@pytest.mark.parametrize("calls", [1, 2])
def test_calls_of_a_killed_worker_come_again_unless_they_were_alone(tmp_path: Path, calls: int) -> None:
    with (
        server_process(tmp_path, running_per_model=2) as (process, address),
        Client(address) as client,
        ThreadPoolExecutor(calls) as pool,
    ):
        client.upload(toy_cnn(), name="toy")
        model = client.model("toy")
        running = [pool.submit(long_run, model) for _ in range(calls)]
        time.sleep(1)
        for pid in list(workers_of(process.pid)):  # and not those that take their place
            os.kill(pid, signal.SIGKILL)
        outcomes = [one.exception(4 * PATIENCE) for one in running]
        if calls == 1:
            assert isinstance(outcomes[0], ServerUnavailableError)
            assert outcomes[0].reason == "WORKER_CRASHED"
        else:
            assert outcomes == [None, None]
        assert model.predict(toy_photo())[0].classes


def workers_of(server: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes()
        except OSError:
            continue
        if b"inspector.worker" in command and f"--server={server}".encode() in command:
            yield int(path.name)
