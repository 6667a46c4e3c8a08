"""The first look at a model: whatever it does there, it does not do it to the server."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from inspector.errors import InvalidInputError, InvalidModelError, LimitExceededError, UserError
from inspector.service.sandbox import Sandbox
from inspector.service.workers.pool import Pool
from inspector.service.workers.starting import Bounds, start_process
from tests.support.graphs import model, node
from tests.support.killers import KILLERS
from tests.support.leaving import leave
from tests.support.patience import until
from tests.support.toys import toy_bomb, toy_cnn, toy_endless
from tests.support.zoo import Zoo

GIB = 2**30
MIB = 2**20


def check(path: Path, data: bytes, *, seconds: float = 60, memory: int = 16 * GIB, **limits: int) -> None:
    path.write_bytes(data)
    asyncio.run(checked(path, seconds=seconds, memory=memory, **limits))


async def checked(path: Path, *, seconds: float = 60, memory: int = 16 * GIB, **limits: int) -> None:
    async with sandbox(path.parent, seconds=seconds, memory=memory, **limits) as (made, _):
        await made.check(path)


@asynccontextmanager
async def sandbox(
    folder: Path, *, seconds: float = 60, memory: int = 16 * GIB, **limits: int
) -> AsyncIterator[tuple[Sandbox, Pool]]:
    """Give a sandbox, and the pool in whose workers it looks."""
    with tempfile.TemporaryDirectory(dir=folder) as workers:
        bounds = Bounds(threads=2, memory=0, answer=MIB)
        pool = Pool(start_process, folder=Path(workers), bounds=bounds, kill_seconds=0.5, spare=False)
        try:
            yield Sandbox(pool.take, seconds=seconds, memory_bytes=memory, limits=limits), pool
        finally:
            await pool.close()


@pytest.mark.parametrize(
    "data", [toy_cnn(), toy_cnn(batch=4), toy_endless()], ids=["cnn", "batch of 4", "loop"]
)
def test_a_good_model_passes(tmp_path: Path, data: bytes) -> None:
    check(tmp_path / "m.onnx", data)


def test_it_looks_under_the_limits_of_its_server(tmp_path: Path) -> None:
    with pytest.raises(
        LimitExceededError, match="ask whoever runs this server whether its max_nodes"
    ) as caught:
        check(tmp_path / "m.onnx", toy_cnn(), max_nodes=2)
    assert caught.value.field == "max_nodes"


@pytest.mark.parametrize("data", [b"", b"\0" * 100, toy_cnn()[:-100]], ids=["empty", "zeros", "truncated"])
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InvalidModelError):
        check(tmp_path / "m.onnx", data)


REJECTS = [
    "deeploy_vww_customop",
    "lfs_pointer_squeezenet1.0-12-int8",
    "qonnx_tfc_2w2a",
    "superres_prepost_customops_op18",
]


@pytest.mark.parametrize("name", REJECTS)
def test_a_model_that_cannot_run_is_refused(zoo: Zoo, tmp_path: Path, name: str) -> None:
    model = tmp_path / f"{name}.onnx"
    shutil.copy(zoo.reject(f"{name}.onnx"), model)
    with pytest.raises(UserError) as caught:
        asyncio.run(checked(model))
    assert isinstance(caught.value, (InvalidModelError, InvalidInputError))


def test_an_endless_model_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError) as caught:
        check(tmp_path / "m.onnx", toy_endless(least=1e9), seconds=4)
    assert caught.value.reason == "MODEL_TOO_SLOW"


def test_a_model_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError) as caught:
        check(tmp_path / "m.onnx", toy_bomb())
    assert (caught.value.reason, caught.value.field) == ("MODEL_TOO_LARGE", "model")
    assert f"{16 * GIB:,} bytes" in caught.value.message


def test_a_crash_is_an_error(tmp_path: Path) -> None:
    async def crash() -> None:
        async with sandbox(tmp_path) as (made, pool):
            checking = asyncio.create_task(made.check(tmp_path / "m.onnx"))
            os.kill(await looking(pool), signal.SIGSEGV)
            await checking

    (tmp_path / "m.onnx").write_bytes(toy_endless(least=1e9))
    with pytest.raises(InvalidModelError, match="SIGSEGV") as caught:
        asyncio.run(crash())
    assert caught.value.reason == "MODEL_CRASHES"


def test_a_check_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    async def cancelled() -> None:
        async with sandbox(tmp_path) as (made, pool):
            checking = asyncio.create_task(made.check(tmp_path / "m.onnx"))
            pid = await looking(pool)
            await leave(checking)
            assert not pool.workers
            assert not Path(f"/proc/{pid}").exists()

    (tmp_path / "m.onnx").write_bytes(toy_endless(least=1e9))
    asyncio.run(cancelled())


def test_one_that_passes_lives_on_in_the_worker_that_looked(tmp_path: Path) -> None:
    async def look() -> None:
        async with sandbox(tmp_path) as (made, pool):
            worker = await made.checked(tmp_path / "m.onnx")
            assert worker.is_alive
            assert pool.workers == {worker}

    (tmp_path / "m.onnx").write_bytes(toy_cnn())
    asyncio.run(look())


async def looking(pool: Pool) -> int:
    """Return the process that looks at a model, once it does."""
    await until(lambda: any(worker.busy for worker in pool.workers))
    (worker,) = pool.workers
    assert worker.pid is not None
    return worker.pid


@pytest.mark.parametrize("name", [name for name, killer in KILLERS.items() if killer.by_zeros])
def test_a_model_that_crashes_on_black_is_found_wherever_it_does(tmp_path: Path, name: str) -> None:
    """Aside of the output that is read, and where the input is no image, too."""
    with pytest.raises(InvalidModelError) as caught:
        check(tmp_path / "m.onnx", KILLERS[name].build())
    assert caught.value.reason == "MODEL_CRASHES"


@pytest.mark.parametrize("name", [name for name, killer in KILLERS.items() if not killer.by_zeros])
def test_what_only_another_image_shows_passes(tmp_path: Path, name: str) -> None:
    check(tmp_path / "m.onnx", KILLERS[name].build())


def test_a_model_that_does_not_run_is_its_owners_to_mend(tmp_path: Path) -> None:
    filters = np.ones((4, 3, 3, 3), np.float32)
    proto = model([node("Conv", ["x", "w"], "y", dilations=[2**31, 2**31])], weights={"w": filters})
    with pytest.raises(InvalidModelError) as caught:
        check(tmp_path / "m.onnx", proto.SerializeToString())
    assert caught.value.reason in ("MODEL_DOES_NOT_RUN", "MODEL_REFUSED", "INVALID_MODEL")
