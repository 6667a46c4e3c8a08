"""Many images are asked about part by part, and the answer is that of one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspector.client import Class, Client, Unit
from inspector.client.backend import WireBackend
from inspector.client.parts import MAX_IMAGES
from inspector.errors import DeadlineExceededError, InspectorError, InvalidInputError, LimitExceededError
from inspector.face.catalog import attribution_methods
from inspector.face.load import load
from inspector.face.model import Model
from inspector.types.images import Prepared
from inspector.types.notes import Note
from inspector.types.options import MethodInfo
from inspector.types.requests.base import REQUESTS, ImagesRequest, result_kind
from inspector.types.results.predictions import Predictions
from inspector.types.results.vectors import Vectors
from inspector.wire.results import response_of
from tests.congruence.test_congruence import FEW
from tests.support.scripted import RPCS, scripted_server
from tests.support.server import running_server
from tests.support.toys import toy_cnn, toy_image, toy_photo

COUNT = 8
MOST = 3
PHOTOS = [toy_photo(seed) for seed in range(COUNT)]
FLOATS = np.stack([toy_image() * (1 + seed / 10) for seed in range(COUNT)])
MANY: dict[str, Any] = {
    "photos": PHOTOS,
    "lists of lists": [PHOTOS[:5], [PHOTOS[5], PHOTOS[6:]]],
    "a batch": FLOATS,
    "batches and photos": [FLOATS[:5], PHOTOS[0], FLOATS[5], FLOATS[6:]],
    "prepared": Prepared(FLOATS),
}
VERBS: dict[str, dict[str, Any]] = {
    "predict": {"top": 2},
    "features": {"layer": "conv2"},
    "activations": {"layers": ["relu2", "scores"]},
    "attribute": {"method": "gradcam"},
}


@dataclass(frozen=True)
class Pair:
    """One model in this process, and on a server that takes few images at once."""

    local: Model
    client: Client

    @property
    def remote(self) -> Model:
        return self.client.model("toy")


@pytest.fixture(scope="module")
def local() -> Iterator[Model]:
    with load(toy_cnn(), name="toy", device="cpu") as made:
        yield made


@pytest.fixture(scope="module")
def pair(local: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with (
        running_server(tmp_path_factory.mktemp("models"), max_images=MOST) as server,
        Client(server.address) as client,
    ):
        client.upload(toy_cnn(), name="toy")
        yield Pair(local, client)


def assert_alike(here: Any, there: Any) -> None:
    """Compare all but the rounding, which depends on how many images run together, and notes on a set of images."""
    assert type(here) is type(there)
    if is_dataclass(here):
        for field in fields(here):
            if field.name != "notes":
                assert_alike(getattr(here, field.name), getattr(there, field.name))
    elif isinstance(here, np.ndarray | float):
        kinds = [(np.asarray(one).dtype, np.shape(one)) for one in (here, there)]
        assert kinds[0] == kinds[1]
        assert np.allclose(here, there, rtol=1e-4, atol=1e-5)
    elif isinstance(here, Mapping):
        assert list(here) == list(there)
        for key in here:
            assert_alike(here[key], there[key])
    elif isinstance(here, tuple | list):
        assert len(here) == len(there)
        for one, other in zip(here, there, strict=True):
            assert_alike(one, other)
    else:
        assert here == there


def per_image() -> set[str]:
    return {name for name, one in REQUESTS.items() if issubclass(one, ImagesRequest) and one.is_per_image}


def test_every_verb_that_is_per_image_has_a_case_and_a_joined_result() -> None:
    assert set(VERBS) == per_image()
    for name in VERBS:
        assert "joined" in vars(result_kind(dict(REQUESTS.items())[name]))


@pytest.mark.parametrize("images", MANY.values(), ids=MANY)
@pytest.mark.parametrize("verb", VERBS)
def test_the_answer_is_that_of_one_call(pair: Pair, verb: str, images: Any) -> None:
    here, there = (getattr(model, verb)(images, **VERBS[verb]) for model in (pair.local, pair.remote))
    assert_alike(here, there)


@pytest.mark.parametrize("method", attribution_methods(), ids=lambda method: method.name)
def test_every_method_gives_that_of_one_call(pair: Pair, method: MethodInfo) -> None:
    options: dict[str, Any] = {
        option.name: FEW[option.name] for option in method.options if option.name in FEW
    }
    here, there = (
        model.attribute(PHOTOS[:5], method=method.name, **options) for model in (pair.local, pair.remote)
    )
    assert [target.image for target in there.targets] == list(range(5))
    assert_alike(here, there)


@pytest.mark.parametrize(
    "given",
    [
        {"target": [seed % 5 for seed in range(COUNT)]},
        {"target": [Class(1), Unit("relu2", 3)], "cross": True},
        {"target": Unit("relu1", 0)},
        {"method": "integrated_gradients", "steps": 2, "baseline": "black"},
        {"method": "gradcam", "target": [*[Unit("relu2", 1)] * 4, *[Class(0)] * 4]},
    ],
    ids=["pairs", "cross", "one target", "with gaps", "several layers"],
)
def test_targets_go_with_their_images(pair: Pair, given: dict[str, Any]) -> None:
    for images in (PHOTOS, FLOATS):
        here, there = (model.attribute(images, **given) for model in (pair.local, pair.remote))
        assert_alike(here, there)


@pytest.mark.parametrize("verb", ["activations", "attribute"])
def test_pictures_are_those_of_the_whole(pair: Pair, verb: str) -> None:
    here, there = (
        getattr(model, verb)(PHOTOS, rendering="png", **VERBS[verb]) for model in (pair.local, pair.remote)
    )
    assert there.rendered
    assert here.rendered == there.rendered


def broken(index: int) -> list[Any]:
    return [*PHOTOS[:index], b"no picture", *PHOTOS[index + 1 :]]


@pytest.mark.parametrize(
    "ask",
    [
        lambda model: model.predict(broken(0)),
        lambda model: model.predict(broken(7)),
        lambda model: model.features([PHOTOS[:4], broken(5)[4:]]),
        lambda model: model.predict([*PHOTOS, "none.png"]),
        lambda model: model.attribute(PHOTOS, target=[0, 1, 2, 3, 4, 99, 0, 1]),
        lambda model: model.attribute(PHOTOS, target=[0, 1, 2]),
        lambda model: model.attribute(PHOTOS, target=Unit("relu9")),
        lambda model: model.predict([*PHOTOS, FLOATS[:, :, :4]]),
        lambda model: model.activations(PHOTOS, layers=["relu1", "relu9"]),
    ],
)
def test_an_error_names_its_place_among_all(pair: Pair, ask: Callable[[Model], Any]) -> None:
    failures = []
    for model in (pair.local, pair.remote):
        with pytest.raises(InspectorError) as caught:
            ask(model)
        failures.append((type(caught.value), caught.value.reason, caught.value.field))
    assert failures[0] == failures[1]


def test_what_a_server_takes_is_learned_once(pair: Pair) -> None:
    pair.remote.predict(PHOTOS)
    assert pair.client._connection.limits.images in range(1, MOST + 1)


def test_one_image_that_is_too_large_is_no_image_too_many(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, max_image_pixels=10_000) as server,
        Client(server.address) as client,
    ):
        client.upload(toy_cnn(), name="toy")
        file = BytesIO()
        Image.new("RGB", (200, 200)).save(file, "PNG")
        with pytest.raises(LimitExceededError, match="pixels") as caught:
            client.model("toy").predict(file.getvalue())
        assert caught.value.field == "images"
        assert client._connection.limits.images == MAX_IMAGES


def test_images_of_a_size_that_no_run_holds_are_asked_about_once() -> None:
    with scripted_server() as script, Client(script.address) as client:
        script.failures = [LimitExceededError("Too large.", reason="IMAGE_TOO_LARGE", field="images")]
        with pytest.raises(LimitExceededError) as caught:
            Model(WireBackend(client._connection, "toy"), name="toy").predict([b"picture"] * 10)
        assert caught.value.reason == "IMAGE_TOO_LARGE"
        assert script.names == ["Predict"]
        assert client._connection.limits.images == MAX_IMAGES


def test_images_too_large_together_are_asked_about_in_parts(local: Model, tmp_path: Path) -> None:
    with (
        running_server(tmp_path, max_input_bytes=MOST * FLOATS[0].nbytes) as server,
        Client(server.address) as client,
    ):
        client.upload(toy_cnn(), name="toy")
        for images in (PHOTOS, [*FLOATS]):
            assert_alike(local.predict(images), client.model("toy").predict(images))
        assert client._connection.limits.images == MAX_IMAGES


def test_progress_adds_up(pair: Pair) -> None:
    told: list[list[tuple[int, int]]] = [[], []]
    for steps, model in zip(told, (pair.local, pair.remote), strict=True):
        model.attribute(
            PHOTOS, method="smoothgrad", samples=5, progress=lambda *step, to=steps: to.append(step)
        )
    assert told[1][-1] == told[0][-1] == (5 * COUNT, 5 * COUNT)
    assert told[1] == sorted(told[1])
    assert {total for _, total in told[1]} == {5 * COUNT}


def test_verbs_of_one_step_tell_their_images(pair: Pair) -> None:
    pair.client._connection.limits.images = MOST
    told: list[tuple[int, int]] = []
    pair.remote.predict(PHOTOS, progress=lambda *step: told.append(step))
    assert told == [(3, 8), (6, 8), (8, 8)]


@pytest.mark.parametrize("limit", ["server", "client"])
def test_requests_and_answers_are_as_large_as_both_sides_take(
    local: Model, tmp_path: Path, limit: str
) -> None:
    small: dict[str, Any] = {"max_message_bytes": 40_000}
    with (
        running_server(tmp_path, **(small if limit == "server" else {})) as server,
        Client(server.address, **(small if limit == "client" else {})) as client,
    ):
        client.upload(toy_cnn(), name="toy")
        floats = np.concatenate([FLOATS, FLOATS])
        assert floats.nbytes > small["max_message_bytes"]
        for many, (model_verb, options) in product((floats, Prepared(floats), [*floats]), VERBS.items()):
            here, there = (
                getattr(model, model_verb)(many, **options) for model in (local, client.model("toy"))
            )
            assert_alike(here, there)
        with pytest.raises(LimitExceededError):
            client.model("toy").attribute(FLOATS[0], target=[0, 1, 2, 3, 4] * 4)


def test_one_image_that_is_too_large_is_named(local: Model, tmp_path: Path) -> None:
    with running_server(tmp_path, max_message_bytes=40_000) as server, Client(server.address) as client:
        client.upload(toy_cnn(), name="toy")
        noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
        with pytest.raises(LimitExceededError):
            client.model("toy").predict([*PHOTOS, noise])


def test_all_parts_share_one_time() -> None:
    def answer() -> Any:
        time.sleep(0.3)
        return response_of(RPCS["Predict"], result=Predictions(predictions=()))

    with scripted_server() as script, Client(script.address) as client:
        script.answers["Predict"] = answer
        model = Model(WireBackend(client._connection, "toy"), name="toy")
        model.predict([b"picture"] * 600, timeout=8)
        assert [len(request.images) for _, request in script.asked] == [256, 256, 88]
        first, second, third = script.left
        assert second < first - 0.2
        assert third < second - 0.2
        script.asked.clear()
        with pytest.raises(DeadlineExceededError):
            model.predict([b"picture"] * 256 * 20, timeout=0.8)
        assert len(script.asked) < 20


def test_the_notes_of_parts_are_there_once() -> None:
    first, second = Note("one", id="a"), Note("other", id="a")
    vectors = np.ones((1, 2), np.float32)
    parts = [
        Vectors(vectors=vectors, layer="a", pooling="none", notes=notes)
        for notes in ((first,), (second, first), ())
    ]
    assert [(note.id, str(note)) for note in Vectors.joined(parts).notes] == [("a", "one"), ("a", "other")]


def test_images_of_other_sizes_do_not_stack() -> None:
    one, other = (np.zeros((1, size), np.float32) for size in (2, 3))
    parts = [Vectors(vectors=values, layer="a", pooling="none") for values in (one, other)]
    with pytest.raises(InvalidInputError) as caught:
        Vectors.joined(parts)
    assert (caught.value.reason, caught.value.field) == ("SHAPES_DIFFER", "images")
