"""The same over the wire: a sample of the nasty values in every place of every verb, and of what the client has beside.

A value is refused before it is sent, or by the server, or answered; never by an error of the server's own.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspector.client import Client, Endpoint, Tls
from inspector.face.model import Model
from inspector.methods.catalog import attribution_methods
from inspector.types.requests.base import OPTIONS, REQUESTS, request_fields, takes_images
from tests.arguments.fuzz import fault_of
from tests.arguments.needed import FEW, FLOATS, needed
from tests.support.nasty import VALUES
from tests.support.server import running_server
from tests.support.toys import toy_cnn

pytestmark = pytest.mark.slow

EVERY = 5
"""Of the values: each place has its own sample."""
LONGEST_CALL = 5.0
"""Seconds: some legal numbers ask for hours, at which the server then works until here; others take a second."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with (
        running_server(tmp_path_factory.mktemp("models"), max_call_seconds=LONGEST_CALL) as server,
        Client(server.address, timeout=20) as made,
    ):
        made.upload(toy_cnn(), name="toy")
        yield made


def sampled(
    place: str, ask: Callable[[Any], object], *, every: int = EVERY, is_fielded: bool = True
) -> list[str]:
    """Return what went wrong with some of the values, always the same ones for a place."""
    first = zlib.crc32(place.encode()) % every
    faults = (
        fault_of(f"{place}={name}", lambda make=make: ask(make()), is_fielded=is_fielded)  # type: ignore[misc]
        for name, make in list(VALUES.items())[first::every]
    )
    return [str(fault) for fault in faults if fault is not None]


def places() -> Iterator[tuple[str, str]]:
    for verb, request in sorted(REQUESTS.items()):
        own = [one.python for one in request_fields(request) if one.name != OPTIONS]
        yield from (
            (verb, place)
            for place in (*own, *(["images", "inputs"] if takes_images(request) else []), "timeout")
        )


def test_any_value_in_any_place_of_a_verb(client: Client) -> None:
    model, faults = client.model("toy"), []
    for verb, place in places():
        given = needed(verb, FLOATS)
        faults += sampled(
            f"{verb}({place}",
            lambda value, verb=verb, place=place, given=given: getattr(model, verb)(**given | {place: value}),  # type: ignore[misc]
        )
    assert not faults, "\n".join(faults)


def test_any_value_of_any_option_of_a_method(client: Client) -> None:
    model, faults = client.model("toy"), []
    for method in attribution_methods():
        few = {option.name: FEW[option.name] for option in method.options if option.name in FEW}
        for option in method.options:
            if option.name != "policies":

                def ask(
                    value: Any, method: str = method.name, few: dict[str, Any] = few, name: str = option.name
                ) -> object:
                    # As many as take hours are legal here: the time limit ends them.
                    return model.attribute(FLOATS, method=method, timeout=0.5, **few | {name: value})

                faults += sampled(f"{method.name}({option.name}", ask)
    assert not faults, "\n".join(faults)


def test_any_value_in_any_place_of_the_client(client: Client) -> None:
    data = toy_cnn()
    model: Model = client.model("toy")
    kept = client.collection("fuzzed")
    kept.add(vectors={"a": np.array([1.0, 2.0]), "b": np.array([2.0, 1.0])})
    calls: dict[str, Callable[[Any], object]] = {
        "upload(name": lambda value: client.upload(data, name=value),
        "upload(preprocessing": lambda value: client.upload(data, name="p", preprocessing=value),
        "upload(scale": lambda value: client.upload(data, name="p", preprocessing={"scale": value}),
        "upload(mean": lambda value: client.upload(data, name="p", preprocessing={"mean": value}),
        "upload(crop": lambda value: client.upload(data, name="p", preprocessing={"crop": {"width": value}}),
        "upload(labels": lambda value: client.upload(data, name="l", labels=value),
        "upload(timeout": lambda value: client.upload(data, name="t", timeout=value),
        "register(": client.register,
        "served(": client.served,
        "model(": client.model,
        "load(name": client.load,
        "load(preprocessing": lambda value: client.load("toy", preprocessing=value),
        "unload(": client.unload,
        "delete(": client.delete,
        "layer(": model.layer,
        "collection(": lambda value: client.collection(value).info(),
        "add(images": lambda value: kept.add(value, model="toy"),
        "add(image": lambda value: client.collection("pictures").add({"x": value}, model="toy"),
        "add(vector": lambda value: kept.add(vectors={"c": value}),
        "add(attribute": lambda value: kept.add(vectors={"a": np.ones(2)}, attributes={"a": value}),
        "add(model": lambda value: kept.add({"x": FLOATS}, model=value),
        "add(layer": lambda value: kept.add(vectors={"a": np.ones(2)}, layer=value),
        "add(pooling": lambda value: kept.add(vectors={"a": np.ones(2)}, pooling=value),
        "neighbors(images": kept.neighbors,
        "neighbors(vectors": lambda value: kept.neighbors(vectors=value),
        "neighbors(items": lambda value: kept.neighbors(items=value),
        "neighbors(k": lambda value: kept.neighbors(items=["a"], k=value),
        "neighbors(metric": lambda value: kept.neighbors(items=["a"], metric=value),
        "pca(components": lambda value: kept.pca(components=value),
        "pca(timeout": lambda value: kept.pca(timeout=value),
    }
    faults = [
        fault
        for place, ask in calls.items()
        for fault in sampled(place, ask, every=12 if place.startswith("upload") else 4)
    ]
    faults += sampled("upload(source", lambda value: client.upload(value, name="s"), is_fielded=False)
    assert not faults, "\n".join(faults)


def test_any_value_in_any_place_of_an_endpoint(tmp_path: Path) -> None:
    file = tmp_path / "x.pem"
    file.write_text("-----BEGIN nothing")
    calls: dict[str, Callable[[Any], object]] = {
        "Client(address": lambda value: Client(value).close(),
        "Client(timeout": lambda value: Client("127.0.0.1:1", timeout=value).close(),
        "Client(max_message_bytes": lambda value: Client("127.0.0.1:1", max_message_bytes=value).close(),
        "Endpoint(address": Endpoint,
        "Endpoint(tls": lambda value: Endpoint("127.0.0.1:1", tls=value),
        "Endpoint(token": lambda value: Endpoint("127.0.0.1:1", token=value),
        "Endpoint(timeout": lambda value: Endpoint("127.0.0.1:1", timeout=value),
        "Tls(root_certificates": lambda value: Tls(root_certificates=value).credentials(),
        "Tls(key": lambda value: Tls(certificate=file, key=value),
    }
    faults = [fault for place, ask in calls.items() for fault in sampled(place, ask, every=1)]
    assert not faults, "\n".join(faults)
