"""Pictures of few bytes that become many."""

from __future__ import annotations

from benchmarks.attacks.models import small
from benchmarks.attacks.pictures import plain
from benchmarks.attacks.probe import GIB, REFUSALS, Scene, probe
from benchmarks.attacks.wire import Answer, attempt
from inspector.v1.image_pb2 import Image
from inspector.v1.inspection_service_pb2 import OccludeRequest, PredictRequest
from inspector.v1.model_pb2 import Preprocessing
from inspector.v1.model_service_pb2 import LoadModelRequest

KIND = "pictures by what they become"


SOON = 2.0
"""Seconds for a refusal by a picture's header, on a machine with other work."""


def _predict(scene: Scene, model: str, *images: Image, timeout: float = 50) -> Answer:
    request = PredictRequest(model=f"models/{model}", images=images)
    answer = attempt(scene.stubs.inspection.Predict, request, timeout=timeout)
    scene.tell(f"{len(images)} to {model}: {answer} after {answer.seconds:.3f} s")
    return scene.expect(f"Predict of {model}", answer, ("OK", "DEADLINE_EXCEEDED", *REFUSALS))


def _refused(scene: Scene, model: str, *images: Image) -> None:
    """Ask, and expect a refusal by what the headers say."""
    answer = _predict(scene, model, *images)
    scene.refused(f"Predict of {len(images)} by {model}", answer, within=SOON)


def _override(scene: Scene, model: str, **changes: object) -> bool:
    request = LoadModelRequest(name=f"models/{model}", preprocessing=Preprocessing(**changes))  # type: ignore[arg-type]
    answer = attempt(scene.stubs.models.LoadModel, request)
    scene.clean(f"LoadModel with {changes}", answer)
    return answer.code == "OK"


@probe(KIND, "a PNG of 60000×1 pixels and 259 bytes, to a model that resizes the short side")
def thin_picture(scene: Scene) -> None:
    """The whole picture resized has 13 million columns."""
    scene.upload(small(side=224), "fixed", preprocessing=Preprocessing(resize="short_side", resize_size=256))
    _predict(scene, "fixed", plain(60_000, 1))
    _predict(scene, "fixed", plain(1, 60_000))


@probe(KIND, "the same, to a model that takes any size")
def thin_picture_free(scene: Scene) -> None:
    """Nothing is cropped here: the picture is as large as it becomes."""
    scene.upload(small(side="any"), "free", preprocessing=Preprocessing(resize="short_side", resize_size=256))
    _refused(scene, "free", plain(60_000, 1))


@probe(KIND, "a PNG of 64 megapixels and 190 kB, to a model that takes any size", memory=4 * GIB)
def large_picture_free(scene: Scene) -> None:
    """768 MB as floats, and every layer as large."""
    scene.upload(small(side="any", channels=16), "free")
    _predict(scene, "free", plain(8, 8))
    _refused(scene, "free", plain(8_000, 8_000))


@probe(KIND, "16 such PNGs in one request, and 64 to a model of fixed size", memory=4 * GIB)
def many_large_pictures(scene: Scene) -> None:
    """Each alone fits."""
    scene.upload(small(side="any"), "free")
    scene.upload(small(side=224), "fixed")
    large = plain(8_000, 8_000)
    _refused(scene, "free", *[large] * 16)
    _predict(scene, "fixed", *[large] * 64)


@probe(KIND, "a preprocessing of one's own: heights, sizes and fills from 60,000 to 2^62")
def own_sizes(scene: Scene) -> None:
    """A caller's own numbers become pixels."""
    scene.upload(small(side=224), "fixed")
    scene.upload(small(side="any"), "free")
    tiny = plain(10, 10)
    for model, changes in (
        ("fixed", {"height": 100_000, "width": 100_000, "resize": "exact"}),
        ("fixed", {"height": 2**62}),
        ("fixed", {"resize": "short_side", "resize_size": 60_000}),
        ("fixed", {"resize": "short_side", "resize_size": 2**62}),
        ("fixed", {"resize": "letterbox", "letterbox_fill": 2**62}),
        ("free", {"resize": "letterbox", "height": 60_000, "width": 60_000}),
        ("free", {"resize": "exact", "height": 30_000, "width": 30_000}),
    ):
        if _override(scene, model, **changes):
            _predict(scene, model, tiny)
    answer = scene.upload(small(side="any"), "own", preprocessing=Preprocessing(height=2**62, width=2**62))
    if scene.clean("upload with a height of 2^62", answer).code == "OK":
        _predict(scene, "own", tiny)


@probe(KIND, "an occlusion in batches of 2^31 − 1, and patches and strides of 2^62")
def own_batches(scene: Scene) -> None:
    """A caller's own numbers become batches."""
    scene.upload(small(side=224), "fixed")
    for given in (
        {"batch": 2**31 - 1, "stride": [1, 1], "size": [56, 56]},
        {"batch": 2**62, "stride": [16, 16]},
        {"size": [2**62, 1]},
        {"stride": [2**62, 2**62]},
        {"stride": [0, 0]},
    ):
        request = OccludeRequest(model="models/fixed", images=[plain(224, 224)], **given)
        answer = attempt(scene.stubs.inspection.Occlude, request, timeout=8)
        scene.expect(f"Occlude with {given}", answer, ("OK", *_CODES))


_CODES = ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED")
