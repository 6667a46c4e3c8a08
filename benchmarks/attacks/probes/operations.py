"""What goes wrong below the server: the disk, the folder, a second server, signals."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time

from benchmarks.attacks.models import BLACK, WHITE, endless, loop_of_nothing, small
from benchmarks.attacks.probe import Scene, probe
from benchmarks.attacks.server import ServerProcess, alive, left_in
from benchmarks.attacks.wire import attempt, settled, upload_messages
from inspector.v1.inspection_service_pb2 import PredictRequest
from inspector.v1.model_service_pb2 import (
    DeleteModelRequest,
    ListModelsRequest,
    LoadModelRequest,
    RegisterModelRequest,
    UnloadModelRequest,
)

KIND = "operations"


@probe(KIND, "a second server on the same folder, and one on the same port")
def second_server(scene: Scene) -> None:
    """Two writers would undo each other."""
    for what, settings in (
        ("folder", {"repository": scene.server.repository}),
        ("port", {"address": scene.server.address, "repository": scene.server.folder / "other"}),
    ):
        try:
            ServerProcess(scene.server.folder / what, settings=settings, patience=20).stop()
            scene.fail(f"a second server starts on the same {what}")
        except RuntimeError as error:
            words = str(error).strip().splitlines()[-1].partition("error ")[2]
            scene.finding.answer(words.replace(str(scene.server.folder), "...")[:60])


@probe(KIND, "a folder removed by hand, a damaged upload.json, the whole repository removed")
def removed_folders(scene: Scene) -> None:
    """Files go away while they are served."""
    for name in ("a", "b"):
        scene.expect("upload", scene.upload(small(), name), "OK")
    shutil.rmtree(scene.server.repository / "a")
    models, request = scene.stubs.models, PredictRequest(model="models/a", images=[BLACK])
    scene.expect("a loaded model without its folder", attempt(scene.stubs.inspection.Predict, request), "OK")
    scene.clean("unload", attempt(models.UnloadModel, UnloadModelRequest(name="models/a")))
    scene.refused("load", attempt(models.LoadModel, LoadModelRequest(name="models/a")))
    scene.clean("delete", attempt(models.DeleteModel, DeleteModelRequest(name="models/a")))
    (scene.server.repository / "b" / "upload.json").write_text("{")
    scene.clean("upload over a damaged one", scene.upload(small(), "b"))
    scene.clean("delete a damaged one", attempt(models.DeleteModel, DeleteModelRequest(name="models/b")))
    shutil.rmtree(scene.server.repository)
    scene.clean("upload without a repository", scene.upload(small(), "c"))
    scene.clean("list", attempt(models.ListModels, ListModelsRequest()))
    scene.refused("register", attempt(models.RegisterModel, RegisterModelRequest(model_id="q")))


@probe(KIND, "a disk of 1 MB that fills up, and one that may only be read")
def full_disk(scene: Scene) -> None:
    """An upload that does not fit leaves nothing behind."""
    folder = scene.server.folder / "small-disk"
    folder.mkdir()
    script = f'mount -t tmpfs -o size=1m tmpfs {folder} && exec "$@"'
    try:
        server = ServerProcess(
            scene.server.folder / "second",
            settings={"repository": folder},
            prefix=["unshare", "-m", "sh", "-c", script, "sh"],
        )
    except RuntimeError as error:
        scene.tell(f"this machine lends no disks: {str(error)[-100:]}")
        return
    with_disk = Scene(server, scene.finding)
    try:
        for number in range(4):
            answer = with_disk.upload(small(classes=20_000), f"m{number}")
            with_disk.expect("upload", answer, ("OK", "RESOURCE_EXHAUSTED"))
        scene.require(that=answer.code == "RESOURCE_EXHAUSTED", words=f"the last upload: {answer}")
        inside = ["nsenter", "-t", str(server.process.pid), "-m"]
        left = subprocess.run(
            [*inside, "ls", folder / ".incoming"], capture_output=True, text=True, check=False
        )
        scene.require(that=not left.stdout.strip(), words=f"left in .incoming: {left.stdout!r}")
        request = PredictRequest(model="models/m0", images=[BLACK])
        with_disk.clean("Predict meanwhile", attempt(with_disk.stubs.inspection.Predict, request))
    finally:
        with_disk.close()
        server.stop()


@probe(
    KIND,
    "SIGTERM, SIGINT and SIGHUP while a model runs and another is looked at (drain_seconds 3)",
    ends=True,
)
def signals(scene: Scene) -> None:
    """Whoever is told to end does so, with all that it started."""
    scene.server.stop()
    for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        server = ServerProcess(scene.server.folder / how.name, settings={"drain_seconds": 3})
        one = Scene(server, scene.finding)
        one.upload(loop_of_nothing(), "evil")
        running = one.stubs.inspection.Predict.future(PredictRequest(model="models/evil", images=[WHITE]))
        checked = one.stubs.models.UploadModel.future(
            upload_messages(endless().SerializeToString(), "endless")
        )
        time.sleep(1.5)
        children = server.children()
        began = time.monotonic()
        server.process.send_signal(how)
        try:
            server.process.wait(15)
        except subprocess.TimeoutExpired:
            scene.fail(f"{how.name}: still running after 15 s")
        took = time.monotonic() - began
        time.sleep(0.3)
        for call in (running, checked):
            one.expect(f"{how.name}: a call that ran", settled(call, within=5), ("UNAVAILABLE", "CANCELLED"))
        left = alive(children)
        scene.tell(f"{how.name}: exit code {server.process.returncode} after {took:.1f} s")
        scene.require(that=not left, words=f"{how.name}: {len(left)} children are left")
        files = left_in(server.temporary)
        scene.require(that=not files, words=f"{how.name}: left: {files}")
        one.close()
        server.stop()
