"""Accepted models that end the process they run in."""

from __future__ import annotations

from benchmarks.attacks.bystander import MODEL
from benchmarks.attacks.models import BLACK, FLAT, WHITE, division, division_aside, division_flat, memory
from benchmarks.attacks.probe import GIB, Scene, probe
from benchmarks.attacks.wire import Answer, attempt
from inspector.v1.image_pb2 import Image
from inspector.v1.inspection_service_pb2 import ActivationsRequest, AttributeRequest, PredictRequest

KIND = "crash of a kernel"
CODES = ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "FAILED_PRECONDITION")


def _predict(scene: Scene, image: Image) -> Answer:
    request = PredictRequest(model="models/evil", images=[image])
    return attempt(scene.stubs.inspection.Predict, request, timeout=30)


@probe(KIND, "a model of 890 bytes that divides the least integer by −1 on one image: SIGFPE")
def division_by_value(scene: Scene) -> None:
    """The first look sees a model that works."""
    if scene.clean("upload", scene.upload(division(), "evil")).code != "OK":
        return
    scene.expect("Predict", _predict(scene, WHITE), CODES, within=5)
    again = _predict(scene, BLACK)
    scene.expect("Predict of an innocent image afterwards", again, ("OK", *CODES), within=10)
    scene.expect("Predict of the image again", _predict(scene, WHITE), CODES, within=10)
    request = AttributeRequest(model="models/evil", images=[WHITE])
    scene.expect(
        "Attribute", attempt(scene.stubs.inspection.Attribute, request, timeout=30), CODES, within=10
    )


@probe(KIND, "the same ten times: the model becomes FAILED, and its health says so")
def division_again_and_again(scene: Scene) -> None:
    """A worker that never stays up must not be restarted for ever."""
    if scene.clean("upload", scene.upload(division(), "evil")).code != "OK":
        return
    for _ in range(10):
        scene.expect("Predict", _predict(scene, WHITE), CODES, within=20)
    scene.require(
        that=not scene.stubs.serving("models/evil"),
        words="health of the model says SERVING after ten crashes",
    )
    scene.require(that=scene.stubs.serving(f"models/{MODEL}"), words="another model's health is not SERVING")


@probe(KIND, "the same through a flat input, and on the way to a second output, on every input")
def division_unseen(scene: Scene) -> None:
    """What the first look does not run."""
    if scene.clean("upload", scene.upload(division_flat(), "evil")).code == "OK":
        scene.expect("Predict", _predict(scene, FLAT), CODES, within=10)
    if scene.clean("upload", scene.upload(division_aside(), "aside")).code == "OK":
        for layers in (["y2"], ["qf"], ["q"]):
            request = ActivationsRequest(model="models/aside", images=[WHITE], layers=layers)
            answer = attempt(scene.stubs.inspection.Activations, request, timeout=30)
            scene.expect(f"Activations of {layers}", answer, ("NOT_FOUND", *CODES), within=10)


@probe(
    KIND,
    "a model of 1.2 kB that fills 32 GB on one image",
    memory=5 * GIB,
    slow=8_000,
    settings={"worker_memory_bytes": 3 * GIB},
)
def memory_by_value(scene: Scene) -> None:
    """Each allocation alone is granted."""
    if scene.clean("upload", scene.upload(memory(), "evil")).code != "OK":
        return
    scene.expect("Predict", _predict(scene, WHITE), CODES, within=30)
    scene.expect("Predict of an innocent image afterwards", _predict(scene, BLACK), ("OK", *CODES), within=15)
