"""No file of the repository is touched on the event loop: a slow disk, or much to remove, holds up no other call."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspector.client import Client
from inspector.errors import InspectorError, InvalidModelError
from tests.support.patience import eventually
from tests.support.server import LOOP, running_server
from tests.support.toys import toy_cnn, toy_photo

_EVENTS = {"open", "shutil.rmtree", "tempfile.mkdtemp"} | {
    f"os.{what}" for what in ("listdir", "mkdir", "remove", "rename", "rmdir", "scandir")
}
_watched: list[tuple[Path, list[str]]] = []


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if not _watched or event not in _EVENTS or threading.current_thread().name != LOOP:
        return
    for folder, seen in _watched:
        if str(folder) in str(arguments):
            seen.append(f"{event} {arguments}")


@contextmanager
def watching(folder: Path) -> Iterator[list[str]]:
    """Give what event loops do with the files below a folder while the block lasts."""
    seen: list[str] = []
    _watched.append((folder, seen))
    try:
        yield seen
    finally:
        _watched.clear()


@pytest.fixture(scope="module", autouse=True)
def hook() -> None:
    """Python keeps such a hook to its end; without anything to watch it returns at once."""
    sys.addaudithook(_look)


def put(folder: Path) -> None:
    folder.mkdir()
    (folder / "net.onnx").write_bytes(toy_cnn())


def test_what_is_done_on_the_event_loop_is_seen(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, watching(tmp_path) as seen:
        put(tmp_path / "toy")
        assert not seen  # by the thread of this test
        server._grpc._loop.call_soon_threadsafe(lambda: list(tmp_path.iterdir()))
        assert eventually(lambda: len(seen) == 1)


def test_models_come_change_and_go_beside_the_event_loop(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client, watching(tmp_path) as seen:
        for _ in range(2):  # the second time the same is there
            client.upload(toy_cnn(), name="uploaded", labels=list("abcde"))
        put(tmp_path / "placed")
        client.register("placed")
        client.upload(toy_cnn(), name="placed")
        client.load("placed", preprocessing={"scale": 0.5})
        client.unload("placed")
        client.load("placed")
        assert client.model("placed").evolution([toy_photo()], models=["uploaded"], layer="relu2")
        client.delete("uploaded")
        client.delete("placed")
        assert client.models() == ()
        assert seen == []


def test_what_is_refused_or_left_is_removed_beside_the_event_loop(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, Client(server.address) as client, watching(tmp_path) as seen:
        for data in (b"no model", toy_cnn()[:-100]):
            with pytest.raises(InspectorError):
                client.upload(data, name="bad")
        with pytest.raises(InvalidModelError):
            client.upload(toy_cnn(), name="bad", preprocessing={"layout": "X"})
        assert seen == []


def test_a_repository_is_followed_beside_the_event_loop(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, repository_poll_seconds=0.05, load="*") as server,
        Client(server.address) as client,
        watching(tmp_path) as seen,
    ):
        put(tmp_path / "toy")
        assert eventually(lambda: [model.state for model in client.models()] == ["ready"])
        (tmp_path / "toy" / "net.onnx").write_bytes(toy_cnn(batch=4))
        (tmp_path / "toy" / "net.onnx").unlink()
        (tmp_path / "toy").rmdir()
        assert eventually(lambda: client.models() == ())
        assert seen == []
