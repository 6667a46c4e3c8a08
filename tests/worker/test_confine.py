"""A worker has nothing of the server's: no network, no secret, no folder; and it ends with it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.service.workers.starting import Bounds, Running, start_process
from tests.support.patience import PATIENCE, eventually

BOUNDS = Bounds(threads=1, memory=4 << 30, answer=1 << 20)
NETWORK = "ns/net"


def confined(code: str) -> str:
    """Return what a fresh process prints that was confined before anything else was imported."""
    whole = (
        "import os\nfrom inspector.worker.confine import confine\n"
        "confine(server=os.getppid(), memory=0, file_bytes=1 << 20)\n" + textwrap.dedent(code)
    )
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def refused_namespaces() -> bool:
    return confined(f"print(os.readlink('/proc/self/{NETWORK}'))") == str(
        Path(f"/proc/self/{NETWORK}").readlink()
    )


def in_a_worker(folder: Path, look: Callable[[Running], None]) -> None:
    """Look at a worker as the server starts it, once it waits for what is asked."""

    async def scene() -> None:
        running = await start_process(BOUNDS, folder)
        try:
            await asyncio.sleep(0)
            await asyncio.to_thread(_wait_for_threads, running)
            look(running)
        finally:
            running.kill()
            await running.ended()
            running.end.close()

    asyncio.run(scene())


def _wait_for_threads(running: Running) -> None:
    """Until it has imported what starts threads: from then on nothing of it changes."""
    status = Path(f"/proc/{running.pid}/maps")
    assert eventually(
        lambda: "onnxruntime" in status.read_text() or "_multiarray_umath" in status.read_text()
    )


@pytest.mark.skipif(refused_namespaces(), reason="this machine refuses namespaces")
def test_a_worker_reaches_no_network(tmp_path: Path) -> None:
    def look(running: Running) -> None:
        theirs = Path(f"/proc/{running.pid}/{NETWORK}").readlink()
        assert theirs != Path(f"/proc/self/{NETWORK}").readlink()

    in_a_worker(tmp_path, look)


def test_a_worker_has_no_secret_and_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("INSPECTOR_SECRET", "hunter2")

    def look(running: Running) -> None:
        environment = Path(f"/proc/{running.pid}/environ").read_bytes()
        assert b"hunter2" not in environment
        assert f"TMPDIR={tmp_path}".encode() in environment
        assert Path(f"/proc/{running.pid}/cwd").readlink() == tmp_path

    in_a_worker(tmp_path, look)


def test_a_worker_has_bounds(tmp_path: Path) -> None:
    def look(running: Running) -> None:
        limits = Path(f"/proc/{running.pid}/limits").read_text().splitlines()
        found = {line[:26].strip(): line[26:].split()[0] for line in limits}
        assert found["Max data size"] == str(BOUNDS.memory)
        assert found["Max file size"] == str(BOUNDS.answer)
        assert found["Max core file size"] == "0"
        ours = int(Path("/proc/self/oom_score_adj").read_text())
        assert int(Path(f"/proc/{running.pid}/oom_score_adj").read_text()) > ours

    in_a_worker(tmp_path, look)


@pytest.mark.skipif(refused_namespaces(), reason="this machine refuses namespaces")
def test_nobody_can_be_called_from_there() -> None:
    code = """
        import socket
        server = socket.socket()
        try:
            server.connect(("127.0.0.1", 9))
        except OSError as error:
            print(error.strerror)
    """
    assert confined(code) == "Network is unreachable"


def test_a_worker_ends_with_its_server() -> None:
    """Also where the server has no time to say so: it is killed."""
    server = textwrap.dedent("""
        import asyncio, sys, tempfile
        from pathlib import Path
        from inspector.service.workers.starting import Bounds, start_process

        async def main():
            running = await start_process(Bounds(threads=1, memory=0, answer=1 << 20), Path(tempfile.mkdtemp()))
            print(running.pid, flush=True)
            await asyncio.sleep(100)

        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        assert _runs(worker)
        process.kill()
        process.wait(PATIENCE)
    assert eventually(lambda: not _runs(worker))


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
