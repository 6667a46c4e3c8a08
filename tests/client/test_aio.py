"""The client for event loops gives what that for threads gives, and ends what nobody waits for."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from inspector.client import Client, Collection, Endpoint, Model, retries
from inspector.client.aio import AsyncClient, AsyncCollection, AsyncModel
from inspector.client.aio.backend import AsyncBackend
from inspector.client.upload import id_for
from inspector.errors import (
    BusyError,
    ConflictError,
    DeadlineExceededError,
    InvalidInputError,
    ServerUnavailableError,
)
from inspector.service.server import Server
from inspector.types import targets
from inspector.types.control import Progress
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.requests.predict import PredictRequest
from inspector.types.results.predictions import Predictions
from inspector.types.results.sweep import Sweep
from inspector.types.sources import ModelSource
from inspector.wire.results import response_of
from tests.client.test_parts import assert_alike
from tests.congruence.cases import CASES
from tests.congruence.test_congruence import assert_same, outcome
from tests.support.leaving import leave
from tests.support.patience import PATIENCE, eventually
from tests.support.scripted import RPCS, Script, scripted_server
from tests.support.server import ready_model, running_server
from tests.support.toys import BRIGHT, toy_cnn, toy_endless, toy_photo

LONG: dict[str, Any] = {"images": toy_photo(), "method": "rise", "masks": 10**15}
"""Tells its progress often, and never ends by itself."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # Calls that share a run may differ in their last bits from those that have one of their own.
    running = running_server(tmp_path_factory.mktemp("models"), joining="none")
    with running as started, Client(started.address) as client:
        client.upload(toy_cnn(), name="toy")
        client.upload(toy_endless(), name="endless")
        yield started


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted_server() as made:
        made.answers["Predict"] = lambda: response_of(RPCS["Predict"], result=Predictions(predictions=()))
        yield made


def on(address: str, use: Callable[[AsyncClient], Awaitable[Any]], **settings: Any) -> Any:
    async def main() -> Any:
        async with asyncio.timeout(3 * PATIENCE), AsyncClient(address, **settings) as client:
            return await use(client)

    return asyncio.run(main())


def model_of(client: AsyncClient) -> AsyncModel:
    return AsyncModel(AsyncBackend(client._connection, "toy"), name="toy")


@pytest.mark.parametrize(
    ("here", "there"),
    [(Client, AsyncClient), (Collection, AsyncCollection), (Model, AsyncModel)],
    ids=["client", "collection", "model"],
)
def test_names_and_parameters_are_those_of_the_client_for_threads(here: Any, there: Any) -> None:
    left_out = {Model: {"close"}}.get(here, set())

    def known(kind: Any) -> dict[str, list[str]]:
        found = {name: value for name, value in vars(kind).items() if not name.startswith("_")}
        return {
            name: [one for one in inspect.signature(value).parameters if one != "cancellation"]
            if callable(value)
            else ["self"]  # a property there is a coroutine here
            for name, value in found.items()
            if name not in left_out
        }

    assert known(there) == known(here)


def test_the_cases_of_congruence_give_the_same(server: Server) -> None:
    async def use(client: AsyncClient) -> None:
        remote = Blocking(await client.model("toy"), asyncio.get_running_loop())
        with Client(server.address) as blocking:
            local = blocking.model("toy")
            for case in (one for one in CASES.values() if one.rpc != "Run"):
                here, there = [
                    await asyncio.to_thread(outcome, partial(case.ask, model, targets))
                    for model in (local, remote)
                ]
                assert_same(here, there)

    on(server.address, use)


class Blocking:
    """A model of an event loop as one for threads, so that any case can ask it."""

    def __init__(self, model: AsyncModel, loop: asyncio.AbstractEventLoop) -> None:
        self._model = model
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **given: Any) -> Any:
            asked = getattr(self._model, name)(*args, **given)
            waited = _all_of(asked) if inspect.isasyncgen(asked) else asked
            return asyncio.run_coroutine_threadsafe(waited, self._loop).result(PATIENCE)

        return call() if name == "info" else call


