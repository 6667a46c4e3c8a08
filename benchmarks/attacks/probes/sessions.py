"""Ordinary calls, each a little different, for which something is kept."""

from __future__ import annotations

import itertools

import numpy as np

from benchmarks.attacks.models import chain, small
from benchmarks.attacks.probe import GIB, Scene, probe
from benchmarks.attacks.server import difference
from benchmarks.attacks.wire import attempt, image
from inspector.v1.inspection_service_pb2 import ActivationsRequest, AttributeRequest

KIND = "sessions that are kept"
MOST_THREADS = 160


def _require_few_threads(scene: Scene, before: object, what: str) -> None:
    grown = difference(before, scene.server.stats())  # type: ignore[arg-type]
    scene.tell(f"{what}: {grown['threads']:+} threads, {grown['memory'] >> 20:+} MiB")
    scene.require(that=grown["threads"] <= MOST_THREADS, words=f"{what}: {grown['threads']} more threads")


@probe(KIND, "400 Activations of other layers each", memory=2 * GIB)
def other_layers(scene: Scene) -> None:
    """Each set of layers is a graph of its own."""
    scene.upload(chain(20), "chain")
    images = [image(np.ones((1, 3, 8, 8), np.float32))]
    names = [f"v{number}" for number in range(20)]
    before = scene.server.stats()
    for layers in itertools.islice(itertools.combinations(names, 3), 400):
        request = ActivationsRequest(model="models/chain", images=images, layers=layers)
        if (
            scene.expect("Activations", attempt(scene.stubs.inspection.Activations, request), "OK").code
            != "OK"
        ):
            break
    _require_few_threads(scene, before, "400 sets of layers")


@probe(KIND, "400 Attributes of images of other sizes, for a model that takes any", memory=2 * GIB)
def other_sizes(scene: Scene) -> None:
    """Each size of image may be a session of its own."""
    scene.upload(small(side="any"), "free")
    before = scene.server.stats()
    for side in range(8, 408):
        images = [image(np.ones((1, 3, side, 9), np.float32))]
        request = AttributeRequest(model="models/free", images=images)
        if scene.expect("Attribute", attempt(scene.stubs.inspection.Attribute, request), "OK").code != "OK":
            break
    _require_few_threads(scene, before, "400 sizes")


@probe(KIND, "a saliency of a model of 5,000 nodes, and of 20,000", memory=3 * GIB, slow=5_000)
def many_nodes(scene: Scene) -> None:
    """What is below the limit is served."""
    for nodes in (5_000, 20_000):
        name = f"chain{nodes}"
        answer = scene.upload(chain(nodes), name, timeout=60)
        scene.expect(f"upload of {nodes} nodes", answer, "OK", within=30)
        request = AttributeRequest(model=f"models/{name}", images=[image(np.ones((1, 3, 8, 8), np.float32))])
        found = attempt(scene.stubs.inspection.Attribute, request, timeout=60)
        scene.tell(f"{nodes} nodes: upload {answer.seconds:.1f} s, first saliency {found.seconds:.1f} s")
        scene.expect(f"saliency of {nodes} nodes", found, "OK", within=30)
