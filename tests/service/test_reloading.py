"""The repository is followed while models come and go by other ways, and while its folder has hiccups."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.service.reloading import Reloader
from tests.support.hosting import Hosting, hosting, put
from tests.support.patience import PATIENCE, until


@pytest.fixture
def during_the_scan(monkeypatch: pytest.MonkeyPatch) -> Callable[[Hosting, Callable[[], object]], None]:
    """Let something happen once, right after the next scan of the folder."""

    def plan(hosted: Hosting, happens: Callable[[], object]) -> None:
        scan, happening = hosted.repository.ids, [happens]

        def ids() -> tuple[str, ...]:
            found = scan()
            if happening:
                happening.pop()()
            return found

        monkeypatch.setattr(hosted.repository, "ids", ids)

    return plan


def test_a_model_that_is_uploaded_during_the_scan_stays(
    tmp_path: Path, during_the_scan: Callable[[Hosting, Callable[[], object]], None]
) -> None:
    async def run() -> None:
        with hosting(tmp_path) as hosted:
            reloader = Reloader(hosted.models, hosted.repository, loads=False)
            loop = asyncio.get_running_loop()

            def upload() -> None:
                put(tmp_path / "toy")
                asyncio.run_coroutine_threadsafe(hosted.models.list_new("toy"), loop).result(PATIENCE)

            during_the_scan(hosted, upload)
            for _ in range(3):
                await reloader.look()
                assert hosted.models.ids() == ["toy"]

    asyncio.run(run())


def test_a_model_that_is_deleted_during_the_scan_does_not_come_back(
    tmp_path: Path, during_the_scan: Callable[[Hosting, Callable[[], object]], None]
) -> None:
    put(tmp_path / "toy")

    async def run() -> None:
        with hosting(tmp_path) as hosted:
            reloader = Reloader(hosted.models, hosted.repository, loads=False)
            loop = asyncio.get_running_loop()
            await reloader.look()

            def delete() -> None:
                asyncio.run_coroutine_threadsafe(hosted.models.forget("toy"), loop).result(PATIENCE)

            # The scan has found it, and sees its files, which go last of all here.
            during_the_scan(hosted, delete)
            await reloader.look()
            assert hosted.models.ids() == []

    asyncio.run(run())


def test_a_folder_that_is_gone_for_a_moment_is_followed_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        with hosting(tmp_path / "models") as hosted:
            root, away, told = tmp_path / "models", tmp_path / "away", asyncio.Event()
            root.rename(away)
            monkeypatch.setattr("inspector.service.reloading.log.warning", lambda *_: told.set())
            following = asyncio.create_task(
                Reloader(hosted.models, hosted.repository, loads=False).run(every=0.01)
            )
            await asyncio.wait_for(told.wait(), PATIENCE)
            away.rename(root)
            put(root / "toy")
            await until(lambda: hosted.models.has("toy") or following.done())
            assert hosted.models.has("toy")
            following.cancel()

    asyncio.run(run())
