"""Who may do what, and how much of it: tokens, others' things, turns."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.attacks.bystander import ROOT
from benchmarks.attacks.models import BLACK, small
from benchmarks.attacks.probe import Scene, probe
from benchmarks.attacks.server import ServerProcess
from benchmarks.attacks.wire import Answer, Stubs, attempt, image, tensor, upload_messages
from inspector.v1.collection_service_pb2 import (
    AddItemsRequest,
    DeleteCollectionRequest,
    FindNeighborsRequest,
    GetCollectionRequest,
    Item,
    ListCollectionsRequest,
    Query,
)
from inspector.v1.inspection_service_pb2 import AttributeRequest, PredictRequest
from inspector.v1.model_pb2 import Preprocessing
from inspector.v1.model_service_pb2 import (
    DeleteModelRequest,
    GetModelRequest,
    ListModelsRequest,
    LoadModelRequest,
    RegisterModelRequest,
    UnloadModelRequest,
)

KIND = "callers among each other"
DENIED = ("NOT_FOUND", "PERMISSION_DENIED")
SECONDS = 10
SHARE = 0.1
"""Calls of the polite caller by those of the greedy one, at least. Forty threads that ask take a processor,
and who asks one at a time cannot have half: two run at once, and its next call comes only after its last."""


class Caller:
    """Somebody with a token, over a connection of its own."""

    def __init__(self, address: str, token: str | None) -> None:
        self.stubs = Stubs(address)
        self._metadata = (("authorization", f"Bearer {token}"),) if token is not None else ()

    def __call__(self, method: str, request: Any, *, timeout: float = 30) -> Answer:
        """Make a call, by its service and name."""
        service, _, name = method.partition(".")
        call = getattr(getattr(self.stubs, service), name)
        return attempt(call, request, timeout=timeout, metadata=self._metadata)


@contextmanager
def _guarded(scene: Scene, **roles: str) -> Iterator[tuple[ServerProcess, dict[str, str]]]:
    """Give a second server that asks for tokens, and a token for each name."""
    file = scene.server.folder / "callers"
    tokens = {}
    for name, role in roles.items():
        words = ["token", "new", name, "--role", role, "--file", str(file)]
        done = subprocess.run(
            [sys.executable, "-m", "inspector", *words], cwd=ROOT, capture_output=True, text=True, check=True
        )
        tokens[name] = done.stdout.split()[-1]
    server = ServerProcess(scene.server.folder / "guarded", settings={"tokens_file": file})
    try:
        yield server, tokens
    finally:
        server.stop()


@probe(KIND, "no token, a wrong one, half of one, one of another's; a role that may not", slow=5_000)
def tokens(scene: Scene) -> None:
    """Whoever is not known learns nothing."""
    with _guarded(scene, reader="infer", owner="inspect") as (server, known):
        predict = PredictRequest(model="models/none", images=[BLACK])
        for what, token in (
            ("none", None),
            ("a wrong one", "x" * 43),
            ("half of one", known["owner"][:-1]),
            ("an empty one", ""),
            ("a long one", "a" * 7_000),
        ):
            caller = Caller(server.address, token)
            scene.expect(f"{what}: Predict", caller("inspection.Predict", predict), "UNAUTHENTICATED")
            scene.expect(f"{what}: list", caller("models.ListModels", ListModelsRequest()), "UNAUTHENTICATED")
            scene.require(that=caller.stubs.serving(), words=f"{what}: health does not answer")
        reader = Caller(server.address, known["reader"])
        upload = upload_messages(small().SerializeToString(), "mine")
        scene.expect("infer: upload", reader("models.UploadModel", upload), DENIED)
        register = RegisterModelRequest(model_id="mine")
        scene.expect("infer: register", reader("models.RegisterModel", register), DENIED)
        attribute = AttributeRequest(model="models/none", images=[BLACK])
        scene.expect("infer: attribute", reader("inspection.Attribute", attribute), DENIED)


@probe(KIND, "another's model and collection: seen, read, changed, overridden, deleted", slow=5_000)
def things_of_others(scene: Scene) -> None:
    """To everybody else they are not there."""
    with _guarded(scene, owner="inspect", other="inspect") as (server, known):
        owner, other = (Caller(server.address, known[name]) for name in ("owner", "other"))
        upload = upload_messages(small().SerializeToString(), "mine")
        scene.expect("upload", owner("models.UploadModel", upload), "OK")
        vector = tensor(np.ones(2, np.float32))
        items = AddItemsRequest(collection="collections/mine", items=[Item(id="secret", vector=vector)])
        scene.expect("collection", owner("collections.AddItems", items), "OK")
        override = LoadModelRequest(name="models/mine", preprocessing=Preprocessing(scale=1e-9))
        query = FindNeighborsRequest(collection="collections/mine", queries=[Query(vector=vector)])
        for method, request in (
            ("models.GetModel", GetModelRequest(name="models/mine")),
            ("models.LoadModel", override),
            ("models.UnloadModel", UnloadModelRequest(name="models/mine")),
            ("models.DeleteModel", DeleteModelRequest(name="models/mine")),
            ("inspection.Predict", PredictRequest(model="models/mine", images=[BLACK])),
            ("collections.GetCollection", GetCollectionRequest(name="collections/mine")),
            ("collections.FindNeighbors", query),
            ("collections.DeleteCollection", DeleteCollectionRequest(name="collections/mine")),
        ):
            scene.expect(f"another's {method}", other(method, request), DENIED)
        listed = other("models.ListModels", ListModelsRequest()).response
        collections = other("collections.ListCollections", ListCollectionsRequest()).response
        scene.require(that=not listed.models, words="another's model is listed")
        scene.require(that=not collections.collections, words="another's collection is listed")
        theirs = owner("inspection.Predict", PredictRequest(model="models/mine", images=[BLACK]))
        scene.expect("its owner's Predict afterwards", theirs, "OK")


@probe(KIND, "a server told to leave the loopback without TLS and callers")
def open_address(scene: Scene) -> None:
    """It does not start, unless it is told that somebody else sees to it."""
    try:
        ServerProcess(scene.server.folder / "open", settings={"address": "0.0.0.0:0"}, patience=20).stop()
        scene.fail("a server without TLS and callers listens on all addresses")
    except RuntimeError as error:
        scene.finding.answer(str(error).strip().splitlines()[-1][:100])


@probe(
    KIND, "40 calls at once by one caller over one connection, one at a time by another, of the same model"
)
def greedy_connection(scene: Scene) -> None:
    """Callers without a name are told apart by their connections."""
    scene.upload(small(side=224, channels=64), "shared")
    greedy = [Caller(scene.server.address, None)] * 40
    _race(scene, greedy, Caller(scene.server.address, None))


@probe(KIND, "the same over 40 connections, with tokens", slow=5_000)
def greedy_token(scene: Scene) -> None:
    """Callers with a name are one, however many connections they have."""
    with _guarded(scene, greedy="inspect", polite="inspect", admin="admin") as (server, known):
        upload = upload_messages(small(side=224, channels=64).SerializeToString(), "shared")
        scene.expect("upload", Caller(server.address, known["admin"])("models.UploadModel", upload), "OK")
        greedy = [Caller(server.address, known["greedy"]) for _ in range(40)]
        _race(scene, greedy, Caller(server.address, known["polite"]))


def _race(scene: Scene, greedy: list[Caller], polite: Caller) -> None:
    images = [image(np.ones((1, 3, 224, 224), np.float32))] * 4
    request = PredictRequest(model="models/shared", images=images)
    alone = sorted(polite("inspection.Predict", request).seconds for _ in range(10))[5]
    until = time.monotonic() + SECONDS
    done: list[float] = []

    def ask(caller: Caller) -> None:
        while time.monotonic() < until:
            answer = caller("inspection.Predict", request)
            if answer.code == "OK":
                done.append(answer.seconds)
            else:
                time.sleep(0.01)

    threads = [threading.Thread(target=ask, args=(caller,), daemon=True) for caller in greedy]
    for thread in threads:
        thread.start()
    answers = []
    while time.monotonic() < until:
        answers.append(polite("inspection.Predict", request))
        if answers[-1].code != "OK":
            time.sleep(0.05)
    for thread in threads:
        thread.join(20)
    served = sorted(answer.seconds for answer in answers if answer.code == "OK")
    scene.finding.answer(f"polite: {len(served)} of {len(answers)} served; greedy: {len(done)}")
    median = served[len(served) // 2] if served else float("inf")
    scene.tell(f"polite: {alone * 1e3:.0f} ms alone, {median * 1e3:.0f} ms beside the greedy one")
    scene.require(
        that=len(served) >= 0.95 * len(answers), words=f"{len(answers) - len(served)} polite calls failed"
    )
    words = f"the polite one had {len(served)} calls, the greedy one {len(done)}"
    scene.require(that=len(served) >= SHARE * len(done), words=words)
