"""Several callers of one server: what each sees, uses and changes, over the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc

from inspector.client import Client, Endpoint, Model
from inspector.client.backend import WireBackend
from inspector.client.health import check_health
from inspector.errors import (
    AlreadyExistsError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from inspector.service.security.callers import Entry, hashed
from inspector.service.server import Server
from inspector.service.services import NAMES
from tests.support.patience import PATIENCE
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_image

CALLERS = {
    "root": ("root", "admin", ("*",)),
    "ann": ("ann", "inspect", ("ann-*", "shared*")),
    "ann's app": ("ann", "infer", ("ann-*", "shared*")),
    "bob": ("bob", "inspect", ("*",)),
    "eve": ("eve", "infer", ("*",)),
}


@dataclass
class Place:
    """A server, its callers, and where its models lie."""

    server: Server
    clients: dict[str, Client]
    repository: Path

    def endpoint(self, who: str) -> Endpoint:
        return Endpoint(self.server.address, token=f"token-{list(CALLERS).index(who)}")

    def __getitem__(self, name: str) -> Client:
        return self.clients[name]

    def names(self, who: str) -> list[str]:
        return [model.name for model in self[who].models()]


def tokens(path: Path) -> Path:
    entries = [
        Entry(name=name, role=role, models=models, token=hashed(f"token-{index}"))  # type: ignore[arg-type]
        for index, (name, role, models) in enumerate(CALLERS.values())
    ]
    path.write_text("\n".join(entry.line() for entry in entries))
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Models: "shared" of the repository, "shared-2" that an admin uploaded, "ann-1" and "bob-1"."""
    folder = tmp_path_factory.mktemp("place")
    repository = folder / "models"
    (repository / "shared").mkdir(parents=True)
    (repository / "shared" / "model.onnx").write_bytes(toy_cnn())
    given = {
        "tokens_file": tokens(folder / "callers"),
        "load": "*",
        "caller_models": 2,
        "caller_collections": 1,
    }
    with running_server(repository, **given) as server:
        clients = {
            name: Client(Endpoint(server.address, token=f"token-{index}"))
            for index, name in enumerate(CALLERS)
        }
        clients["root"].upload(toy_cnn(), name="shared-2")
        clients["ann"].upload(toy_cnn(), name="ann-1", labels=["of", "ann", "c", "d", "e"])
        clients["bob"].upload(toy_cnn(), name="bob-1")
        yield Place(server, clients, repository)
        for client in clients.values():
            client.close()


def test_each_sees_its_own_and_the_services_models(place: Place) -> None:
    assert {who: place.names(who) for who in CALLERS} == {
        "root": ["ann-1", "bob-1", "shared", "shared-2"],
        "ann": ["ann-1", "shared", "shared-2"],
        "ann's app": ["ann-1", "shared", "shared-2"],
        "bob": ["bob-1", "shared", "shared-2"],
        "eve": ["shared", "shared-2"],
    }


Ask = Callable[[Place, str, str], object]
ASKING: dict[str, Ask] = {
    "get": lambda place, who, name: place[who].served(name),
    "predict": lambda place, who, name: bare_model(place[who], name).predict(toy_image()),
    "attribute": lambda place, who, name: bare_model(place[who], name).attribute(toy_image()),
    "load": lambda place, who, name: place[who].load(name),
    "load otherwise": lambda place, who, name: place[who].load(name, preprocessing={"scale": 0.5}),
    "unload": lambda place, who, name: place[who].unload(name),
    "delete": lambda place, who, name: place[who].delete(name),
    "add": lambda place, who, name: place[who].collection("c").add({"x": toy_image()}, model=name),
    "health": lambda place, who, name: check_health(place.endpoint(who), name=f"models/{name}"),
}


def bare_model(client: Client, name: str) -> Model:
    """A model that nobody asked the server for first."""
    return Model(WireBackend(client._connection, name), name=name)


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
def test_what_is_anothers_is_not_there(place: Place, ask: Ask) -> None:
    told = []
    for name in ("ann-1", "none"):
        with pytest.raises(NotFoundError) as caught:
            ask(place, "bob", name)
        told.append(caught.value.message.replace(name, "NAME").split(" Did you")[0])
    assert told[0] == told[1]
    assert "ann" not in told[0].replace("NAME", "")


def calls_that_name() -> Iterator[tuple[str, Any, str, str]]:
    """Yield each call whose request names a model or a collection: (method, descriptor, field, how it is written)."""
    pool = descriptor_pool.Default()
    for service in NAMES:
        for method in pool.FindServiceByName(service).methods:
            fields = {field.name for field in method.input_type.fields}
            for field in ("name", "model", "model_name", "model_id", "collection"):
                if field not in fields or "List" in method.name:
                    continue
                kind = "collections" if "Collection" in service else "models"
                is_bare = field in ("model_id", "model_name") or service.startswith("inference.")
                if field == "model" and kind == "collections":
                    kind = "models"
                yield f"/{service}/{method.name}", method, field, "{}" if is_bare else f"{kind}/{{}}"


