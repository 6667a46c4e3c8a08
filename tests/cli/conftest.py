"""A model on disk and on a service, and photographs for both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.client import Client
from tests.support.command import Command, serving
from tests.support.toys import toy_cnn, toy_photo

DEMO = Path(__file__).parents[2] / "demo" / "model" / "demo.onnx"
LABELS = ["ant", "bee", "cat", "dog", "eel"]
SCALED = {"scale": 0.02, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}
PHOTOGRAPHS = 5


@dataclass(frozen=True)
class Place:
    """Where files lie, for commands."""

    folder: Path
    model: Path
    """The small model; its labels are beside it."""
    images: Path
    """A folder of photographs."""
    image: Path
    """One of them."""
    preprocessing: Path
    """JSON that overrides what was found in the model."""
    boxes: Path
    """Boxes of two parts of every photograph."""


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("cli")
    model, images = folder / "toy" / "toy.onnx", folder / "photographs"
    model.parent.mkdir()
    images.mkdir()
    model.write_bytes(toy_cnn())
    (model.parent / "inspector.json").write_text(json.dumps({"labels": LABELS}))
    for seed in range(PHOTOGRAPHS):
        Image.fromarray(toy_photo(seed)).save(images / f"photo{seed}.png")
    preprocessing = folder / "scaled.json"
    preprocessing.write_text(json.dumps(SCALED))
    boxes = folder / "boxes.npy"
    np.save(boxes, np.array([[(2, 2, 6, 7)] * PHOTOGRAPHS, [(8, 3, 14, 9)] * PHOTOGRAPHS], np.float64))
    return Place(folder, model, images, images / "photo2.png", preprocessing, boxes)


@pytest.fixture(scope="session")
def address(place: Place) -> Iterator[str]:
    """The address of a service with the models "toy" and "scaled", and "demo" where there is one."""
    with serving(place.folder / "repository") as (process, line):
        assert process.stderr is not None
        assert line.startswith("serving on 127.0.0.1:"), process.stderr.read()
        found = line.removeprefix("serving on ").strip()
        with Client(found) as client:
            client.upload(place.model, name="toy", labels=LABELS)
            client.upload(place.model, name="scaled", labels=LABELS, preprocessing=SCALED)
            if DEMO.exists():
                client.upload(DEMO, name="demo")
        yield found


@pytest.fixture
def inspector(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)
