"""Requests whose work grows with what the caller writes: nobody else may wait for it."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.attacks.models import BLACK, model, node, small
from benchmarks.attacks.probe import GIB, Scene, probe
from benchmarks.attacks.wire import Answer, attempt, image, tensor
from inspector.v1.collection_service_pb2 import (
    AddItemsRequest,
    ComputePcaRequest,
    FindNeighborsRequest,
    GetCollectionRequest,
    Item,
    Query,
)
from inspector.v1.inspection_service_pb2 import (
    ActivationsRequest,
    AttributeRequest,
    PredictRequest,
    RunRequest,
)
from inspector.v1.model_service_pb2 import GetModelRequest, LoadModelRequest
from inspector.v1.target_pb2 import DirectionTarget, ElementTarget, Position, Target
from inspector.v1.value_pb2 import Numbers, Value

KIND = "caller-sized work"
SLOW = 2_000
"""Milliseconds that another caller may notice: 60 MB take the network's stack a few hundred on two shared cores."""
LARGE = 60_000_000


def _attribute(scene: Scene, **given: object) -> Answer:
    request = AttributeRequest(model="models/good", images=[BLACK], **given)  # type: ignore[arg-type]
    return attempt(scene.stubs.inspection.Attribute, request, timeout=50)


@probe(
    KIND, "names of 60 MB: of a method, a layer, a model, a collection, a verb, a health service", slow=SLOW
)
def long_names(scene: Scene) -> None:
    """A nearest name is looked for where there is none."""
    scene.upload(small(), "good")
    long = "m" * LARGE
    inspection, models = scene.stubs.inspection, scene.stubs.models
    scene.refused("method", _attribute(scene, method=long), within=8)
    layers = ActivationsRequest(model="models/good", images=[BLACK], layers=[long])
    scene.refused("layer", attempt(inspection.Activations, layers), within=8)
    scene.refused("model", attempt(models.GetModel, GetModelRequest(name=f"models/{long}")), within=8)
    named = PredictRequest(model=f"models/{long}", images=[BLACK])
    scene.refused("model of a Predict", attempt(inspection.Predict, named), within=8)
    verb = RunRequest(model="models/good", verb=long, images=[BLACK])
    scene.refused("verb", attempt(inspection.Run, verb), within=8)
    collection = GetCollectionRequest(name=f"collections/{long}")
    scene.refused("collection", attempt(scene.stubs.collections.GetCollection, collection), within=8)
    preset = LoadModelRequest(name="models/good", preset=long)
    scene.refused("preset", attempt(models.LoadModel, preset), within=8)
    scene.stubs.serving(long)


@probe(
    KIND,
    "900,000 policies, 1,000 unknown layers of 60 kB, 8 million numbers, 3 million coordinates",
    slow=SLOW,
)
def long_lists(scene: Scene) -> None:
    """Each entry is looked at, alone and in turn."""
    scene.upload(small(), "good")
    policies = {f"layer{number}" * 5: "x" for number in range(900_000)}
    scene.refused("policies", _attribute(scene, method="saliency", policies=policies), within=15)
    layers = ActivationsRequest(model="models/good", images=[BLACK], layers=["x" * 60_000] * 1_000)
    scene.refused("layers", attempt(scene.stubs.inspection.Activations, layers), within=15)
    numbers = Value(numbers=Numbers(values=np.zeros(8_000_000)))
    options = {"baseline": numbers}
    scene.refused("numbers", _attribute(scene, method="integrated_gradients", options=options), within=15)
    index = Position(coordinates=range(3_000_000))
    element = Target(element=ElementTarget(tensor="y", index=index))
    scene.refused("coordinates", _attribute(scene, targets=[element]), within=15)
    direction = Target(direction=DirectionTarget(tensor="y", vector=Numbers(values=np.ones(8_000))))
    scene.refused("directions", _attribute(scene, targets=[direction] * 900), within=15)
    many = {f"option{number}": Value(integer=number) for number in range(300_000)}
    scene.refused("options", _attribute(scene, method="saliency", options=many), within=15)


