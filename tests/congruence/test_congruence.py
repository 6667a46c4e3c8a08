"""The same call here and over the wire gives the same: results, and errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspector.client import Client
from inspector.collections.neighbors import neighbors
from inspector.collections.pca import fit_pca
from inspector.errors import InspectorError
from inspector.face.catalog import attribution_methods, verbs
from inspector.face.load import load
from inspector.face.model import Model
from inspector.types import targets
from inspector.types.notes import Note
from inspector.types.options import MethodInfo
from inspector.types.results.report import Verdict
from inspector.v1 import inspection_service_pb2
from tests.congruence.case import Case
from tests.congruence.cases import CASES
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_photo

DEMO = Path(__file__).parents[2] / "demo" / "model" / "demo.onnx"
PICTURES = {"picture", "pictures"}
"""What only the service draws."""

FEW = {"steps": 3, "samples": 3, "masks": 20}
"""Options that say how long a method takes."""


@dataclass(frozen=True)
class Pair:
    """One model, here and there."""

    local: Model
    remote: Model


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_server(tmp_path_factory.mktemp("models")) as server, Client(server.address) as made:
        yield made


@pytest.fixture(scope="module", params=["batch", 1, 2], ids=lambda batch: f"batch-{batch}")
def pair(request: pytest.FixtureRequest, client: Client) -> Iterator[Pair]:
    data, name = toy_cnn(batch=request.param), f"toy-{request.param}"
    labels = ["ant", "bee", "cat", "dog", "eel"]
    client.upload(data, name=name, labels=labels)
    with load(data, name=name, device="cpu", labels=labels) as local:
        yield Pair(local, client.model(name))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_here_and_there_give_the_same(pair: Pair, case: Case) -> None:
    here = outcome(lambda: case.ask(pair.local, targets))
    there = outcome(lambda: case.ask(pair.remote, targets))
    assert_same(here, there)


def test_the_layers_are_the_same(pair: Pair) -> None:
    assert pair.local.layers() == pair.remote.layers()


def test_what_is_known_of_the_model_is_the_same(pair: Pair, client: Client) -> None:
    assert pair.local.info == pair.remote.info
    assert client.served(pair.local.name).info == pair.local.info


def test_neighbors_and_components_are_the_same(pair: Pair, client: Client) -> None:
    photos = {f"photo {seed}": toy_photo(seed) for seed in range(12)}
    vectors = pair.local.features(list(photos.values()), layer="conv2", pooling="max")
    name = pair.remote.name
    collection = client.collection(f"photos-of-{name}")
    info = collection.add(photos, model=name, layer="conv2", pooling="max")
    assert (info.dimension, info.item_count, info.model, info.layer, info.pooling) == (
        8,
        12,
        name,
        "conv2",
        "max",
    )
    for metric in ("cosine", "euclidean"):
        here = neighbors(vectors, vectors[:3], k=4, metric=metric)
        for there in (
            collection.neighbors(list(photos.values())[:3], k=4, metric=metric),
            collection.neighbors(vectors=list(vectors[:3]), k=4, metric=metric),
            collection.neighbors(items=list(photos)[:3], k=4, metric=metric),
        ):
            assert np.array_equal(here.indices, [[one.index for one in found] for found in there])
            assert np.array_equal(here.distances, [[one.distance for one in found] for found in there])
            assert [[one.id for one in found] for found in there] == [
                [list(photos)[index] for index in row] for row in here.indices
            ]
    axes, pca = fit_pca(vectors, components=3), collection.pca(components=3)
    for field in fields(axes):
        assert np.array_equal(getattr(axes, field.name), getattr(pca, field.name))
    assert np.array_equal(axes.project(vectors), pca.points)
    assert pca.ids == tuple(photos)
    collection.delete()


@pytest.mark.parametrize("method", attribution_methods(), ids=lambda method: method.name)
def test_every_method_gives_the_same(pair: Pair, method: MethodInfo) -> None:
    options: dict[str, Any] = {
        option.name: FEW[option.name] for option in method.options if option.name in FEW
    }
    here, there = (
        model.attribute(toy_photo(), method=method.name, target=1, **options)
        for model in (pair.local, pair.remote)
    )
    assert_same(here, there)
    assert here.method == method.name


def test_the_methods_are_the_same(client: Client) -> None:
    assert attribution_methods() == client.attribution_methods()


def test_the_verbs_are_the_same(client: Client) -> None:
    assert verbs() == client.verbs()


def test_progress_is_told_there_as_here(pair: Pair) -> None:
    told: dict[str, list[tuple[int, ...]]] = {}
    for name, model in (("here", pair.local), ("there", pair.remote)):
        told[name] = []
        model.attribute(
            toy_photo(),
            method="integrated_gradients",
            steps=200,
            progress=lambda *step, name=name: told[name].append(step),
        )
    assert told["here"][-1] == told["there"][-1] == (200, 200)
    assert len(told["here"]) > 1
    # A reader who is slower than the model misses some, in order and never the last.
    assert set(told["there"]) <= set(told["here"])
    assert told["there"] == sorted(told["there"])


@pytest.mark.skipif(not DEMO.exists(), reason="demo/model/demo.onnx is not there")
def test_the_demos_model_is_the_same(client: Client) -> None:
    client.upload(DEMO, name="demo")
    remote = client.model("demo")
    photo = toy_photo(height=200, width=300)
    with load(DEMO, name="demo", device="cpu") as local:
        layer = next(one.name for one in reversed(local.layers()) if one.op_type == "Conv")
        asks: tuple[Callable[[Model, Any], Any], ...] = (
            lambda m, t: m.predict(photo),
            lambda m, t: m.activations(photo, layers=[layer]),
            lambda m, t: m.attribute(photo),
            lambda m, t: m.attribute(photo, method="deconvnet", target=t.Unit(layer)),
            lambda m, t: m.features([photo, photo]),
            # Image by image: how many run together, and whether on crops, is found by timing, which turns last bits.
            lambda m, t: m.occlude(photo, size=16, stride=16, batch=1),
        )
        for ask in asks:
            assert_same(ask(local, targets), ask(remote, targets))


def test_every_inspection_has_a_case() -> None:
    service = inspection_service_pb2.DESCRIPTOR.services_by_name["InspectionService"]
    asked = {case.rpc for case in CASES.values()} | {"ListMethods", "ListVerbs"}
    assert asked == {method.name for method in service.methods}


def test_both_sides_are_one_class(pair: Pair) -> None:
    assert type(pair.local) is type(pair.remote) is Model
    assert pair.local.name == pair.remote.name


def outcome(ask: Any) -> Any:
    try:
        return ask()
    except InspectorError as error:
        return type(error), error.reason, error.field, error.message


def assert_same(here: Any, there: Any) -> None:
    """Compare bit by bit, classes and pixels included."""
    if is_dataclass(here) or isinstance(here, str):
        assert type(here) is type(there)
    if isinstance(here, Note):
        assert here.id == there.id
    if is_dataclass(here):
        for field in fields(here):
            if isinstance(here, Verdict) and field.name == "seconds":
                continue  # how long a rule looked differs from time to time
            assert_same(getattr(here, field.name), getattr(there, field.name))
    elif isinstance(here, np.ndarray):
        assert (here.dtype, here.shape) == (there.dtype, there.shape)
        assert np.array_equal(here, there)
    elif isinstance(here, Mapping):
        assert list(here) == list(there)
        for key in here:
            assert_same(here[key], there[key])
    elif isinstance(here, (tuple, list)):
        assert len(here) == len(there)
        for one, other in zip(here, there, strict=True):
            assert_same(one, other)
    else:
        assert here == there
