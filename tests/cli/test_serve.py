"""`inspector serve`: one line with the address, the models that it was told to load, and its end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from inspector.cli.exits import EXIT_USAGE
from inspector.client import Client
from tests.support.command import Command, serving
from tests.support.patience import PATIENCE
from tests.support.toys import toy_cnn

VERB = "serve"


def test_it_serves_what_lies_in_the_repository_until_told_to_stop(tmp_path: Path) -> None:
    for name in ("early", "late"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.onnx").write_bytes(toy_cnn())
    with serving(tmp_path, "--load", "early") as (process, line):
        with Client(line.removeprefix("serving on ").strip()) as client:
            assert {one.name: one.state for one in client.models()} == {"early": "ready", "late": "unloaded"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_an_address_of_another_machine(inspector: Command, tmp_path: Path) -> None:
    address = "192.0.2.1:50051"  # of the block that RFC 5737 keeps for documentation
    found = inspector("serve", "--repository", tmp_path / "models", "--address", address)
    assert found.code == EXIT_USAGE
    assert f"cannot listen on '{address}'" in found.err
    assert "port 0 for a free one" in found.err
    assert found.out == ""


def test_settings_of_the_environment_are_checked(
    inspector: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INSPECTOR_WORKERS", "many")
    found = inspector("serve", "--repository", tmp_path / "models")
    assert found.code == EXIT_USAGE
    assert "INSPECTOR_WORKERS is 'many'" in found.err


def test_a_repository_serves_one_server(inspector: Command, tmp_path: Path) -> None:
    with serving(tmp_path) as (_, line):
        assert line.startswith("serving on ")
        found = inspector("serve", "--address", "127.0.0.1:0", "--repository", tmp_path)
    assert found.code == EXIT_USAGE
    assert "REPOSITORY_IN_USE" in found.err