async def _all_of(steps: AsyncIterator[Any]) -> list[Any]:
    return [step async for step in steps]


def test_a_model_is_looked_at(server: Server) -> None:
    async def use(client: AsyncClient) -> None:
        assert [one.name for one in await client.models()] == ["endless", "toy"]
        assert {method.name for method in await client.attribution_methods()} >= {"saliency"}
        assert {verb.name for verb in await client.verbs()} >= {"predict"}
        model = await client.model("models/toy")
        assert (await model.info()).name == "toy"
        assert (await model.layer("relu1")).name == "relu1"
        assert [one.layer for one in await model.rectifiers()] == ["relu1", "relu2"]
        assert set(dir(model)) >= {"predict", "attribute"}
        with pytest.raises(AttributeError, match="predict"):
            model.predic  # type: ignore[attr-defined]  # noqa: B018
        with pytest.raises(InvalidInputError):
            await model.predict(toy_photo(), tp=3)  # type: ignore[call-arg]

    on(server.address, use)


def test_a_model_comes_and_goes(server: Server, tmp_path: Path) -> None:
    path, told = tmp_path / "other.onnx", list[tuple[int, int]]()
    path.write_bytes(toy_cnn())

    async def use(client: AsyncClient) -> None:
        served = await client.upload(path, labels=list("abcde"), progress=lambda *sent: told.append(sent))
        assert (served.name, served.state) == ("other", "ready")
        assert (await client.unload("other")).state == "unloaded"
        assert (await client.load("other")).state == "ready"
        await client.delete("other")
        assert [one.name for one in await client.models()] == ["endless", "toy"]

    on(server.address, use)
    assert told[-1] == (len(toy_cnn()),) * 2


def test_a_large_model_is_named_while_the_loop_goes_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def named(source: ModelSource) -> str:
        threads.append(threading.current_thread())
        return id_for(source)

    async def use(client: AsyncClient) -> None:
        served = await client.upload(toy_cnn())
        await client.delete(served.name)
        assert served.name == id_for(toy_cnn())
        assert threads
        assert threading.current_thread() not in threads

    monkeypatch.setattr("inspector.client.aio.client.id_for", named)
    on(server.address, use)


def test_a_collection_is_filled_and_asked(server: Server) -> None:
    async def use(client: AsyncClient) -> None:
        photos = {f"photo {seed}": toy_photo(seed) for seed in range(3)}
        collection = client.collection("photos")
        info = await collection.add(photos, model=await client.model("toy"), layer="conv2")
        assert (info.item_count, info) == (3, await collection.info())
        assert [one.name for one in await client.collections()] == ["photos"]
        found = await collection.neighbors(toy_photo(1), k=2)
        assert found[0][0].id == "photo 1"
        assert (await collection.pca(components=2)).ids == tuple(photos)
        await collection.delete()
        assert await client.collections() == ()

    on(server.address, use)


def test_many_calls_run_side_by_side(server: Server) -> None:
    async def use(client: AsyncClient) -> list[Any]:
        model = await client.model("toy")
        return await asyncio.gather(*(model.predict(toy_photo(seed)) for seed in range(20)))

    with Client(server.address) as client:
        for seed, found in enumerate(on(server.address, use)):
            assert_same(client.model("toy").predict(toy_photo(seed)), found)


def test_the_steps_end_with_the_result(server: Server) -> None:
    request = OccludeRequest(images=toy_photo(), size=(4,), stride=(3,), batch=2)

    async def use(client: AsyncClient) -> None:
        model = await client.model("toy")
        *told, last = [step async for step in model.steps(request)]
        assert told
        assert all(isinstance(step, Progress) and isinstance(step.partial, Sweep) for step in told)
        assert [step.done for step in told] == sorted({step.done for step in told})
        assert_same(last, await model.ask(request))
        (only,) = [step async for step in model.steps(PredictRequest(images=toy_photo()))]
        assert isinstance(only, Predictions)
        with pytest.raises(InvalidInputError):
            async for _ in model.steps(OccludeRequest(images=toy_photo(), size=(99,))):
                pass

    on(server.address, use)


