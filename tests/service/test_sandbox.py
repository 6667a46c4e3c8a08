"""The first look at a model: whatever it does there, it does not do it to the server."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from inspector.errors import InvalidInputError, InvalidModelError, LimitExceededError, UserError
from inspector.service.sandbox import Sandbox
from tests.support.patience import PATIENCE
from tests.support.toys import toy_bomb, toy_cnn, toy_endless
from tests.support.zoo import Zoo

GIB = 2**30


def check(path: Path, data: bytes, *, seconds: float = 60, memory: int = 16 * GIB) -> None:
    path.write_bytes(data)
    asyncio.run(Sandbox(seconds=seconds, memory_bytes=memory).check(path))


@pytest.mark.parametrize(
    "data", [toy_cnn(), toy_cnn(batch=4), toy_endless()], ids=["cnn", "batch of 4", "loop"]
)
def test_a_good_model_passes(tmp_path: Path, data: bytes) -> None:
    check(tmp_path / "m.onnx", data)


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
def test_a_model_that_cannot_run_is_refused(zoo: Zoo, name: str) -> None:
    sandbox = Sandbox(seconds=60, memory_bytes=16 * GIB)
    with pytest.raises(UserError) as caught:
        asyncio.run(sandbox.check(zoo.reject(f"{name}.onnx")))
    assert isinstance(caught.value, (InvalidModelError, InvalidInputError))


def test_an_endless_model_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError) as caught:
        check(tmp_path / "m.onnx", toy_endless(least=1e9), seconds=4)
    assert caught.value.reason == "MODEL_TOO_SLOW"


def test_a_model_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError) as caught:
        check(tmp_path / "m.onnx", toy_bomb())
    assert caught.value.reason == "MODEL_TOO_LARGE"


def test_a_crash_is_an_error(tmp_path: Path) -> None:
    async def crash() -> None:
        checking = asyncio.create_task(Sandbox(seconds=60, memory_bytes=16 * GIB).check(tmp_path / "m.onnx"))
        async with asyncio.timeout(PATIENCE):
            while not (children := probes_of_this_process()):
                await asyncio.sleep(0.01)
        os.kill(children[0], signal.SIGSEGV)
        await checking

    (tmp_path / "m.onnx").write_bytes(toy_endless(least=1e9))
    with pytest.raises(InvalidModelError, match="SIGSEGV") as caught:
        asyncio.run(crash())
    assert caught.value.reason == "MODEL_CRASHES"


def test_a_check_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    async def leave() -> None:
        checking = asyncio.create_task(Sandbox(seconds=60, memory_bytes=16 * GIB).check(tmp_path / "m.onnx"))
        async with asyncio.timeout(PATIENCE):
            while not probes_of_this_process():
                await asyncio.sleep(0.01)
        checking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await checking

    (tmp_path / "m.onnx").write_bytes(toy_endless(least=1e9))
    asyncio.run(leave())
    assert probes_of_this_process() == []


def test_the_process_gets_no_secret_of_the_servers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECTOR_SECRET", "x")
    seen = []

    async def look() -> None:
        checking = asyncio.create_task(Sandbox(seconds=60, memory_bytes=16 * GIB).check(tmp_path / "m.onnx"))
        async with asyncio.timeout(PATIENCE):
            while not (probes := probes_of_this_process()):
                await asyncio.sleep(0.01)
        seen.append(Path(f"/proc/{probes[0]}/environ").read_bytes())
        checking.cancel()
        await asyncio.wait({checking})

    (tmp_path / "m.onnx").write_bytes(toy_endless(least=1e9))
    asyncio.run(look())
    assert b"PYTHONPATH" in seen[0]
    assert b"SECRET" not in seen[0]


def probes_of_this_process() -> list[int]:
    """Other tests' servers may be children of this process, too."""
    tasks = Path("/proc/self/task").iterdir()
    children = [int(pid) for task in tasks for pid in children_of(task)]
    return [pid for pid in children if b"inspector.service.probe" in command_of(pid)]


def children_of(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except OSError:  # the thread has ended meanwhile
        return []


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""
