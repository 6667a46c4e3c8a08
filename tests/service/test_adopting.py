"""Uploads that are taken in: the worker that has looked at one is the model's, or ends, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import BusyError, ConflictError, NotFoundError, ServerUnavailableError
from inspector.service.hosted_model import HostedModel, State
from inspector.service.repository import Manifest, describe
from inspector.service.security.caller import OPEN, acting_as
from tests.support.hosting import Hosting, hosting, put
from tests.support.leaving import leave
from tests.support.patience import PATIENCE, until
from tests.support.stub_workers import Stub, Workers


@dataclass
class Looks:
    """A sandbox that finds nothing wrong."""

    workers: Workers
    before: list[Stub] = field(default_factory=list)
    """Those that had looked by then and not ended."""

    async def checked(self, _folder: Path) -> Stub:
        self.before += [worker for worker in self.workers.made if not worker.ended.done()]
        return await self.workers.take()


@dataclass
class Scene:
    """An upload of "toy" that a worker has looked at."""

    folder: Path
    hosted: Hosting
    homes: Workers
    looks: Looks
    worker: Stub = field(default_factory=Stub)
    listed: asyncio.Event = field(default_factory=asyncio.Event)

    def adopt(self, *, listed_by_others: bool = False) -> asyncio.Task[HostedModel]:
        """Take it in; others may find it in the folder before it is listed."""
        loop = asyncio.get_running_loop()

        def store() -> None:
            put(self.folder)
            describe(self.folder, Manifest(sha256="", size=0, sidecar={}))
            if listed_by_others:
                asyncio.run_coroutine_threadsafe(self._listed(), loop).result(PATIENCE)

        worker: Any = self.worker
        return asyncio.create_task(self.hosted.models.adopt("toy", store, worker=worker, owner=""))

    async def hold(self) -> tuple[asyncio.Task[HostedModel], asyncio.Lock]:
        """Begin to take it in while something else is done with the model, until the lock is given back."""
        adopting = self.adopt(listed_by_others=True)
        await asyncio.wait_for(self.listed.wait(), PATIENCE)
        await until(lambda: self.hosted.models.get("toy").is_checked)
        for _ in range(10):
            await asyncio.sleep(0)
        return adopting, self.hosted.models.get("toy").busy

    async def _listed(self) -> None:
        with acting_as(OPEN):
            await self.hosted.models.list_new("toy")
            await self.hosted.models.get("toy").busy.acquire()
        self.listed.set()


@contextmanager
def scene(folder: Path, **settings: Any) -> Iterator[Scene]:
    homes, looks = Workers(), Looks(Workers())
    with hosting(folder, pool=homes, sandbox=looks, **settings) as hosted:
        hosted.models.tenancy.device = "cpu"
        yield Scene(folder / "toy", hosted, homes, looks)


def test_a_model_lives_on_in_the_worker_that_looked(tmp_path: Path) -> None:
    async def run() -> None:
        with scene(tmp_path) as upload:
            model = await upload.adopt()
            assert model.state is State.READY
            assert upload.worker.asked == ["hello", "load"]
            assert upload.worker.is_alive
            assert upload.homes.made == upload.looks.workers.made == []

    asyncio.run(run())


def test_a_model_that_shares_a_worker_leaves_the_one_that_looked(tmp_path: Path) -> None:
    async def run() -> None:
        with scene(tmp_path, isolate="none") as upload:
            assert (await upload.adopt()).state is State.READY
            assert not upload.worker.is_alive
            assert [worker.asked for worker in upload.homes.made] == [["hello", "load"]]

    asyncio.run(run())


def test_another_load_that_comes_first_ends_the_worker_that_looked(tmp_path: Path) -> None:
    async def run() -> None:
        with scene(tmp_path) as upload:
            adopting, busy = await upload.hold()
            model = upload.hosted.models.get("toy")
            await upload.hosted.models._load(model, None)
            busy.release()
            assert (await adopting).state is State.READY
            assert not upload.worker.is_alive
            assert [worker.is_alive for worker in upload.homes.made] == [True]

    asyncio.run(run())


def test_files_that_change_meanwhile_are_looked_at_by_another_alone(tmp_path: Path) -> None:
    async def run() -> None:
        with scene(tmp_path) as upload:
            upload.looks.workers.made.append(upload.worker)
            adopting, busy = await upload.hold()
            put(upload.folder, b"others")
            busy.release()
            assert (await adopting).state is State.READY
            assert upload.looks.before == []
            assert not upload.worker.is_alive
            assert upload.worker.asked == []
            assert [worker.asked for worker in upload.looks.workers.made] == [[], ["hello", "load"]]

    asyncio.run(run())


def test_who_leaves_while_the_load_runs_leaves_the_model_in_its_worker(tmp_path: Path) -> None:
    async def run() -> None:
        with scene(tmp_path) as upload:
            upload.worker.loads.clear()
            adopting = upload.adopt()
            await until(lambda: upload.worker.asked == ["hello"])
            await leave(adopting)
            assert upload.worker.is_alive
            upload.worker.loads.set()
            await until(lambda: upload.hosted.models.get("toy").state is State.READY)
            assert upload.worker.is_alive

    asyncio.run(run())


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("too many wait", BusyError),
        ("the caller leaves", asyncio.CancelledError),
        ("another deletes it", NotFoundError),
        ("the server ends", ServerUnavailableError),
    ],
)
def test_a_load_that_never_begins_ends_the_worker_that_looked(
    tmp_path: Path, what: str, error: type[BaseException]
) -> None:
    async def run() -> None:
        with scene(tmp_path, waiting_changes=0 if what == "too many wait" else 9) as upload:
            adopting, busy = await upload.hold()
            models = upload.hosted.models
            if what == "the caller leaves":
                adopting.cancel()
            elif what == "another deletes it":
                await models._forget(models.get("toy"))
            elif what == "the server ends":
                await models._changes.give_up()
            busy.release()
            with pytest.raises(error):
                await adopting
            assert not upload.worker.is_alive

    asyncio.run(run())


def test_an_id_that_is_taken_ends_the_worker_that_looked(tmp_path: Path) -> None:
    put(tmp_path / "toy")

    async def run() -> None:
        with scene(tmp_path) as upload:
            with pytest.raises(ConflictError):
                await upload.adopt()
            assert not upload.worker.is_alive

    asyncio.run(run())
