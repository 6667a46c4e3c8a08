"""Changes of models: few wait, each with its caller; and models that come, go and change on disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspector.client import Client
from inspector.errors import BusyError, InvalidModelError, ServerUnavailableError
from inspector.service.changes import Changes
from inspector.service.server import Server
from tests.support.patience import eventually
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_photo


class Slow:
    """A change that goes on until it is told to end."""

    def __init__(self) -> None:
        self.begun = 0
        self.ends = asyncio.Event()

    async def __call__(self) -> str:
        self.begun += 1
        await self.ends.wait()
        return "done"


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_change_that_has_not_begun_ends_with_its_caller() -> None:
    async def run() -> None:
        changes, busy, slow = Changes(waiting=200), asyncio.Lock(), Slow()
        callers = [asyncio.create_task(changes.make(busy, slow)) for _ in range(200)]
        await settle()
        assert (slow.begun, changes.waiting) == (1, 199)
        for caller in callers:
            caller.cancel()
        await settle()
        assert changes.waiting == 0
        assert busy.locked()  # the one that has begun goes on to its end
        slow.ends.set()
        await settle()
        assert not busy.locked()
        assert slow.begun == 1

    asyncio.run(run())


def test_no_more_wait_than_may() -> None:
    async def run() -> None:
        changes, busy, slow = Changes(waiting=2), asyncio.Lock(), Slow()
        callers = [asyncio.create_task(changes.make(busy, slow)) for _ in range(3)]
        await settle()
        with pytest.raises(BusyError):
            await changes.make(busy, slow)
        other = asyncio.create_task(
            changes.make(asyncio.Lock(), slow)
        )  # of a model that nothing is done with
        await settle()
        assert slow.begun == 2
        slow.ends.set()
        assert await asyncio.gather(*callers, other) == ["done"] * 4

    asyncio.run(run())


def test_at_the_end_nothing_begins_any_more() -> None:
    async def run() -> None:
        changes, busy, slow = Changes(waiting=5), asyncio.Lock(), Slow()
        callers = [asyncio.create_task(changes.make(busy, slow)) for _ in range(3)]
        await settle()
        await changes.give_up()
        ends = await asyncio.gather(*callers, return_exceptions=True)
        assert [type(end) for end in ends] == [
            asyncio.CancelledError,
            ServerUnavailableError,
            ServerUnavailableError,
        ]
        assert not busy.locked()

    asyncio.run(run())


def test_a_change_that_fails_leaves_room_for_the_next() -> None:
    async def fails() -> None:
        raise InvalidModelError("no model")

    async def run() -> None:
        changes, busy = Changes(waiting=0), asyncio.Lock()
        for _ in range(3):
            with pytest.raises(InvalidModelError):
                await changes.make(busy, fails)

    asyncio.run(run())


@contextmanager
def following(folder: Path, **settings: object) -> Iterator[tuple[Server, Client]]:
    with (
        running_server(folder, repository_poll_seconds=0.05, **settings) as server,
        Client(server.address) as client,
    ):
        yield server, client


def put(folder: Path, data: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "net.onnx").write_bytes(data)


def states(client: Client) -> Callable[[], dict[str, str]]:
    return lambda: {model.name: model.state for model in client.models()}


@pytest.mark.parametrize(("load", "state"), [("", "unloaded"), ("*", "ready")])
def test_models_that_come_are_listed_and_those_that_go_forgotten(
    load: str, state: str, tmp_path: Path
) -> None:
    with following(tmp_path, load=load) as (_, client):
        put(tmp_path / "toy", toy_cnn())
        assert eventually(lambda: states(client)() == {"toy": state})
        (tmp_path / "toy" / "net.onnx").unlink()
        (tmp_path / "toy").rmdir()
        assert eventually(lambda: states(client)() == {})


def test_a_model_that_changes_is_loaded_again(tmp_path: Path) -> None:
    put(tmp_path / "toy", toy_cnn())
    with following(tmp_path, load="*") as (_, client):
        assert client.model("toy").predict(toy_photo())
        put(tmp_path / "toy", b"no model")
        assert eventually(lambda: states(client)() == {"toy": "failed"})
        put(tmp_path / "toy", toy_cnn())
        assert eventually(lambda: states(client)() == {"toy": "ready"})
        assert client.model("toy").predict(toy_photo())


def test_a_model_that_is_not_used_is_not_loaded_for_having_changed(tmp_path: Path) -> None:
    put(tmp_path / "toy", toy_cnn())
    with following(tmp_path) as (server, client):
        looks = server.models._repository.looks("toy")
        os.utime(tmp_path / "toy" / "net.onnx")
        assert server.models._repository.looks("toy") != looks
        assert not _becomes(lambda: states(client)() != {"toy": "unloaded"})


def test_files_that_changed_are_looked_at_again_before_they_are_loaded(tmp_path: Path) -> None:
    put(tmp_path / "toy", toy_cnn())
    with running_server(tmp_path, load="toy") as server, Client(server.address) as client:
        client.unload("toy")
        put(tmp_path / "toy", b"no model")
        with pytest.raises(InvalidModelError):
            client.load("toy")
        assert not server.models._models["toy"].is_checked


def _becomes(condition: Callable[[], bool]) -> bool:
    """Return whether something happens within some of the polls."""

    async def run() -> bool:
        for _ in range(20):
            await asyncio.sleep(0.05)
            if condition():
                return True
        return False

    return asyncio.run(run())
