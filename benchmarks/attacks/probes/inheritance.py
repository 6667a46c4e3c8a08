"""What the processes that run models have of the server, and what is left when all of them are killed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path

import psutil

from benchmarks.attacks.models import WHITE, endless, loop_of_nothing
from benchmarks.attacks.probe import Scene, probe
from benchmarks.attacks.server import ServerProcess, alive, left_in
from benchmarks.attacks.wire import settled, upload_messages
from inspector.v1.inspection_service_pb2 import PredictRequest

KIND = "what is inherited"
SECRETS = {"AWS_SECRET_ACCESS_KEY": "hunter2", "DATABASE_URL": "postgres://u:hunter2@db"}


@probe(
    KIND,
    "the environment, sockets, network and temporary folder of every process that runs models",
    environment=SECRETS,
)
def inherited_things(scene: Scene) -> None:
    """A model that takes over its process finds nothing there."""
    scene.upload(loop_of_nothing(), "evil")
    running = scene.stubs.inspection.Predict.future(PredictRequest(model="models/evil", images=[WHITE]))
    checked = scene.stubs.models.UploadModel.future(upload_messages(endless().SerializeToString(), "endless"))
    time.sleep(3)
    workers = _workers(scene.server)
    scene.require(that=bool(workers), words="there is no process but the server's that runs models")
    for pid in workers:
        _look_at(scene, pid)
    running.cancel()
    checked.cancel()
    found = sorted(path.name for path in scene.server.temporary.rglob(".ses"))
    scene.require(that=not found, words="ONNX Runtime's telemetry wrote to TMPDIR")


def _workers(server: ServerProcess) -> list[int]:
    """Return the processes that have ONNX Runtime in them."""
    found = []
    for process in server.processes():
        with contextlib.suppress(OSError):
            if "onnxruntime_pybind11" in Path(f"/proc/{process.pid}/maps").read_text():
                found.append(process.pid)
    return found


def _look_at(scene: Scene, pid: int) -> None:
    folder = Path(f"/proc/{pid}")
    command = folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()[-60:]
    what = f"process {command!r}"
    scene.require(that=pid != scene.server.process.pid, words="the server itself has ONNX Runtime in it")
    environment = folder.joinpath("environ").read_bytes()
    scene.require(
        that=b"hunter2" not in environment, words=f"{what} has the server's secrets in its environment"
    )
    process = psutil.Process(pid)
    listening = [one for one in process.net_connections(kind="all") if one.status == psutil.CONN_LISTEN]
    scene.require(that=not listening, words=f"{what} has a listening socket")
    scene.require(
        that=(folder / "ns" / "net").readlink() != Path(f"/proc/{scene.server.process.pid}/ns/net").readlink()
        or _filtered(folder),
        words=f"{what} has the server's network, and no filter of system calls",
    )
    limits = folder.joinpath("limits").read_text()
    bounds = re.findall(r"Max (?:address space|data size)\s+(\d+)", limits)
    scene.require(that=bool(bounds), words=f"{what} has no limit of memory")
    uploaded = re.search(r"TMPDIR=([^\0]*)", environment.decode(errors="replace"))
    own = uploaded is not None and Path(uploaded.group(1)) != scene.server.temporary
    scene.require(that=own, words=f"{what} has no temporary folder of its own")


def _filtered(folder: Path) -> bool:
    return bool(re.search(r"Seccomp:\s*2", folder.joinpath("status").read_text()))


@probe(
    KIND,
    "kill -9 of the server while a model runs and another is looked at: no process, no temporary folder stays",
    ends=True,
)
def killed_server(scene: Scene) -> None:
    """Children outlived it in 36 of 40 cases."""
    scene.upload(loop_of_nothing(), "evil")
    running = scene.stubs.inspection.Predict.future(PredictRequest(model="models/evil", images=[WHITE]))
    checked = scene.stubs.models.UploadModel.future(upload_messages(endless().SerializeToString(), "endless"))
    time.sleep(2)
    children = scene.server.children()
    scene.server.process.kill()
    scene.server.process.wait()
    for call in (running, checked):
        scene.expect("a call that ran", settled(call, within=5), "UNAVAILABLE")
    began = time.monotonic()
    while alive(children) and time.monotonic() - began < 5:
        time.sleep(0.02)
    left = alive(children)
    scene.tell(f"{len(children)} children, the last gone {time.monotonic() - began:.2f} s after the server")
    scene.require(that=not left, words=f"{len(left)} of {len(children)} children outlive the server")
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    again = ServerProcess(scene.server.folder)
    try:
        known = left_in(again.temporary)
        incoming = list((again.repository / ".incoming").iterdir())
        scene.require(that=len(known) <= 2, words=f"left in TMPDIR after the next start: {known[:5]}")
        scene.require(that=not incoming, words=f"left in .incoming after the next start: {incoming}")
    finally:
        again.stop()
    files = left_in(scene.server.temporary)
    scene.require(that=not files, words=f"left: {files}")