def told_of(channel: grpc.Channel, method: str, found: Any, field: str, name: str) -> tuple[str, str]:
    """Return the code and the message with which a call about a name ends, without that name."""
    request: Any = GetMessageClass(found.input_type)()
    setattr(request, field, name)
    if "verb" in found.input_type.fields_by_name:
        request.verb = "predict"
    kind = (
        "stream_unary"
        if found.client_streaming
        else "unary_stream"
        if found.server_streaming
        else "unary_unary"
    )
    call: Any = getattr(channel, kind)(method)
    data = request.SerializeToString()
    metadata = (("authorization", "Bearer token-3"),)
    try:
        answer = call(iter([data]) if found.client_streaming else data, timeout=PATIENCE, metadata=metadata)
        answered = b"".join(answer) if found.server_streaming else answer
        return "OK", repr(answered.replace(name.encode(), b"NAME"))
    except grpc.RpcError as error:
        return error.code().name, (error.details() or "").replace(name.rpartition("/")[2], "NAME").split(
            " Did you"
        )[0]


@pytest.mark.parametrize("asked", [*calls_that_name()], ids=lambda asked: f"{asked[0]}:{asked[2]}")
def test_no_call_tells_whether_there_is_anothers(place: Place, asked: tuple[str, Any, str, str]) -> None:
    method, found, field, written = asked
    place["ann"].collection("ann-1").add(vectors={"x": np.arange(3.0)})
    try:
        with grpc.insecure_channel(place.server.address) as channel:
            told = [
                told_of(channel, method, found, field, written.format(name)) for name in ("ann-1", "none-1")
            ]
    finally:
        place["ann"].collection("ann-1").delete()
    assert told[0] == told[1]
    assert "ann" not in told[0][1]


def test_the_calls_that_name_are_many() -> None:
    assert len(list(calls_that_name())) >= 25


def test_who_may_only_infer_changes_and_inspects_nothing(place: Place) -> None:
    eve = place["eve"]
    assert eve.model("shared").predict(toy_image())
    asked: list[Callable[[], object]] = [
        lambda: eve.upload(toy_cnn(), name="eves"),
        lambda: eve.load("shared"),
        lambda: eve.unload("shared"),
        lambda: eve.delete("shared"),
        lambda: eve.register("shared"),
        lambda: eve.model("shared").layers(),
        lambda: eve.model("shared").attribute(toy_image()),
        eve.collections,
    ]
    for one in asked:
        with pytest.raises(PermissionDeniedError) as caught:
            one()
        assert caught.value.reason == "ROLE_MISSING"


def test_what_is_the_services_is_used_and_changed_by_admins_only(place: Place) -> None:
    ann = place["ann"]
    for name in ("shared", "shared-2"):
        assert ann.model(name).predict(toy_image())
        ann.load(name)
        asked: list[Callable[[], object]] = [
            lambda name=name: ann.load(name, preprocessing={"scale": 0.5}),  # type: ignore[misc]
            lambda name=name: ann.unload(name),  # type: ignore[misc]
            lambda name=name: ann.delete(name),  # type: ignore[misc]
        ]
        for one in asked:
            with pytest.raises(PermissionDeniedError) as caught:
                one()
            assert caught.value.reason == "NOT_YOURS"
    place["root"].load("shared", preprocessing={"scale": 0.5})
    place["root"].unload("shared")
    place["root"].load("shared")
    with pytest.raises(PermissionDeniedError, match="'admin'"):
        place["ann"].register("shared")


def test_an_owner_changes_its_own(place: Place) -> None:
    ann = place["ann"]
    ann.load("ann-1", preprocessing={"scale": 0.5})
    ann.unload("ann-1")
    ann.load("ann-1")
    assert place["ann's app"].model("ann-1").predict(toy_image())
    ann.upload(toy_cnn(), name="ann-2")
    with pytest.raises(LimitExceededError, match="You have 2 models") as caught:
        ann.upload(toy_cnn(), name="ann-3")
    assert caught.value.reason == "TOO_MANY_MODELS"
    ann.delete("ann-2")
    with pytest.raises(PermissionDeniedError, match="match 'ann-\\*', 'shared\\*'"):
        ann.upload(toy_cnn(), name="other")


def test_an_id_that_is_anothers_is_taken_and_the_same_bytes_do_not_open_it(place: Place) -> None:
    data, labels = toy_cnn(), ["of", "ann", "c", "d", "e"]
    with pytest.raises(AlreadyExistsError):
        place["bob"].upload(data, name="ann-1", labels=labels)
    assert place["ann"].upload(data, name="ann-1", labels=labels).name == "ann-1"


