"""A page of every kind of model: what can be shown is shown, and what cannot is said in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

import inspector
from inspector.errors import (
    CancelledError,
    EngineError,
    InvalidInputError,
    NotFoundError,
    ServerUnavailableError,
)
from inspector.face.collection import collection
from inspector.report import write
from inspector.report.chapter import CHAPTERS, chapter_names
from inspector.report.subjects import Subject, noise, subject_of, windows
from inspector.report.write import Written, write_report
from tests.support.graphs import model, node
from tests.support.small_cnn import small_cnn
from tests.support.toys import toy_photo

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(5)
LONGER = ("judging", "synthesis", "ablations", "invariance", "fooling")
SECTIONS = (
    "What the model answers",
    "Why the answer is what it is",
    "Can the maps be believed",
    "What units look for",
    "What it would like best",
    "Where the evidence is",
    "What the answer rests on",
    "What may move without another answer",
    "How little must change",
    "What each layer saw",
    "What the first filters look like",
    "Are the filters sound",
    "Which images are alike",
    "The layers",
)


def drawn(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def ending(*tail: onnx.NodeProto, shape: tuple[Any, ...] = ("n", 3, 12, 12), **weights: np.ndarray) -> bytes:
    """Return conv - relu - and what is given."""
    nodes = [node("Conv", ["x", "w1"], "conv1", kernel_shape=[3, 3]), node("Relu", ["conv1"], "relu1"), *tail]
    return model(
        nodes, shape=shape, weights={"w1": drawn(4, int(shape[1]), 3, 3), **weights}
    ).SerializeToString()


POOLED = (node("GlobalAveragePool", ["relu1"], "pool"), node("Flatten", ["pool"], "flat"))
DENSE = (*POOLED, node("Gemm", ["flat", "w2"], "scores"))
MODELS = {
    "classes": ending(*DENSE, w2=drawn(4, 5)),
    "probabilities": small_cnn(head="Softmax"),
    "channels last": small_cnn(layout="NHWC"),
    "a fixed batch": small_cnn(batch=2),
    "a free size": small_cnn(height="h", width="w"),
    "one channel": ending(*DENSE, shape=("n", 1, 12, 12), w2=drawn(4, 5)),
    "six channels": ending(*DENSE, shape=("n", 6, 12, 12), w2=drawn(4, 5)),
    "one number": ending(*DENSE, w2=drawn(4, 1)),
    "an embedding": ending(*POOLED),
    "maps": ending(node("Conv", ["relu1", "w2"], "maps", kernel_shape=[1, 1]), w2=drawn(3, 4, 1, 1)),
    "no way back": ending(node("Sign", ["relu1"], "sign"), *DENSE[:0], node("Flatten", ["sign"], "flat")),
    "dead units": ending(
        node("Flatten", ["relu1"], "flat"),
        node("Mul", ["flat", "zero"], "scores"),
        zero=np.zeros(1, np.float32),
    ),
    "no maps": model(
        [node("Gemm", ["x", "w"], "h"), node("Relu", ["h"], "r"), node("Gemm", ["r", "v"], "y")],
        shape=("n", 10),
        weights={"w": drawn(10, 8), "v": drawn(8, 3)},
    ).SerializeToString(),
}


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Subject]:

    folder = tmp_path_factory.mktemp("photographs")
    for seed in range(3):
        Image.fromarray(toy_photo(seed, height=20 + seed, width=24)).save(folder / f"photo{seed}.png")
    return [subject_of(path) for path in sorted(folder.iterdir())]


def written(data: bytes, subjects: list[Subject], **given: Any) -> Written:
    with inspector.load(data, device="cpu", name="small") as loaded:
        return write_report(
            loaded, subjects, collection=collection("report", store="memory"), **({"patience": 2.0} | given)
        )


def sections(html: str) -> list[str]:
    return re.findall(r"<h2 id=[^>]*>([^<]*)</h2>", html)


@pytest.mark.parametrize("name", MODELS)
def test_a_page_of_every_model(photographs: list[Subject], name: str) -> None:
    found = written(MODELS[name], photographs)
    assert tuple(sections(found.html)) == SECTIONS
    assert not found.bugs
    assert all(sentence.startswith("Not shown (") for sentence in found.missing)
    assert ("random noise" in found.html) == (len(found.skipped) == len(photographs))


def test_what_a_picture_shows_is_shown(photographs: list[Subject]) -> None:
    found = written(MODELS["classes"], photographs)
    assert not found.missing
    assert not found.skipped
    assert found.html.count("<img") > 14
    assert all(subject.name in found.html for subject in photographs)


def test_a_part_that_fails_is_a_sentence_and_the_rest_goes_on(photographs: list[Subject]) -> None:
    found = written(MODELS["no way back"], photographs)
    assert any("saliency of photo0" in one and "Sign" in one for one in found.missing)
    assert len(found.missing) == len(set(found.missing))
    assert found.html.count("feature maps") >= 1
    without = written(MODELS["no maps"], photographs)
    assert "flat vector" in without.html
    assert len(without.skipped) == len(photographs)


def test_without_images_it_is_noise_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "inspector.report.subjects._OPEN_SIDES", (16,)
    )  # of 224, the first, a page takes long
    found = written(MODELS["a free size"], [])
    assert "No images were given: what follows is computed on random noise" in found.html
    assert "n×3×h×w float32" in found.html
    assert tuple(sections(found.html)) == SECTIONS


def test_an_image_that_is_none_is_left_out(photographs: list[Subject], tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    found = written(MODELS["classes"], [subject_of(tmp_path / "text.png"), *photographs])
    assert [name for name, _ in found.skipped] == ["text"]
    assert "Not shown (text): " in found.html
    assert "random noise" not in found.html


class Breaking:
    """A model whose attributions fail."""

    def __init__(self, found: inspector.Model, error: Exception) -> None:
        self.found, self.error = found, error

    def ask(self, request: Any, control: Any) -> Any:
        if request.verb == "attribute":
            raise self.error
        return self.found.backend.ask(request, control)


@pytest.fixture
def small() -> Iterator[inspector.Model]:
    with inspector.load(MODELS["classes"], device="cpu", name="small") as loaded:
        yield loaded


@pytest.mark.parametrize("error", [EngineError("It failed."), ValueError("It failed.")])
def test_failures_of_ours_cost_their_part_only(
    small: inspector.Model, photographs: list[Subject], error: Exception
) -> None:
    broken = inspector.Model(Breaking(small, error), name="small")
    found = write_report(broken, photographs, collection=collection("report", store="memory"), patience=2)
    assert "It failed." in found.html
    assert sections(found.html)[-1] == SECTIONS[-1]
    assert bool(found.bugs) == isinstance(error, ValueError)


@pytest.mark.parametrize("error", [CancelledError("enough"), ServerUnavailableError("gone")])
def test_who_leaves_gets_no_page(
    small: inspector.Model, photographs: list[Subject], error: Exception
) -> None:
    broken = inspector.Model(Breaking(small, error), name="small")
    with pytest.raises(type(error)):
        write_report(broken, photographs, collection=collection("report", store="memory"), patience=2)


def test_what_takes_nothing_is_told(monkeypatch: pytest.MonkeyPatch, photographs: list[Subject]) -> None:
    monkeypatch.setattr(write, "stand_ins", lambda *given: [])
    with pytest.raises(InvalidInputError, match=r"n×10 float32, as \.npy files"):
        written(MODELS["no maps"], photographs)


@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "int64", "bool"])
def test_noise_is_of_the_type(dtype: str) -> None:
    found = noise((1, 2, 50, 50), np.dtype(dtype), seed=1)
    assert (found.dtype, found.shape) == (np.dtype(dtype), (1, 2, 50, 50))
    assert len(np.unique(found)) > 1
    assert (found == noise((1, 2, 50, 50), np.dtype(dtype), seed=1)).all()


def test_windows_are_inside(photographs: list[Subject]) -> None:
    cut = windows(photographs[0], count=6)
    assert len({one.name for one in cut}) == 6
    assert all(one.picture is not None and max(one.picture.size) <= 20 for one in cut)
    bare = Subject(name="array", image=np.zeros((3, 4, 4), np.float32), picture=None)
    assert windows(bare, count=6) == [bare]


def test_only_the_chapters_that_are_wanted_are_written(photographs: list[Subject]) -> None:
    found = written(MODELS["classes"], photographs, chapters=["listing", "answers"])
    assert sections(found.html) == ["What the model answers", "The layers"]
    with pytest.raises(NotFoundError, match="Did you mean 'answers'") as caught:
        written(MODELS["classes"], photographs, chapters=["answer"])
    assert caught.value.field == "chapters"


def test_chapters_stand_in_order_and_each_is_a_file() -> None:
    places = [one.order for _, one in CHAPTERS.items()]
    assert len(set(places)) == len(places)
    assert len({one.write.__module__ for _, one in CHAPTERS.items()}) == len(places)
    assert chapter_names()[0] == "answers"
    assert chapter_names()[-1] == "listing"


def test_without_patience_the_longer_chapters_say_how_to_ask(photographs: list[Subject]) -> None:
    found = written(MODELS["classes"], photographs, chapters=LONGER, patience=0)
    assert "<img" not in found.html
    for verb in ("judge", "synthesize", "ablate", "invariance", "fool"):
        assert f"`inspector {verb}`" in found.html, verb
