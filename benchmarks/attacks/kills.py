"""`kill -9` at random: `python -m benchmarks.attacks.kills --rounds 100`.

Round by round a server starts on the same folder, is written to, read from and run by several callers, and is killed at
a random moment. Then everything that was acknowledged must be there, whole and once; what was deleted must be gone; no
process and no temporary folder may stay.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks.attacks.models import BLACK, chain, small, written
from benchmarks.attacks.server import ServerProcess, alive, left_in, own_folder
from benchmarks.attacks.wire import Stubs, attempt, upload_messages
from inspector.v1.inspection_service_pb2 import OccludeRequest, PredictRequest
from inspector.v1.model_service_pb2 import (
    DeleteModelRequest,
    ListModelsRequest,
    LoadModelRequest,
    UnloadModelRequest,
)

WRITERS = 2
_GONE_WITHIN = 5.0
"""Seconds that the processes of a killed server may take to die: a machine under load is slow to tell."""


@dataclass
class Ledger:
    """What the server acknowledged, as its callers remember it."""

    present: dict[str, str] = field(default_factory=dict)
    """SHA-256 by id, of uploads that were acknowledged."""
    absent: set[str] = field(default_factory=set)
    """Ids of deletes that were acknowledged."""
    doubtful: dict[str, str] = field(default_factory=dict)
    """SHA-256 by id, of what was asked for and never answered: there and whole, or not there."""
    begun: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_name(self) -> str:
        """Return an id that was not used before."""
        with self.lock:
            self.begun += 1
            return f"m{self.begun}"


@dataclass
class Report:
    """What came of all rounds."""

    rounds: int = 0
    problems: list[str] = field(default_factory=list)
    children: int = 0
    """Processes that were there when their server was killed."""
    slowest_end: float = 0
    """Seconds that the last of them took to end."""
    uploads: int = 0
    kept: int = 0
    deleted: int = 0
    starts: list[float] = field(default_factory=list)
    """Seconds that each start took."""


def run(folder: Path, *, rounds: int, seed: int = 5, longest: float = 4, quiet: bool = True) -> Report:
    """Kill the server so many times, each at most `longest` seconds after its start."""
    rng, ledger, report = random.Random(seed), Ledger(), Report()  # noqa: S311 - the same seed, the same moments
    console = Console(stderr=True)
    for number in track(range(rounds), description="kills", console=console, disable=quiet):
        before = set(left_in(folder / "tmp"))
        server = _started(folder, report)
        found = [*inspect_models(server, ledger), *_swept(server, before)]
        children = _use_and_kill(server, ledger, rng, seconds=rng.uniform(0.1, longest))
        found += _buried(children, report)
        report.problems += [f"round {number}: {words}" for words in found]
        report.rounds += 1
    server = _started(folder, report)
    report.problems += [
        f"at the end: {words}" for words in [*inspect_models(server, ledger), *_loadable(server, ledger)]
    ]
    if (code := server.stop()) != 0:
        report.problems.append(f"at the end: exit code {code}")
    if left := left_in(server.temporary):
        report.problems.append(f"at the end: left in TMPDIR: {left[:5]}")
    report.uploads, report.kept, report.deleted = ledger.begun, len(ledger.present), len(ledger.absent)
    return report


def _started(folder: Path, report: Report) -> ServerProcess:
    began = time.monotonic()
    server = ServerProcess(folder, settings={"max_models": 10_000, "collections_store": "memory"})
    report.starts.append(time.monotonic() - began)
    return server


def inspect_models(server: ServerProcess, ledger: Ledger) -> list[str]:
    """Compare what is there with what was acknowledged."""
    with Stubs(server.address) as stubs:
        request = ListModelsRequest(page_size=1000)
        names: list[str] = []
        while True:
            response = attempt(stubs.models.ListModels, request).response
            names += [model.name.partition("/")[2] for model in response.models]
            if not response.next_page_token:
                break
            request.page_token = response.next_page_token
    problems = [f"{name} is listed twice" for name in set(names) if names.count(name) > 1]
    listed = set(names)
    problems += [f"{name} was acknowledged and is gone" for name in ledger.present.keys() - listed]
    problems += [f"{name} was deleted and is back" for name in ledger.absent & listed]
    for name in listed:
        digest = ledger.present.get(name) or ledger.doubtful.get(name)
        if not _whole(server.repository / name, digest):
            problems.append(f"{name} is damaged")
    for name, digest in ledger.doubtful.items():  # from now on it is known
        (ledger.present.__setitem__(name, digest) if name in listed else ledger.absent.add(name))
    ledger.doubtful.clear()
    unlisted = {path.name for path in server.repository.iterdir() if not path.name.startswith(".")} - listed
    problems += [f"{name} lies there unlisted" for name in unlisted]
    incoming = server.repository / ".incoming"
    if incoming.exists() and any(incoming.iterdir()):
        problems.append("half an upload lies in .incoming")
    return problems


def _whole(folder: Path, digest: str | None) -> bool:
    try:
        said = json.loads((folder / "upload.json").read_text(encoding="utf-8"))
        found = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    except (OSError, ValueError):
        return False
    return bool(found == digest == said["sha256"])


def _loadable(server: ServerProcess, ledger: Ledger) -> list[str]:
    """Load some of what is there, and run it."""
    problems = []
    with Stubs(server.address) as stubs:
        for name in list(ledger.present)[-5:]:
            load = LoadModelRequest(name=f"models/{name}")
            predict = PredictRequest(model=f"models/{name}", images=[BLACK])
            for call, request in ((stubs.models.LoadModel, load), (stubs.inspection.Predict, predict)):
                if (answer := attempt(call, request)).code != "OK":
                    problems.append(f"{name} cannot be used: {answer}: {answer.message[:100]}")
                    break
    return problems


def _swept(server: ServerProcess, before: set[str]) -> list[str]:
    """Tell what of the last server's temporary folders is still there once the next one serves."""
    left = before & set(left_in(server.temporary))
    return [f"left in TMPDIR by the one before: {sorted(left)[:3]}"] if left else []


