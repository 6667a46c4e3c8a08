"""One JSON means one thing, in whatever way it is given; and a preset the same as its numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import inspector
from inspector.client import Client
from inspector.types.preprocessing import Preprocessing
from inspector.types.presets import PRESETS
from inspector.v1 import model_service_pb2
from inspector.wire.calls import MODEL_SERVICE, rpc_named
from inspector.wire.models import model_of_message, override_to_message
from tests.support.command import Command
from tests.support.graphs import model, node
from tests.support.server import running_server
from tests.support.toys import toy_cnn

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
CAFFE = {"mean": [103.9, 116.8, 123.7], "std": [1, 1, 1]}
NORMALIZING = model(
    [node("Div", ["x", "k"], "n"), node("Conv", ["n", "w"], "y", kernel_shape=[1, 1])],
    shape=(1, 3, 8, 8),
    weights={"k": np.float32(255), "w": np.ones((4, 3, 1, 1), np.float32)},
).SerializeToString()
"""The graph itself takes 0..255: what is given overrides that, in every way."""
GIVEN: dict[str, Any] = {
    "mean and std of 0..1": IMAGENET,
    "mean and std of 0..255": CAFFE,
    "a mean alone": {"mean": 127.5},
    "a std alone": {"std": [0.5]},
    "a scale alone": {"scale": 0.5},
    "a preset": "imagenet",
    "a preset that is changed": {"preset": "caffe", "color": "RGB"},
    "nested": {"resize": {"mode": "short_side", "size": 16}, "mean": [0.5]},
    "layout and size": {"layout": "NCHW", "crop": {"height": 8, "width": 8}, "std": 255},
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_server(tmp_path_factory.mktemp("repository")) as server, Client(server.address) as found:
        found.upload(NORMALIZING, name="uploaded")
        yield found


def loaded(data: bytes, given: Any, client: Client, folder: Path) -> Preprocessing:
    return inspector.load(data, device="cpu", preprocessing=given).info.preprocessing


def beside(data: bytes, given: Any, client: Client, folder: Path) -> Preprocessing:
    (folder / "m.onnx").write_bytes(data)
    (folder / "inspector.json").write_text(json.dumps({"preprocessing": given}))
    return inspector.load(folder, device="cpu").info.preprocessing


def in_metadata(data: bytes, given: Any, client: Client, folder: Path) -> Preprocessing:
    proto = onnx.load_from_string(data)
    proto.metadata_props.add(key="inspector.preprocessing", value=json.dumps(given))
    return inspector.load(proto.SerializeToString(), device="cpu").info.preprocessing


def uploaded(data: bytes, given: Any, client: Client, folder: Path) -> Preprocessing:
    info = client.upload(data, name=folder.name[:40].strip("-_"), preprocessing=given).info
    assert info is not None
    return info.preprocessing


def loaded_there(data: bytes, given: Any, client: Client, folder: Path) -> Preprocessing:
    info = client.load("uploaded", preprocessing=given).info
    assert info is not None
    return info.preprocessing


def loaded_by_a_message(data: bytes, given: Any, client: Client, folder: Path) -> Preprocessing:
    """As a client of another language asks, by the name of the preset."""
    fields = {} if isinstance(given, str) else {key: one for key, one in given.items() if key != "preset"}
    request = model_service_pb2.LoadModelRequest(
        name="models/uploaded",
        preprocessing=override_to_message(fields),
        preset=given if isinstance(given, str) else given.get("preset", ""),
    )
    info = model_of_message(
        client._connection.ask(rpc_named("LoadModel", service=MODEL_SERVICE), request).model
    ).info
    assert info is not None
    return info.preprocessing


HERE: dict[str, Callable[[bytes, Any, Client, Path], Preprocessing]] = {
    "beside": beside,
    "metadata": in_metadata,
}
THERE: dict[str, Callable[[bytes, Any, Client, Path], Preprocessing]] = {
    "upload": uploaded,
    "load over the wire": loaded_there,
    "a message": loaded_by_a_message,
}


@pytest.mark.parametrize("way", HERE | THERE)
@pytest.mark.parametrize("name", GIVEN)
def test_one_json_means_one_thing(name: str, way: str, client: Client, tmp_path: Path) -> None:
    for data in (NORMALIZING, toy_cnn()) if way in HERE else (NORMALIZING,):
        wanted = loaded(data, GIVEN[name], client, tmp_path)

        found = (HERE | THERE)[way](data, GIVEN[name], client, tmp_path)

        assert replace(found, source="") == replace(wanted, source="")


@pytest.mark.parametrize(
    ("given", "scale", "says"),
    [
        (IMAGENET, 1 / 255, "scale 1/255 (mean"),
        (CAFFE, 1.0, "scale 1 (mean"),
        ({"std": 255}, 1.0, "scale 1 (mean"),
    ],
)
def test_a_scale_that_nobody_gave_is_that_of_mean_and_std_and_is_assumed(
    given: Any, scale: float, says: str
) -> None:
    for data in (toy_cnn(), NORMALIZING):
        found = inspector.load(data, device="cpu", preprocessing=given).info.preprocessing
        assert found.scale == scale
        assert any(text.startswith(says) for text in found.assumed)
        settled = inspector.load(data, device="cpu", preprocessing={**given, "scale": 1}).info.preprocessing
        assert "scale" not in str(settled.assumed)
    assert Preprocessing.from_json(given).scale == scale


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_its_numbers(name: str) -> None:
    by_name = inspector.load(toy_cnn(), device="cpu", preprocessing=name).info.preprocessing
    by_numbers = inspector.load(toy_cnn(), device="cpu", preprocessing=dict(PRESETS[name])).info.preprocessing
    assert replace(by_name, source="") == replace(by_numbers, source="")
    assert repr(name) in by_name.source
    assert not any(text.startswith(("scale", "mean", "std")) for text in by_name.assumed)


@pytest.mark.parametrize("name", ["mean and std of 0..1", "a preset", "a preset that is changed"])
def test_the_command_line_means_the_same(
    name: str,
    tmp_path: Path,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "m.onnx").write_bytes(toy_cnn())
    given = GIVEN[name]
    text = given if isinstance(given, str) else json.dumps(given)
    command = Command(monkeypatch, capsys)
    found = command("describe", tmp_path / "m.onnx", "--json", "--preprocessing", text).json()[
        "preprocessing"
    ]
    wanted = loaded(toy_cnn(), given, client, tmp_path)
    for field in ("scale", "mean", "std", "color", "resize", "assumed"):
        value = getattr(wanted, field)
        assert found[field] == (list(value) if isinstance(value, tuple) else value)