def test_who_leaves_the_steps_stops_the_run(server: Server) -> None:
    gate = ready_model(server, "endless")[1]

    async def use(client: AsyncClient) -> None:
        model = await client.model("endless")
        request = OccludeRequest(images=toy_photo() * 0, size=(3,), stride=(1,), batch=1, fill=(1e-9,))
        async with aclosing(model.steps(request)) as steps:
            async for _ in steps:
                break
        assert await asyncio.to_thread(eventually, lambda: gate.inside == 0)

    on(server.address, use)


@pytest.mark.parametrize("verb", ["predict", "occlude"])
def test_a_task_that_is_cancelled_frees_the_servers_place(server: Server, verb: str) -> None:
    gate = ready_model(server, "endless")[1]

    async def use(client: AsyncClient) -> None:
        model = await client.model("endless")
        task = asyncio.create_task(getattr(model, verb)(BRIGHT))
        assert await asyncio.to_thread(eventually, lambda: gate.inside == 1)
        await leave(task)
        assert await asyncio.to_thread(eventually, lambda: gate.inside == 0)
        with pytest.raises(DeadlineExceededError):
            await getattr(model, verb)(BRIGHT, timeout=0.5)

    on(server.address, use)


def test_progress_is_told_on_the_loop_and_ends_the_run_where_it_raises(server: Server) -> None:
    told: list[int] = []

    def fail(done: int, total: int) -> None:
        told.append(threading.get_ident())
        raise KeyError("no more")

    async def use(client: AsyncClient) -> None:
        model = await client.model("toy")
        with pytest.raises(KeyError, match="no more"):
            await model.attribute(**LONG, progress=fail)

    on(server.address, use)
    assert told == [threading.get_ident()]


def test_many_images_are_asked_about_part_by_part(tmp_path: Path) -> None:
    photos, told = [toy_photo(seed) for seed in range(8)], list[tuple[int, int]]()

    async def use(client: AsyncClient) -> Any:
        model = await client.model("toy")
        await model.predict(photos, progress=lambda *step: told.append(step))
        return await model.features([photos, np.zeros((2, 3, 16, 16), np.float32)], layer="conv2")

    with running_server(tmp_path, max_images=3) as server, Client(server.address) as client:
        client.upload(toy_cnn(), name="toy")
        found = on(server.address, use)
        many = [*photos, *np.zeros((2, 3, 16, 16), np.float32)]
        assert_alike(client.model("toy").features(many, layer="conv2"), found)
    assert told[-1] == (8, 8)


def test_calls_come_again_and_carry_the_token(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_SECONDS", 0.01)

    async def use(client: AsyncClient) -> None:
        await client.models()
        script.failures = [BusyError("full", retry_seconds=0.05), grpc.StatusCode.UNAVAILABLE]
        await model_of(client).predict(toy_photo())
        script.failures = [grpc.StatusCode.UNAVAILABLE]
        with pytest.raises(ServerUnavailableError):
            await client.delete("toy")

    on(Endpoint(script.address, token="secret"), use)  # type: ignore[arg-type]
    assert script.names == ["ListModels", "Predict", "Predict", "Predict", "DeleteModel"]
    assert {one["authorization"] for one in script.metadata} == {"Bearer secret"}


def test_a_cancellation_ends_the_wait(script: Script) -> None:
    async def use(client: AsyncClient) -> None:
        script.failures = [BusyError("full", retry_seconds=PATIENCE - 1)]
        task = asyncio.create_task(model_of(client).predict(toy_photo()))
        await asyncio.to_thread(script.came.acquire)
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await leave(task)
        assert time.monotonic() - began < PATIENCE / 2

    on(script.address, use)
    assert script.names == ["Predict"]


def test_a_closed_client_says_so(server: Server) -> None:
    async def use(client: AsyncClient) -> None:
        model = await client.model("endless")
        running = asyncio.create_task(model.predict(BRIGHT))
        await asyncio.sleep(0.3)
        await client.close()
        with pytest.raises(ConflictError):
            await running
        with pytest.raises(ConflictError):
            await client.models()

    on(server.address, use)
