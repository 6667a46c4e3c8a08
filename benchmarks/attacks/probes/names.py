"""What models and callers name comes back, in logs and answers: never as a command to a terminal or a browser."""

from __future__ import annotations

import re
import time

import numpy as np

from benchmarks.attacks.models import BLACK, small
from benchmarks.attacks.probe import Scene, probe
from benchmarks.attacks.wire import attempt, tensor
from inspector.v1.collection_service_pb2 import AddItemsRequest, GetCollectionRequest, Item
from inspector.v1.inspection_service_pb2 import ActivationsRequest, AttributeRequest
from inspector.v1.model_service_pb2 import GetModelRequest, RegisterModelRequest

KIND = "names"
ESCAPE = "\x1b[2J\x1b[31mFAKE\x1b[0m\x07\r\n2026-01-01 00:00:00,000 ERROR root: a line that nobody wrote"


@probe(
    KIND,
    "escape sequences, newlines and markup in names of layers, methods, collections, items, labels, services",
)
def names_that_command(scene: Scene) -> None:
    """A log line that a caller writes would be believed."""
    made = small()
    made.graph.node[0].output[0] = made.graph.node[1].input[0] = "<script>alert(1)</script>"
    made.graph.node[0].name = ESCAPE
    labels = ["<script>", "a\nb", ESCAPE, "\u202egnp.exe", "e"]
    scene.clean("upload", scene.upload(made, "evil", labels=labels))
    scene.upload(small(), "good")
    inspection = scene.stubs.inspection
    layers = ActivationsRequest(model="models/good", images=[BLACK], layers=[ESCAPE])
    scene.refused("layer", attempt(inspection.Activations, layers))
    method = AttributeRequest(model="models/good", images=[BLACK], method=ESCAPE)
    scene.refused("method", attempt(inspection.Attribute, method))
    collection = GetCollectionRequest(name=f"collections/{ESCAPE}")
    scene.refused("collection", attempt(scene.stubs.collections.GetCollection, collection))
    item = Item(id=ESCAPE, vector=tensor(np.ones(1, np.float32)))
    items = AddItemsRequest(collection="collections/a", items=[item, item])
    scene.refused("item", attempt(scene.stubs.collections.AddItems, items))
    scene.refused("model", attempt(scene.stubs.models.GetModel, GetModelRequest(name=f"models/{ESCAPE}")))
    for name in ("../x", "a/b", ".hidden", "A", "a" * 64, "a\nb", "x\0", "..", "<b>", "é"):
        scene.refused(f"id {name!r}", scene.upload(small(), name))
        scene.refused(
            f"register {name!r}",
            attempt(scene.stubs.models.RegisterModel, RegisterModelRequest(model_id=name)),
        )
    metadata = (("x-request-id", "a b" * 100), ("user-agent", "x"))
    attempt(scene.stubs.models.GetModel, GetModelRequest(name="models/good"), metadata=metadata)
    scene.stubs.serving(ESCAPE)
    time.sleep(0.5)
    log = scene.server.log.read_bytes()
    scene.require(that=b"\x1b" not in log, words="an escape sequence stands in the log")
    lines = log.decode(errors="replace").splitlines()
    false = [line for line in lines if line.startswith("2026-01-01 00:00:00,000")]
    scene.require(that=not false, words="a line of the log was written by a caller")
    odd = [line for line in lines if line and not re.match(r"20\d\d-|\{", line)]
    scene.require(that=not odd, words=f"lines of the log without a time: {odd[:2]}")
    scene.finding.answer(f"{len(lines)} lines of the log, all the server's own")


@probe(KIND, "paths of the server in messages: of unknown folders, bad uploads, empty folders")
def paths_in_messages(scene: Scene) -> None:
    """Where the server keeps things is nobody's business."""
    (scene.server.repository / "empty").mkdir()
    for name in ("nothing", "empty"):
        answer = attempt(scene.stubs.models.RegisterModel, RegisterModelRequest(model_id=name))
        scene.refused(f"register {name}", answer)
        _require_no_path(scene, answer.message)
    answer = scene.refused("upload", scene.upload(b"x", "leak"))
    _require_no_path(scene, answer.message)


def _require_no_path(scene: Scene, message: str) -> None:
    scene.require(
        that=str(scene.server.folder) not in message, words=f"a path of the server: {message[:200]}"
    )
