"""Golden files: written, read, refused."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspector.errors import InvalidInputError, LimitExceededError
from inspector.types.golden import Golden, read_golden
from inspector.types.layers import Shape
from inspector.types.results.model_info import ImageInput

X = np.arange(12, dtype=np.float32).reshape(2, 6)
Y = np.ones((2, 3), np.float32)


def golden(**given: Any) -> Golden:
    return Golden(**{"inputs": {"x": X}, "outputs": {"scores:0": Y}, **given})


def test_what_was_written_is_read(tmp_path: Path) -> None:
    layers = {"a/b": np.zeros((2, 4), np.float16)}
    header = {"model": {"name": "toy"}}
    found = read_golden(golden(layers=layers, header=header).save(tmp_path / "golden.npz"))
    assert found.header == {"format": 1, "model": {"name": "toy"}}
    for given, read in ((X, found.inputs["x"]), (Y, found.outputs["scores:0"])):
        np.testing.assert_array_equal(given, read)
    assert found.layers["a/b"].dtype == np.float16
    assert set(found.options) == {"expected.scores:0", "expected.layer/a/b"}


def test_a_file_without_a_suffix_keeps_its_name(tmp_path: Path) -> None:
    assert golden().save(tmp_path / "golden").read_bytes()


def test_whoever_has_numpy_can_write_one(tmp_path: Path) -> None:
    saved(tmp_path / "golden.npz", **{"input/x": X, "output/y": Y.astype(">f4")})
    found = read_golden(tmp_path / "golden.npz")
    assert found.header == {}
    assert found.outputs["y"].dtype == np.float32
    np.testing.assert_array_equal(found.outputs["y"], Y)


@pytest.mark.parametrize("text", [np.array('{"by": "torch"}'), np.frombuffer(b'{"by": "torch"}', np.uint8)])
def test_a_header_is_a_text_or_bytes(tmp_path: Path, text: Any) -> None:
    saved(tmp_path / "golden.npz", **{"input/x": X, "output/y": Y, "header": text})
    assert read_golden(tmp_path / "golden.npz").header == {"by": "torch"}


def saved(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def archive(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for name, data in files.items():
            target.writestr(name, data)
    return made.getvalue()


def vast() -> bytes:
    """Return an array that says to be of a terabyte."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (1 << 38,)})
    return file.getvalue()


def pickled() -> bytes:
    """Return an array of objects, whose reader would run code."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return file.getvalue() + pickle.dumps(os.getcwd)


def unclosed() -> bytes:
    """Return an array whose header, which is written as Python, does not end."""
    file = io.BytesIO()
    np.save(file, X)
    return file.getvalue().replace(b"}", b" ")


FINE = {"input/x": X, "output/y": Y}
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "no NPZ file"),
    "text": (lambda: b"hello" * 100, "no NPZ file"),
    "cut": (lambda: npz(**FINE)[:-40], "no NPZ file"),
    "spoilt": (lambda: npz(**FINE).replace(X.tobytes(), X.tobytes()[::-1]), "no NPZ file"),
    "no_input": (lambda: npz(**{"output/y": Y}), "no array under input/NAME"),
    "no_output": (lambda: npz(**{"input/x": X}), "no array under output/NAME"),
    "bare": (lambda: npz(x=X, y=Y), "holds the array 'x'; a golden file holds input/NAME"),
    "nameless": (lambda: npz(**FINE, **{"output/": Y}), "holds the array 'output/'"),
    "texts": (lambda: npz(**FINE, **{"output/z": np.array(["a"])}), "of the type <U1"),
    "pickled": (lambda: archive(**{"input/x.npy": pickled()}), "Python objects, which are never opened"),
    "unclosed": (lambda: archive(**{"input/x.npy": unclosed()}), "it is broken"),
    "vast": (lambda: archive(**{"input/x.npy": vast()}), "is broken"),
    "no_array": (lambda: archive(**{"input/x.npy": b"nothing"}), "no golden file"),
    "twice": (lambda: archive(**{"input/x.npy": b"", "input/x": b""}), "twice under one name"),
    "header": (lambda: npz(**FINE, header=np.array("[]")), "header is no JSON object"),
    "deep_header": (lambda: npz(**FINE, header=np.array("[" * 100_000)), "header is no JSON object"),
    "later": (
        lambda: npz(**FINE, header=np.array(json.dumps({"format": 2}))),
        "format 2; this version reads 1",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_golden_file_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    make, why = REFUSED[name]
    (tmp_path / "golden.npz").write_bytes(make())
    with pytest.raises(InvalidInputError, match=why) as caught:
        read_golden(tmp_path / "golden.npz")
    assert caught.value.field == "golden"
    assert "inspector record" in caught.value.message


def test_a_file_that_is_not_there_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(InvalidInputError, match="no golden file"):
            read_golden(path)


def test_a_file_that_would_fill_the_memory_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    saved(tmp_path / "golden.npz", **{"input/x": np.zeros(1 << 20, np.float32), "output/y": Y})
    with pytest.raises(LimitExceededError, match=r"hold 4,19\d,\d+ bytes; 1,000,000 are read at most"):
        read_golden(tmp_path / "golden.npz", max_bytes=1_000_000)
    with zipfile.ZipFile(tmp_path / "many.npz", "w") as target:
        for index in range(4001):
            target.writestr(f"output/{index}.npy", b"")
    with pytest.raises(LimitExceededError, match="4,001 arrays"):
        read_golden(tmp_path / "many.npz")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be written"):
        golden().save(tmp_path / "none" / "golden.npz")


def image_input(*shape: Any, name: str = "x", layout: str = "NCHW") -> ImageInput:
    declared: Shape = shape
    return ImageInput(
        name=name,
        dtype="float32",  # type: ignore[arg-type]
        shape=declared,
        layout=layout,
        batch=None,
        channels=3,
        height=None,
        width=None,
    )


PICTURES = np.zeros((2, 3, 8, 8), np.float32)


def test_the_images_are_those_of_the_models_input() -> None:
    fitting = image_input("batch", 3, "h", 8)
    assert golden(inputs={"x": PICTURES}).images_for(fitting) is PICTURES
    assert golden(inputs={"other_name": PICTURES}).images_for(fitting) is PICTURES
    assert golden(inputs={"x": PICTURES[0]}).images_for(fitting).shape == (1, 3, 8, 8)


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        (
            {"x": np.zeros((2, 3, 8, 9), np.float32)},
            r"has the shape \(2, 3, 8, 9\).* takes 3 × \? × 8 per image",
        ),
        ({"x": np.zeros((2, 8, 8, 3), np.float32)}, "the input 'x' of this model takes"),
        ({"x": np.zeros(5, np.float32)}, "the input 'x' of this model takes"),
        ({"x": PICTURES[:0]}, "holds no image"),
        ({"x": PICTURES, "mask": PICTURES}, "holds the inputs 'x', 'mask', and this model takes one, 'x'"),
        ({"image": PICTURES, "xx": PICTURES}, "Did you mean 'xx'"),
    ],
)
def test_a_golden_file_of_another_model_is_told(inputs: Any, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why) as caught:
        golden(inputs=inputs).images_for(image_input("batch", 3, "h", 8))
    assert caught.value.field == "golden"
    assert caught.value.reason == "GOLDEN_OF_ANOTHER_MODEL"