def _use_and_kill(server: ServerProcess, ledger: Ledger, rng: random.Random, *, seconds: float) -> list[int]:
    over = threading.Event()
    users = [
        *(threading.Thread(target=_write, args=(server, ledger, over, rng.random())) for _ in range(WRITERS)),
        threading.Thread(target=_read, args=(server, ledger, over, rng.random())),
    ]
    for user in users:
        user.start()
    time.sleep(seconds)
    children = server.children()
    server.process.kill()
    server.process.wait()
    over.set()
    for user in users:
        user.join()
    server.stop()
    return children


def _buried(children: list[int], report: Report) -> list[str]:
    began = time.monotonic()
    while (left := alive(children)) and time.monotonic() - began < _GONE_WITHIN:
        time.sleep(0.01)
    report.children += len(children)
    report.slowest_end = max(report.slowest_end, time.monotonic() - began)
    return [f"{len(left)} of {len(children)} processes outlive their server"] if left else []


def _write(server: ServerProcess, ledger: Ledger, over: threading.Event, seed: float) -> None:
    rng = random.Random(seed)  # noqa: S311
    with Stubs(server.address) as stubs:
        while not over.is_set():
            _upload(stubs, ledger, rng)
            if rng.random() < 0.4:
                _delete(stubs, ledger, rng)


def _upload(stubs: Stubs, ledger: Ledger, rng: random.Random) -> None:
    name = ledger.next_name()
    made = small() if rng.random() < 0.7 else chain(300)
    made.doc_string = name  # no two have the same bytes
    data = written(made)
    digest = hashlib.sha256(data).hexdigest()
    with ledger.lock:
        ledger.doubtful[name] = digest
    answer = attempt(stubs.models.UploadModel, upload_messages(data, name, chunk=1 << 12))
    with ledger.lock:
        if answer.code == "OK":
            ledger.present[name] = ledger.doubtful.pop(name)


def _delete(stubs: Stubs, ledger: Ledger, rng: random.Random) -> None:
    with ledger.lock:
        if not ledger.present:
            return
        name = rng.choice(sorted(ledger.present))
        ledger.doubtful[name] = ledger.present.pop(name)
    answer = attempt(stubs.models.DeleteModel, DeleteModelRequest(name=f"models/{name}"))
    with ledger.lock:
        if answer.code == "OK":
            ledger.doubtful.pop(name)
            ledger.absent.add(name)


def _read(server: ServerProcess, ledger: Ledger, over: threading.Event, seed: float) -> None:
    rng = random.Random(seed)  # noqa: S311
    with Stubs(server.address) as stubs:
        while not over.is_set():
            with ledger.lock:
                name = rng.choice(sorted(ledger.present) or ["none"])
            model = f"models/{name}"
            calls: list[tuple[Any, Any]] = [
                (stubs.models.LoadModel, LoadModelRequest(name=model)),
                (stubs.inspection.Predict, PredictRequest(model=model, images=[BLACK])),
                (
                    stubs.inspection.Occlude,
                    OccludeRequest(model=model, images=[BLACK], size=[2, 2], stride=[1, 1]),
                ),
                (stubs.models.UnloadModel, UnloadModelRequest(name=model)),
            ]
            for call, request in calls:
                attempt(call, request)


def main() -> None:
    """Kill, and tell; exit code 1 where something was lost or left."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attacks.kills", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    with own_folder() as folder:
        report = run(folder, rounds=options.rounds, seed=options.seed, quiet=False)
    starts = sorted(report.starts)
    print(
        f"{report.rounds} kills: {report.uploads} uploads begun, {report.kept} kept, {report.deleted} deleted or never "
        f"there; {report.children} processes were running, the last ended {report.slowest_end:.2f} s after its server; "
        f"a start takes {starts[len(starts) // 2]:.1f} s (median)"
    )
    for words in report.problems:
        print(f"  {words}")
    sys.exit(bool(report.problems))


if __name__ == "__main__":
    main()
