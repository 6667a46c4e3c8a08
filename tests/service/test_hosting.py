"""The list of a server's models: what is done with one that went meanwhile, and who is told of which."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2

from inspector.errors import NotFoundError
from inspector.service import hosting as of_hosting
from tests.support.hosting import hosting, put


@pytest.mark.parametrize("change", ["load", "unload", "reload", "forget", "delete"])
def test_a_model_that_went_while_a_change_waited_is_not_there_for_it(tmp_path: Path, change: str) -> None:
    put(tmp_path / "toy")

    async def run() -> None:
        with hosting(tmp_path) as hosted:
            busy = hosted.models.get("toy").busy
            await busy.acquire()
            first = asyncio.create_task(hosted.models.delete("toy"))
            second = asyncio.create_task(getattr(hosted.models, change)("toy"))
            await asyncio.sleep(0)
            busy.release()
            await first
            with pytest.raises(NotFoundError) as caught:
                await second
            assert caught.value.reason == "MODEL_NOT_FOUND"
            assert "models/toy" not in hosted.health._states
            assert not busy.locked()

    asyncio.run(run())


def test_a_model_that_is_listed_is_not_listed_anew(tmp_path: Path) -> None:
    put(tmp_path / "toy")
    with hosting(tmp_path) as hosted:
        before = hosted.models.get("toy")
        asyncio.run(hosted.models.list_new("toy"))
        assert hosted.models.get("toy") is before


def test_health_asks_once_per_model_who_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"toy-{number}" for number in range(50)]
    for name in names:
        put(tmp_path / name)
    asked: list[str] = []

    def may_see(model: str, _owner: str) -> bool:
        asked.append(model)
        return model != "toy-7"

    with hosting(tmp_path) as hosted:
        monkeypatch.setattr(of_hosting, "may_see", may_see)
        with pytest.raises(NotFoundError) as caught:
            asyncio.run(hosted.health.Check(health_pb2.HealthCheckRequest(service="models/none"), None))
        assert sorted(asked) == sorted(names)
        assert "(53 in all)" in caught.value.message  # 49 models, and four that are none
        with pytest.raises(NotFoundError):
            asyncio.run(hosted.health.Check(health_pb2.HealthCheckRequest(service="models/toy-7"), None))