@probe(
    KIND, "60,000 images in one request, and a tensor of 60 MB in another shape than the model's", slow=SLOW
)
def many_images(scene: Scene) -> None:
    """Counted before they are read."""
    scene.upload(small(), "good")
    request = PredictRequest(model="models/good", images=[BLACK] * 60_000)
    scene.refused("images", attempt(scene.stubs.inspection.Predict, request), within=15)
    wrong = PredictRequest(model="models/good", images=[image(np.zeros((5, 3, 1000, 1000), np.float32))])
    scene.refused("shape", attempt(scene.stubs.inspection.Predict, wrong), within=15)


@probe(KIND, "an upload of 1 kB with 4 million labels, and with labels of 30 MB", slow=SLOW)
def many_labels(scene: Scene) -> None:
    """Labels come back with every answer."""
    scene.refused("labels", scene.upload(small(), "labels", labels=["x" * 10] * 4_000_000), within=8)
    scene.refused("a label", scene.upload(small(), "label", labels=["x" * 30_000_000]), within=8)


@probe(KIND, "metadata of 15 MB that reads as a Python literal, in an upload and at each load", slow=SLOW)
def large_metadata(scene: Scene) -> None:
    """Reading literals takes two seconds per MB."""
    names = str({number: f"class {number}" for number in range(600_000)})
    relu = [node("Relu", ["x"], "y")]
    answer = scene.clean("names", scene.upload(model(relu, metadata={"names": names}), "names"), within=8)
    if answer.code == "OK":
        request = LoadModelRequest(name="models/names")
        scene.clean("load", attempt(scene.stubs.models.LoadModel, request), within=8)
    nested = "[" * 100_000 + "]" * 100_000
    scene.clean("nested", scene.upload(model(relu, metadata={"names": nested}), "nested"), within=8)
    many = {f"key{number}": "v" for number in range(100_000)}
    scene.clean("keys", scene.upload(model(relu, metadata=many), "keys"), within=20)
    scene.clean("20 MB", scene.upload(model(relu, metadata={"k": "v" * 20_000_000}), "large"), within=8)


@probe(
    KIND, "a PCA of 256 × 200,000: cancelled after 0.3 s, and another to its end", memory=4 * GIB, slow=SLOW
)
def wide_pca(scene: Scene) -> None:
    """A decomposition once held the interpreter for 110 s."""
    _fill(scene, "wide", count=256, dimension=200_000)
    call = scene.stubs.collections.ComputePca.future(
        ComputePcaRequest(collection="collections/wide", components=50)
    )
    time.sleep(0.3)
    call.cancel()
    item = AddItemsRequest(collection="collections/b", items=[Item(id="1", vector=tensor(np.ones(2)))])
    scene.expect("another collection", attempt(scene.stubs.collections.AddItems, item), "OK", within=2)
    request = ComputePcaRequest(collection="collections/wide", components=50)
    answer = attempt(scene.stubs.collections.ComputePca, request, timeout=45)
    scene.expect("to its end", answer, ("OK", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"))


@probe(
    KIND,
    "256 queries by item among 40,000 items, and 256 items with 60 attributes of 4,000 characters",
    slow=SLOW,
)
def many_queries(scene: Scene) -> None:
    """A search per item, and text that nobody asked to keep."""
    _fill(scene, "short", count=40_000, dimension=1, at_once=256)
    queries = [Query(item=f"{39_999:07d}")] * 256
    request = FindNeighborsRequest(collection="collections/short", queries=queries, k=1)
    scene.clean("queries", attempt(scene.stubs.collections.FindNeighbors, request), within=10)
    attributes = {str(number): "v" * 4_000 for number in range(60)}
    items = [
        Item(id=str(number), vector=tensor(np.ones(1, np.float32)), attributes=attributes)
        for number in range(256)
    ]
    request_ = AddItemsRequest(collection="collections/texts", items=items)
    scene.clean("attributes", attempt(scene.stubs.collections.AddItems, request_), within=10)


def _fill(scene: Scene, name: str, *, count: int, dimension: int, at_once: int = 32) -> None:
    rng = np.random.default_rng(0)
    for begin in range(0, count, at_once):
        items = [
            Item(id=f"{number:07d}", vector=tensor(rng.standard_normal(dimension).astype(np.float32)))
            for number in range(begin, min(count, begin + at_once))
        ]
        request = AddItemsRequest(collection=f"collections/{name}", items=items)
        answer = attempt(scene.stubs.collections.AddItems, request)
        if answer.code != "OK":
            scene.expect("AddItems", answer, ("OK", "RESOURCE_EXHAUSTED"))
            return
