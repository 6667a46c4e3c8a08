"""`inspector serve`: one line with the address, the models that it was told to load, and its end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inspector.cli.exits import EXIT_MODEL, EXIT_USAGE
from inspector.client import Client
from tests.support.command import Command, serving
from tests.support.patience import PATIENCE, eventually
from tests.support.toys import toy_cnn, toy_endless

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


UNUSABLE = {
    "a port beyond the last": (("--address", "127.0.0.1:65536"), {}, EXIT_USAGE, "65536"),
    "a port below the first": (("--address", "127.0.0.1:-1"), {}, EXIT_USAGE, "-1"),
    "a port in words": (("--address", "127.0.0.1:http"), {}, EXIT_USAGE, "host:port"),
    "a host that there is not": (("--address", "none.invalid:50051"), {}, EXIT_USAGE, "none.invalid"),
    "an address without brackets": (("--address", "::1:50051"), {}, EXIT_USAGE, "host:port"),
    "a port in use": (("--address", "127.0.0.1:{port}"), {}, EXIT_USAGE, "in use"),
    "a port in use by a part of it": (("--address", "0.0.0.0:{port}"), {}, EXIT_USAGE, "in use"),
    "a port in use by one address of a name": (("--address", "localhost:{port}"), {}, EXIT_USAGE, "in use"),
    "an address of the environment": ((), {"ADDRESS": "127.0.0.1:{port}"}, EXIT_USAGE, "in use"),
    "a folder that is a file": (("--repository", "{file}"), {}, EXIT_USAGE, "is no folder"),
    "a folder below a file": (("--repository", "{file}/models"), {}, EXIT_USAGE, "Not a directory"),
    "a folder that cannot be made": (("--repository", "/proc/none/models"), {}, EXIT_USAGE, "/proc/none"),
    "a folder of the environment": ((), {"REPOSITORY": "{file}"}, EXIT_USAGE, "is no folder"),
    "a device that there is not": (("--device", "tpu"), {}, EXIT_USAGE, "'tpu'"),
    "a device of the environment": ((), {"DEVICE": "tpu"}, EXIT_USAGE, "'tpu'"),
    "no workers": (("--workers", "0"), {}, EXIT_USAGE, "workers is 0"),
    "fewer than no workers": (("--workers", "-2"), {}, EXIT_USAGE, "workers is -2"),
    "too many workers": (("--workers", "1000000"), {}, EXIT_USAGE, "at most 1024"),
    "workers of the environment": ((), {"WORKERS": "0"}, EXIT_USAGE, "INSPECTOR_WORKERS is '0'"),
    "threads in words": ((), {"THREADS": "many"}, EXIT_USAGE, "INSPECTOR_THREADS is 'many'"),
    "fewer than no threads": ((), {"THREADS": "-1"}, EXIT_USAGE, "INSPECTOR_THREADS is '-1'"),
    "too many threads": ((), {"THREADS": "1000000"}, EXIT_USAGE, "up to 1024"),
    "threads that spin in another way": (
        (),
        {"SPINNING": "fast"},
        EXIT_USAGE,
        "INSPECTOR_SPINNING is 'fast'",
    ),
    "a store that there is not": ((), {"COLLECTIONS_STORE": "tape"}, EXIT_USAGE, "'tape'"),
    "a message beyond all bounds": ((), {"MAX_MESSAGE_BYTES": "99999999999"}, EXIT_USAGE, "smaller than"),
    "a model that there is not": (
        ("--load", "good,bat"),
        {},
        EXIT_MODEL,
        "Known: bad, good. Did you mean 'bad'?",
    ),
    "a model that is none": (
        ("--load", "models/good, bad"),
        {},
        EXIT_MODEL,
        "The model 'bad' cannot be loaded",
    ),
    "a model of the environment": ((), {"LOAD": "none"}, EXIT_MODEL, "'none'"),
}


@pytest.mark.parametrize(("words", "environment", "code", "told"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_serve_ends_with_one_line(
    inspector: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: tuple[str, ...],
    environment: dict[str, str],
    code: int,
    told: str,
) -> None:
    (tmp_path / "file").write_text("no folder")
    for name, data in (("good", toy_cnn()), ("bad", b"no model")):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "model.onnx").write_bytes(data)
    with socket.create_server(("127.0.0.1", 0)) as other:
        known = {"port": other.getsockname()[1], "file": tmp_path / "file"}
        for name, text in environment.items():
            monkeypatch.setenv(f"INSPECTOR_{name}", text.format(**known))
        usual = {"ADDRESS": ("--address", "127.0.0.1:0"), "REPOSITORY": ("--repository", tmp_path / "models")}
        options = [one for name, pair in usual.items() if name not in environment for one in pair]
        found = inspector(
            "serve", "--log-level", "error", *options, *(word.format(**known) for word in words)
        )
    assert (found.code, found.out) == (code, ""), found
    assert found.err.count("\n") == 1, found.err
    assert told in found.err


def test_a_start_is_given_up_when_it_is_told_to_end(tmp_path: Path) -> None:
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "net.onnx").write_bytes(toy_endless(least=1e9))
    command = [sys.executable, "-m", "inspector.cli.main", "serve", "--repository", str(tmp_path)]
    words = ["--address", "127.0.0.1:0", "--load", "slow", "--log-level", "error", "--device", "cpu"]
    with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert eventually((tmp_path / ".incoming").is_dir)
        time.sleep(1.0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        assert process.stderr is not None
        assert (process.stdout.read(), process.stderr.read()) == (b"", b"")
