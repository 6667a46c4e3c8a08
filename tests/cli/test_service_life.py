"""The life of a model on a service, from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.cli.exits import EXIT_INTERNAL, EXIT_MODEL, EXIT_USAGE
from inspector.client import Client
from tests.cli.conftest import LABELS, Place
from tests.support.command import Command

VERBS = {"upload", "models", "load", "unload", "delete"}


@pytest.mark.parametrize("prefix", ["", "models/"])
def test_a_model_comes_works_rests_and_goes(
    inspector: Command, place: Place, address: str, tmp_path: Path, prefix: str
) -> None:
    there = ("--server", address)
    name = f"{prefix}brief"
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(LABELS) + "\n")

    sent = inspector("upload", place.model, "--name", name, "--labels", labels, "--json", *there).json()
    assert (sent["name"], sent["state"], sent["info"]["labels"]) == ("brief", "ready", LABELS)
    with Client(address) as client:
        assert client.served(name).state == client.served("brief").state == "ready"
        assert client.model(name).name == "brief"
        collection = client.collection(f"of-{len(prefix)}")
        assert collection.add({"one": place.image}, model=name).model == "brief"
    listed = inspector("models", *there)
    assert listed.code == 0
    assert all(word in listed.out for word in ("brief", "toy", "ready", "batch×3×16×16"))
    assert {"brief", "toy"} <= {one["name"] for one in inspector("models", "--json", *there).json()}

    shown = inspector("predict", name, place.image, "--json", *there).json()
    assert shown == inspector("predict", place.model, place.image, "--json").json()
    assert inspector("unload", name, "--json", *there).json()["state"] == "unloaded"
    asleep = inspector("predict", name, place.image, *there)
    assert (asleep.code, asleep.out) == (EXIT_MODEL, "")
    assert inspector("load", name, "--preprocessing", '{"scale": 0.5}', *there).code == 0
    assert inspector("predict", name, place.image, "--json", *there).json() != shown

    assert "deleted" in inspector("delete", name, *there).out
    gone = inspector("delete", name, *there)
    assert gone.code == EXIT_MODEL
    assert "There is no model 'brief'" in gone.err


def test_the_service_of_the_environment(
    inspector: Command, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECTOR_SERVER", address)
    assert "toy" in inspector("models").out
    monkeypatch.setenv("INSPECTOR_SERVER", "127.0.0.1:1")
    found = inspector("models")
    assert found.code == EXIT_INTERNAL
    assert "127.0.0.1:1" in found.err


def test_what_cannot_be_uploaded(inspector: Command, place: Place, address: str, tmp_path: Path) -> None:
    there = ("--server", address)
    for path, code, words in (
        (place.image, EXIT_MODEL, "not an ONNX model"),
        (tmp_path / "none.onnx", EXIT_MODEL, "none.onnx"),
        (tmp_path, EXIT_MODEL, "Is a directory"),
    ):
        found = inspector("upload", path, "--name", "no", *there)
        assert (found.code, found.out) == (code, ""), found
        assert words in found.err
        assert found.err.count("\n") == 1
    taken = inspector("upload", place.model, "--name", "toy", "--labels", _labels(tmp_path, ["a"]), *there)
    assert taken.code == EXIT_USAGE
    assert "There is a model 'toy' already" in taken.err
    assert "A-B" in inspector("upload", place.model, "--name", "A-B", *there).err


def _labels(folder: Path, names: list[str]) -> Path:
    path = folder / "names.json"
    path.write_text(json.dumps(names))
    return path