def test_owners_are_kept_beside_what_they_own(place: Place) -> None:
    owners = {
        name: json.loads((place.repository / name / "upload.json").read_text())["owner"]
        for name in ("ann-1", "bob-1", "shared-2")
    }
    assert owners == {"ann-1": "ann", "bob-1": "bob", "shared-2": ""}


def test_owners_outlive_the_server_and_one_that_is_damaged_is_admins(tmp_path: Path) -> None:
    given = {"tokens_file": tokens(tmp_path / "callers")}
    repository = tmp_path / "models"
    names = list(CALLERS)

    def seen(server: Server) -> dict[str, list[str]]:
        found = {}
        for who in ("root", "ann", "bob"):
            with Client(Endpoint(server.address, token=f"token-{names.index(who)}")) as client:
                found[who] = [model.name for model in client.models()]
        return found

    with running_server(repository, **given) as server:
        for who in ("ann", "bob"):
            with Client(Endpoint(server.address, token=f"token-{names.index(who)}")) as client:
                client.upload(toy_cnn(), name=f"{who}-1")
    with running_server(repository, **given) as server:
        assert seen(server) == {"root": ["ann-1", "bob-1"], "ann": ["ann-1"], "bob": ["bob-1"]}
    (repository / "ann-1" / "upload.json").write_text("{")
    with running_server(repository, **given) as server:
        assert seen(server) == {"root": ["ann-1", "bob-1"], "ann": [], "bob": ["bob-1"]}


def test_collections_are_their_owners(place: Place) -> None:
    ann, bob = place["ann"], place["bob"]
    vectors = {name: np.arange(3.0) + index for index, name in enumerate("ab")}
    ann.collection("hers").add(vectors=vectors)
    assert [one.name for one in ann.collections()] == ["hers"]
    assert [one.name for one in bob.collections()] == []
    assert [one.name for one in place["root"].collections()] == ["hers"]
    asked: list[Callable[[], object]] = [
        bob.collection("hers").info,
        bob.collection("hers").pca,
        bob.collection("hers").delete,
        lambda: bob.collection("hers").neighbors(vectors=[np.ones(3)]),
    ]
    for one in asked:
        with pytest.raises(NotFoundError) as caught:
            one()
        assert "Known: none" in caught.value.message
    with pytest.raises(AlreadyExistsError):
        bob.collection("hers").add(vectors=vectors)
    with pytest.raises(LimitExceededError, match="You have 1 collections"):
        ann.collection("more").add(vectors=vectors)
    ann.collection("hers").delete()


def test_another_model_beside_the_one_that_is_asked_is_one_that_the_caller_sees(place: Place) -> None:
    model = place["bob"].model("bob-1")
    told = []
    for name in ("ann-1", "none"):
        with pytest.raises(NotFoundError) as caught:
            model.synthesize(target=0, steps=1, models=[name])
        told.append(caught.value.message.replace(name, "NAME").split(" Did you")[0])
    assert told[0] == told[1]
    assert "model 'NAME'" in told[0]


def test_health_is_for_anyone_and_tells_of_models_to_those_who_see_them(place: Place) -> None:
    address = place.server.address
    assert check_health(address) == "SERVING"
    assert check_health(Endpoint(address, token="wrong")) == "SERVING"
    assert check_health(Endpoint(address, token="token-1"), name="models/ann-1") == "SERVING"
    for endpoint in (Endpoint(address), Endpoint(address, token="token-3")):
        with pytest.raises(NotFoundError) as caught:
            check_health(endpoint, name="models/ann-1")
        assert "ann" not in caught.value.message.replace("models/ann-1", "", 1)
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        watching = stub.Watch(health_pb2.HealthCheckRequest(service="models/ann-1"), timeout=PATIENCE)
        assert next(watching).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        watching.cancel()


def test_without_a_token_nothing_else_is_told(place: Place) -> None:
    with Client(place.server.address) as nobody:
        asked: list[Callable[[], object]] = [
            nobody.models,
            nobody.verbs,
            lambda: nobody.upload(toy_cnn(), name="x"),
            lambda: nobody.model("shared"),
        ]
        for one in asked:
            with pytest.raises(UnauthenticatedError, match="INSPECTOR_TOKEN") as caught:
                one()
            assert caught.value.reason == "TOKEN_MISSING"


def test_uploads_are_switched_off(tmp_path: Path) -> None:
    with running_server(tmp_path, uploads=False) as server, Client(server.address) as client:
        with pytest.raises(PermissionDeniedError, match="takes no uploads") as caught:
            client.upload(toy_cnn(), name="toy")
        assert caught.value.reason == "UPLOADS_OFF"
        assert client.models() == ()


def test_a_server_that_others_can_reach_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="--insecure"), running_server(tmp_path, address="0.0.0.0:0"):
        pass
    with running_server(tmp_path, address="0.0.0.0:0", insecure=True) as server:
        port = server.address.rpartition(":")[2]
        assert check_health(f"127.0.0.1:{port}") == "SERVING"
