"""`inspector.check`: models of all kinds, and what they are looked at with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import inspector
from inspector.checks.examination import Examination
from inspector.checks.rule import RULES, Found, Rule, in_order
from inspector.cli.check import exit_of
from inspector.cli.exits import EXIT_MODEL
from inspector.errors import InspectorError, InvalidInputError, InvalidModelError, NotFoundError
from inspector.findings.checked import CheckRun
from inspector.findings.configuration import Configuration
from inspector.types.golden import Golden
from tests.support.toys import toy_cnn, toy_photo
from tests.support.zoo import Zoo


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.onnx").write_bytes(toy_cnn())
    (tmp_path / "images").mkdir()
    for seed in range(3):
        Image.fromarray(toy_photo(seed)).save(tmp_path / "images" / f"photo{seed}.png")
    return tmp_path


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Examination]:
    """What two planted rules were given, of which one is of the family golden."""
    found: list[Examination] = []

    def look(examination: Examination, *, size: int = 1) -> Iterator[Found]:
        found.append(examination)
        if examination.has_images:
            examination.tell("images", sum(len(part) for _, part in examination.prepared()))
        yield Found(message=f"size {size}")

    RULES.keys()
    for name, family in (("planted", "numbers"), ("golden-planted", "golden")):
        words: Any = {"id": name, "family": family, "needs": ("expected",) if family == "golden" else ()}
        made = Rule(severity="info", rationale="r", mend="m", look=look, **words)
        monkeypatch.setitem(RULES._items, name, made)
    return found


def check(*models: Any, **given: Any) -> list[Any]:
    return inspector.check(*models, configuration=Configuration(), device="cpu", **given)


def test_files_bytes_and_loaded_models_are_models(folder: Path) -> None:
    with inspector.load(toy_cnn(), device="cpu", name="loaded") as model:
        found = check(model, toy_cnn(), folder / "toy.onnx", "toy.onnx", select=["fixed-batch"])
        assert model.predict(np.zeros((1, 3, 16, 16), np.float32))
        again = check("toy.onnx", model, select=["fixed-batch"])
    assert [one.model for one in again] == ["toy.onnx", "loaded"]
    assert [(one.model, one.error) for one in found] == [
        ("loaded", None),
        ("model", None),
        ("toy.onnx", None),
    ]


def test_a_model_that_cannot_be_loaded_is_one_with_its_error(folder: Path) -> None:
    (folder / "bad.onnx").write_bytes(b"bad")
    first, second = check("bad.onnx", "toy.onnx")
    assert first.report is None
    assert isinstance(first.error, InvalidModelError)
    assert first.fails("never")
    assert second.report is not None


def test_nothing_is_no_good_model(folder: Path) -> None:
    with pytest.raises(InvalidInputError, match="No model"):
        check()
    with pytest.raises(InvalidInputError, match="no \\.onnx file"):
        check(folder / "images")


@pytest.mark.parametrize(
    "given",
    [
        {"select": ["weights-finit"]},
        {"ignore": ["weights-finit"]},
        {"severities": {"weights-finit": "error"}},
        {"settings": {"weights-finit": {"size": 1}}},
    ],
)
def test_a_rule_that_there_is_not_is_told_before_a_model_is_loaded(folder: Path, given: Any) -> None:
    with pytest.raises(NotFoundError, match="Did you mean 'weights-finite'"):
        check("gone.onnx", **given)


def test_settings_reach_their_rule(folder: Path, seen: list[Examination]) -> None:
    (found,) = check("toy.onnx", select=["planted"], settings={"planted": {"size": 7}})
    assert found.report.findings[0].message == "size 7"
    with pytest.raises(InvalidInputError, match="has no setting 'sise'"):
        check("toy.onnx", settings={"planted": {"sise": 7}})


@pytest.mark.parametrize("kind", ["folder", "files", "a file", "arrays", "an npz of several", "pictures"])
def test_images_are_paths_or_images(folder: Path, seen: list[Examination], kind: str) -> None:
    batch = np.zeros((3, 3, 16, 16), np.float32)
    np.savez(folder / "images.npz", images=batch)
    data: Any = {
        "folder": "images",
        "files": sorted((folder / "images").iterdir()),
        "a file": folder / "images" / "photo0.png",
        "arrays": batch,
        "an npz of several": [folder / "images.npz"],
        "pictures": [Image.fromarray(toy_photo(seed)) for seed in range(3)],
    }[kind]
    (found,) = check("toy.onnx", data=data, select=["planted"])
    assert found.report.facts["images"] == (1 if kind == "a file" else 3)


def test_an_image_that_is_none_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(examination: Examination) -> Iterator[Found]:
        for _ in examination.prepared():
            yield from ()

    RULES.keys()
    planted = Rule(id="planted", family="numbers", severity="info", rationale="r", mend="m", look=look)
    monkeypatch.setitem(RULES._items, "planted", planted)
    (folder / "images" / "photo1.png").write_bytes(b"none")
    (found,) = check("toy.onnx", data="images")
    assert found.error.field == "images[1]"
    assert "photo1.png" in found.error.message


def test_recorded_answers_are_asked_of_their_own_images(folder: Path, seen: list[Examination]) -> None:
    recorded = np.ones((2, 3, 16, 16), np.float32)
    golden = Golden(inputs={"image": recorded}, outputs={"scores": np.ones((2, 5), np.float32)})
    golden.save(folder / "golden.npz")
    (found,) = check("toy.onnx", golden="golden.npz", data="images", select=["planted", "golden-planted"])
    assert [one.id for one in found.report.verdicts] == ["planted", "golden-planted"]
    with_images, with_golden = seen
    assert not with_images.expected
    assert with_golden.expected["scores"].shape == (2, 5)
    np.testing.assert_array_equal(with_golden.request.images, recorded)
    seen.clear()
    (found,) = check("toy.onnx", golden="golden.npz", select=["planted", "golden-planted"])
    assert len({id(one) for one in seen}) == 1
    assert found.report.title == "toy: 2 rules"


def test_a_baseline_that_cannot_be_loaded_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(examination: Examination) -> Iterator[Found]:
        assert examination.baseline
        yield from ()

    RULES.keys()
    words: Any = {"needs": ("baseline",)}
    planted = Rule(id="planted", family="drift", severity="info", rationale="r", mend="m", look=look, **words)
    monkeypatch.setitem(RULES._items, "planted", planted)
    (folder / "bad.onnx").write_bytes(b"bad")
    (found,) = check("toy.onnx", baseline="bad.onnx")
    assert isinstance(found.error, InvalidModelError)
    assert found.error.message.startswith("The baseline: ")
    with pytest.raises(InvalidInputError, match="no baseline gone.onnx"):
        check("toy.onnx", baseline="gone.onnx", select=["fixed-batch"])


def test_a_golden_file_of_another_model_is_its_error(folder: Path) -> None:
    golden = Golden(
        inputs={"image": np.ones((2, 9), np.float32)}, outputs={"scores": np.ones((2, 5), np.float32)}
    )
    golden.save(folder / "golden.npz")
    (found,) = check("toy.onnx", golden="golden.npz")
    assert isinstance(found.error, InvalidInputError)
    assert found.error.field == "golden"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b.csv", "image,top,left,bottom,right\nphoto0.png,1,2,3,4\nphoto2.png,2,3,5,6\nother.png,1,1,1,1\n"),
        ("b.csv", "left,image,top,bottom,right\n2,photo0.png,1,3,4\n3,2,2,5,6\n"),
        ("b.csv", "0,1,2,3,4\n2,2,3,5,6\n"),
        ("b.json", "[[0, 1, 2, 3, 4], [2, 2, 3, 5, 6]]"),
        ("b.json", '{"photo0.png": [1, 2, 3, 4], "images/photo2.png": [[2, 3, 5, 6]]}'),
    ],
)
def test_boxes_are_read(folder: Path, seen: list[Examination], name: str, text: str) -> None:
    (folder / name).write_text(text)
    check("toy.onnx", data="images", boxes=name, select=["planted"])
    np.testing.assert_array_equal(seen[0].request.boxes, [[0, 1, 2, 3, 4], [2, 2, 3, 5, 6]])


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("b.csv", "", "no rows"),
        ("b.csv", "1,2,3\n", "no rows"),
        ("b.csv", "a,b,c,d\n", "no box of four numbers"),
        ("b.csv", "image,top,left,bottom,right\nx.png,1,2,3,4\n", "none of the 3 images"),
        ("b.csv", "image,top,left,bottom,right\nphoto0.png,1,2\n", "row 2"),
        ("b.json", "{", "cannot be read"),
        ("b.json", "3", "neither rows nor a mapping"),
        ("b.json", "[3]", "cannot be read"),
        ("b.json", '{"photo0.png": 3}', "cannot be read"),
    ],
)
def test_what_are_no_boxes_is_told(folder: Path, name: str, text: str, says: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(InvalidInputError, match=says) as caught:
        check("toy.onnx", data="images", boxes=name)
    assert caught.value.field == "boxes"


@pytest.mark.parametrize("of", [b"PK\x03\x04 no archive", b"\x93NUMPY\x01\x00\x04\x00{{{\n"])
def test_a_broken_array_of_boxes_is_told(folder: Path, of: bytes) -> None:
    (folder / "b.npy").write_bytes(of)
    with pytest.raises(InvalidInputError, match="no file of an array") as caught:
        check("toy.onnx", data="images", boxes="b.npy")
    assert (caught.value.field, caught.value.reason) == ("boxes", "INVALID_BOXES")


def test_paths_of_a_configuration_are_from_its_folder(
    folder: Path, seen: list[Examination], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "inspector.toml").write_text(
        '[check]\ndata = "images"\nselect = ["planted"]\nbaseline = "toy.onnx"\n'
    )
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    inspector.check(folder / "toy.onnx", device="cpu")
    (examination,) = seen
    assert examination.request.images == [folder / "images" / f"photo{seed}.png" for seed in range(3)]
    assert examination.request.baseline == str(folder / "toy.onnx")
    assert examination.baseline is not None


def test_progress_is_that_of_all_models(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    chosen = ["weights-finite", "fixed-batch"]
    check(toy_cnn(), "toy.onnx", select=chosen, progress=lambda done, total: told.append((done, total)))
    assert told == [(100, 400), (200, 400), (300, 400), (400, 400)]


def test_every_family_is_asked_once_where_there_are_both_images_and_recorded_answers(folder: Path) -> None:
    inspector.record("toy.onnx", "images/photo0.png", device="cpu").save(folder / "golden.npz")
    (found,) = check("toy.onnx", golden="golden.npz", data="images")
    assert [one.id for one in found.report.verdicts] == [one.id for one in in_order()]


def test_a_folder_of_real_models(zoo: Zoo) -> None:
    chosen = ["fixed-batch", "preprocessing-assumed", "weights-finite"]
    found = check(zoo.root / "models", select=chosen)
    assert len(found) >= 20
    assert [(one.model, one.error.message) for one in found if one.error] == []
    assert not any(one.fails() for one in found)


def test_real_files_that_must_be_refused(zoo: Zoo) -> None:
    found = check(zoo.root / "rejects")
    assert found
    for one in found:
        assert isinstance(one.error, InspectorError)
        assert exit_of(CheckRun(checked=(one,))) == EXIT_MODEL
