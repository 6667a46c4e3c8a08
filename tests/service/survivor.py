"""A server in processes of its own that must survive what it is sent, and a caller beside who must notice nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx

from benchmarks.attacks.models import BLACK, small, written
from benchmarks.attacks.server import ServerProcess
from benchmarks.attacks.wire import Answer, Stubs, attempt, upload_messages
from inspector.v1.inspection_service_pb2 import PredictRequest
from inspector.v1.model_service_pb2 import RegisterModelRequest
from tests.support.patience import PATIENCE, eventually

GOOD = "good"
OURS = ("BUG", "INTERNAL", "RUN_FAILED", "ENGINE_FAILURE", "")
"""Reasons that are no answer to a caller: he can mend nothing by them."""
CANARY = b"SECRET-CANARY-" + bytes(range(64)) * 8
"""Lies outside of the repository; nothing of it may ever be read."""


class Survivor:
    """The server, and how it is attacked."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.stubs = Stubs(server.address)
        self._neighbor = Stubs(server.address)
        self.repository = server.repository
        self.outside = server.folder / "outside"
        self.outside.mkdir()
        for place in (self.outside / "secret.bin", server.folder / "secret.bin"):
            place.write_bytes(CANARY)  # the second lies in the server's working directory
        answer = self.upload(small(), GOOD)
        assert answer.code == "OK", answer.message
        self._names = iter(range(10**9))

    def name(self) -> str:
        """Return an id that was not used before."""
        return f"model-{next(self._names)}"

    def upload(
        self, data: bytes | onnx.ModelProto, name: str | None = None, *, timeout: float = 100, **given: Any
    ) -> Answer:
        """Upload a model."""
        messages = upload_messages(written(data), name or self.name(), **given)
        return attempt(self.stubs.models.UploadModel, messages, timeout=timeout)

    def register(self, fill: Callable[[Survivor, Path], None]) -> Answer:
        """Make a folder of the repository, and register what lies in it."""
        name = self.name()
        folder = self.repository / name
        folder.mkdir()
        fill(self, folder)
        return attempt(self.stubs.models.RegisterModel, RegisterModelRequest(model_id=name), timeout=100)

    def require_unharmed(self) -> None:
        """Check that it runs, answers another caller, and keeps nothing of what it refused."""
        assert self.server.alive, self.server.log.read_text(errors="replace")[-2000:]
        assert self.server.killed_at is None, "it took too much memory"
        request = PredictRequest(model=f"models/{GOOD}", images=[BLACK])
        neighbor = attempt(self._neighbor.inspection.Predict, request, timeout=PATIENCE)
        assert neighbor.code == "OK", neighbor
        assert self._neighbor.serving(timeout=PATIENCE)
        incoming = self.repository / ".incoming"
        assert eventually(lambda: not any(incoming.iterdir())), list(incoming.iterdir())


def require_refused(answer: Answer, *, codes: tuple[str, ...], reasons: tuple[str, ...] = ()) -> None:
    """Check that something was refused with one of the codes, for a reason that its caller can mend."""
    assert answer.code in codes, f"{answer}: {answer.message}"
    assert answer.reason not in OURS, f"{answer}: {answer.message}"
    assert not reasons or answer.reason in reasons, f"{answer}: {answer.message}"
    assert "Traceback" not in answer.message


@contextmanager
def surviving(folder: Path, **settings: object) -> Iterator[Survivor]:
    """Give a server that must survive; end it afterwards, and see that it ends as it should."""
    server = ServerProcess(folder, settings=settings)
    survivor = Survivor(server)
    try:
        yield survivor
    finally:
        survivor.stubs.close()
        code = server.stop()
    assert code == 0
