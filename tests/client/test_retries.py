"""Calls that fail for a moment come again: the right ones, not at once, and not for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc
import numpy as np
import pytest

from inspector.client import Client, Endpoint, retries
from inspector.client.backend import WireBackend
from inspector.client.retries import Attempts
from inspector.errors import (
    BusyError,
    CancelledError,
    ConflictError,
    InspectorError,
    InvalidInputError,
    LimitExceededError,
    ServerUnavailableError,
)
from inspector.face.model import Model
from inspector.types.collections import CollectionInfo
from inspector.types.control import Cancellation, Deadline, Progress
from inspector.types.results.maps import Maps
from inspector.types.results.predictions import Predictions
from inspector.types.served_model import ServedModel
from inspector.wire.collections import collection_to_message
from inspector.wire.models import model_to_message
from inspector.wire.results import response_of
from tests.support.patience import PATIENCE
from tests.support.scripted import RPCS, Script, scripted_server
from tests.support.toys import toy_photo

BUSY = BusyError("full", retry_seconds=0.05)
GONE = grpc.StatusCode.UNAVAILABLE
ABOUT_TO_END = ServerUnavailableError("about to end")
COMES_BACK = ServerUnavailableError("its worker ended", retry_seconds=0.05)
TOY = ServedModel(name="toy", state="ready", failure="", info=None)
ALL = CollectionInfo(name="all", dimension=2, item_count=1, model="", layer="", pooling="mean")
NOTHING = np.zeros((0, 3, 2, 2), np.float32)
EMPTY = Maps(method="saliency", maps=NOTHING, targets=(), inputs=NOTHING, layout="NCHW")


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_SECONDS", 0.01)


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted_server() as made:
        made.answers["Predict"] = lambda: response_of(RPCS["Predict"], result=Predictions(predictions=()))
        made.answers["Attribute"] = lambda: response_of(RPCS["Attribute"], result=EMPTY)
        for name in ("LoadModel", "UploadModel"):
            made.answers[name] = partial(RPCS[name].response, model=model_to_message(TOY))
        made.answers["AddItems"] = partial(RPCS["AddItems"].response, collection=collection_to_message(ALL))
        yield made


@pytest.fixture
def client(script: Script) -> Iterator[Client]:
    with Client(script.address) as made:
        made.models()
        script.asked.clear()
        script.left.clear()
        script.came = threading.Semaphore(0)
        yield made


def asked(client: Client) -> Model:
    return Model(WireBackend(client._connection, "toy"), name="toy")


def while_it_waits(script: Script, act: Callable[[], object]) -> None:
    """Do something soon after the next call has failed."""

    def later() -> None:
        script.came.acquire()
        time.sleep(0.3)
        act()

    threading.Thread(target=later).start()


READS: dict[str, Callable[[Client], Any]] = {
    "ListModels": lambda client: client.models(),
    "Predict": lambda client: asked(client).predict(toy_photo()),
    "Attribute": lambda client: asked(client).attribute(toy_photo()),
    "LoadModel": lambda client: client.load("toy"),
    "UploadModel": lambda client: client.upload(b"bytes", name="toy"),
}
CHANGES: dict[str, Callable[[Client], Any]] = {
    "DeleteModel": lambda client: client.delete("toy"),
    "DeleteCollection": lambda client: client.collection("all").delete(),
    "AddItems": lambda client: client.collection("all").add(vectors={"a": np.ones(2)}),
}


@pytest.mark.parametrize("name", [*READS, *CHANGES])
def test_a_busy_server_is_asked_again_for_whatever_it_was(client: Client, script: Script, name: str) -> None:
    script.failures = [BUSY, BUSY]
    (READS | CHANGES)[name](client)
    assert script.names == [name] * 3
    first, *others = (request for _, request in script.asked)
    assert all(other == first for other in others)


@pytest.mark.parametrize("failure", [GONE, COMES_BACK], ids=["gone", "comes back"])
@pytest.mark.parametrize("name", READS)
def test_what_does_no_harm_twice_comes_again_where_the_server_was_lost(
    client: Client, script: Script, name: str, failure: Any
) -> None:
    script.failures = [failure]
    READS[name](client)
    assert script.names == [name] * 2


@pytest.mark.parametrize("failure", [GONE, COMES_BACK], ids=["gone", "comes back"])
@pytest.mark.parametrize("name", CHANGES)
def test_what_may_have_been_done_does_not_come_again(
    client: Client, script: Script, name: str, failure: Any
) -> None:
    script.failures = [failure]
    with pytest.raises(ServerUnavailableError):
        CHANGES[name](client)
    assert script.names == [name]


def test_only_what_changes_something_by_each_call_is_not_repeated() -> None:
    assert {name for name, rpc in RPCS.items() if not rpc.is_repeatable} == set(CHANGES)


@pytest.mark.parametrize(
    "failure",
    [
        ABOUT_TO_END,
        InvalidInputError("no image"),
        LimitExceededError("too large"),
        CancelledError("enough"),
        BusyError("full", retry_seconds=retries.PATIENCE_SECONDS + 1),
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    ],
    ids=str,
)
def test_other_failures_are_told_at_once(client: Client, script: Script, failure: Any) -> None:
    script.failures = [failure]
    with pytest.raises(InspectorError):
        client.models()
    assert script.names == ["ListModels"]


def test_it_ends_after_so_many(script: Script) -> None:
    for count in (0, 2):
        script.asked.clear()
        script.failures = [BUSY] * 10
        with Client(Endpoint(script.address, retries=count)) as client, pytest.raises(BusyError):
            client.models()
        assert len(script.asked) == count + 1


def test_an_address_where_nobody_ever_answered_is_told_at_once(script: Script) -> None:
    script.failures = [GONE] * 10
    with Client(script.address) as client, pytest.raises(ServerUnavailableError):
        client.models()
    assert len(script.asked) == 1


def test_all_attempts_share_one_time(client: Client, script: Script) -> None:
    script.failures = [BusyError("full", retry_seconds=0.2)] * 2
    asked(client).predict(toy_photo(), timeout=8)
    first, second, third = script.left
    assert second < first - 0.1
    assert third < second - 0.1


def test_who_has_less_time_than_the_wait_is_told_at_once(client: Client, script: Script) -> None:
    script.failures = [BusyError("full", retry_seconds=PATIENCE / 2)] * 2
    began = time.monotonic()
    with pytest.raises(BusyError):
        asked(client).predict(toy_photo(), timeout=PATIENCE / 2)
    assert time.monotonic() - began < PATIENCE / 3
    assert len(script.asked) == 1


@pytest.mark.parametrize("ask", ["Predict", "Attribute"])
def test_a_cancellation_ends_the_wait(client: Client, script: Script, ask: str) -> None:
    script.failures = [BusyError("full", retry_seconds=PATIENCE - 1)]
    token = Cancellation()
    while_it_waits(script, lambda: token.cancel("enough"))
    began = time.monotonic()
    with pytest.raises(CancelledError, match="enough"):
        getattr(asked(client), ask.lower())(toy_photo(), cancellation=token)
    assert time.monotonic() - began < PATIENCE / 2
    assert script.names == [ask]


def test_a_client_that_is_closed_waits_no_more(client: Client, script: Script) -> None:
    script.failures = [BusyError("full", retry_seconds=PATIENCE - 1)]
    while_it_waits(script, client.close)
    began = time.monotonic()
    with pytest.raises(ConflictError):
        client.models()
    assert time.monotonic() - began < PATIENCE / 2


def test_a_call_that_told_its_progress_comes_again_only_where_nobody_listened(
    client: Client, script: Script
) -> None:
    rpc, listened = RPCS["Attribute"], []
    script.before["Attribute"] = [response_of(rpc, progress=Progress(done=1, total=2))]
    script.failures = [GONE]
    assert asked(client).attribute(toy_photo()).maps.shape == NOTHING.shape
    assert script.names == ["Attribute"] * 2
    script.failures = [GONE]
    with pytest.raises(ServerUnavailableError):
        asked(client).attribute(toy_photo(), progress=lambda *step: listened.append(step))
    assert listened == [(1, 2)]
    assert script.names == ["Attribute"] * 3


def test_waits_grow_and_differ() -> None:
    waits = []
    for _ in range(50):
        attempts = Attempts(retries=8, is_repeatable=True, deadline=None)
        waits.append([attempts.delay(ServerUnavailableError("gone", retry_seconds=0.0)) for _ in range(8)])
    for number, column in enumerate(zip(*waits, strict=True)):
        longest = min(0.01 * 2**number, retries.LONGEST_SECONDS)
        assert longest / 2 <= min(column) < max(column) <= longest
        assert len(set(column)) > 25


def test_a_server_is_left_alone_as_long_as_it_asks() -> None:
    attempts = Attempts(retries=3, is_repeatable=False, deadline=Deadline(1e6))
    busy = BusyError("full", retry_seconds=8.0)
    for _ in range(3):
        assert 8.0 < attempts.delay(busy) <= 16.0
    with pytest.raises(BusyError):
        attempts.delay(busy)
