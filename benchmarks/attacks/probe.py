"""What a probe is, and what it finds."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.attacks.bystander import MODEL, Bystander, Seen
from benchmarks.attacks.models import BLACK, small, written
from benchmarks.attacks.server import ServerProcess, Stats
from benchmarks.attacks.wire import Answer, Stubs, attempt, upload_messages
from inspector.v1.inspection_service_pb2 import PredictRequest

GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One attack: what it is, and what is expected of the server meanwhile."""

    name: str
    kind: str
    """The row of the table that it belongs to."""
    does: str
    """One line: what the caller does."""
    run: Callable[[Scene], None]
    settings: Mapping[str, object]
    environment: Mapping[str, str]
    descriptors: int | None
    memory: int
    """Bytes that the server's processes may have together at most."""
    slow: float
    """Milliseconds that a bystander's slowest call may take; its p99 is told, not judged: machines are shared."""
    ends: bool
    """The probe ends the server itself."""


PROBES: dict[str, Probe] = {}


def probe(
    kind: str,
    does: str,
    *,
    settings: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    descriptors: int | None = None,
    memory: int = 2 * GIB,
    slow: float = 2_000,
    ends: bool = False,
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Register a probe under its function's name."""

    def register(run: Callable[[Scene], None]) -> Callable[[Scene], None]:
        name = run.__name__.replace("_", "-")
        PROBES[name] = Probe(
            name=name,
            kind=kind,
            does=does,
            run=run,
            settings=settings or {},
            environment=environment or {},
            descriptors=descriptors,
            memory=memory,
            slow=slow,
            ends=ends,
        )
        return run

    return register


def load_probes() -> Mapping[str, Probe]:
    """Import every file of probes, and return what they hold, by name."""
    folder = Path(__file__).parent / "probes"
    for module in pkgutil.iter_modules([str(folder)]):
        importlib.import_module(f"benchmarks.attacks.probes.{module.name}")
    return PROBES


@dataclass
class Finding:
    """What came of one probe."""

    name: str
    kind: str
    does: str
    answers: list[str] = field(default_factory=list)
    """What the attacker was told, each once."""
    told: list[str] = field(default_factory=list)
    """Figures and remarks."""
    failures: list[str] = field(default_factory=list)
    """What is not as it should be; empty for a probe that passed."""
    seconds: float = 0
    """The attack alone."""
    peak: int = 0
    """Bytes of all processes of the server together, at most."""
    before: Seen | None = None
    meanwhile: Seen | None = None
    stats: tuple[Stats, Stats] | None = None

    def answer(self, answer: Answer | str) -> None:
        """Keep what was answered, each kind once."""
        if (words := str(answer)) not in self.answers:
            self.answers.append(words)


class Scene:
    """A running server, an attacker's connection, and another caller beside it."""

    def __init__(self, server: ServerProcess, finding: Finding) -> None:
        self.server = server
        self.finding = finding
        self.bystander: Bystander | None = None

    @cached_property
    def stubs(self) -> Stubs:
        """The attacker's connection."""
        return Stubs(self.server.address)

    def upload(self, data: bytes | Any, model_id: str, *, timeout: float = 60, **given: Any) -> Answer:
        """Upload a model, as bytes or as onnx has it."""
        messages = upload_messages(written(data), model_id, **given)
        return attempt(self.stubs.models.UploadModel, messages, timeout=timeout)

    def expect(
        self,
        what: str,
        answer: Answer,
        codes: str | Collection[str],
        *,
        reasons: Collection[str] = (),
        within: float | None = None,
    ) -> Answer:
        """Keep an answer, and fail where its code, its reason or its time is another than allowed."""
        self.finding.answer(answer)
        allowed = (codes,) if isinstance(codes, str) else codes
        if answer.code not in allowed or (reasons and answer.reason not in (*reasons, "")):
            self.fail(f"{what}: {answer} ({answer.message[:160]}), expected {' or '.join(allowed)}")
        elif answer.code != "OK" and answer.reason == "BUG":
            self.fail(f"{what}: {answer}: {answer.message[:160]}")
        if within is not None and answer.seconds > within:
            self.fail(f"{what}: {answer} after {answer.seconds:.1f} s, expected within {within:g} s")
        return answer

    def refused(self, what: str, answer: Answer, *, within: float | None = None) -> Answer:
        """Expect that something is refused for what it is."""
        return self.expect(what, answer, REFUSALS, within=within)

    def clean(self, what: str, answer: Answer, *, within: float | None = None) -> Answer:
        """Expect an answer, or a refusal for what was asked."""
        return self.expect(what, answer, ("OK", *REFUSALS), within=within)

    def newcomer(self, when: str, *, predicts: bool = True, timeout: float = 5) -> None:
        """Expect that a caller who connects now has health within `timeout` seconds, and a prediction within 5."""
        with Stubs(self.server.address) as fresh:
            self.require(
                that=fresh.serving(timeout=timeout), words=f"{when}: health does not answer a new caller"
            )
            if predicts:
                request = PredictRequest(model=f"models/{MODEL}", images=[BLACK])
                answer = attempt(fresh.inspection.Predict, request, timeout=5)
                self.expect(f"{when}: Predict of a new caller", answer, "OK", within=5)

    def tell(self, words: str) -> None:
        """Keep a remark."""
        self.finding.told.append(words)

    def fail(self, words: str) -> None:
        """Keep what is not as it should be."""
        self.finding.failures.append(words)

    def require(self, *, that: bool, words: str) -> None:
        """Fail unless something holds."""
        if not that:
            self.fail(words)

    def ready(self) -> None:
        """Upload what the bystander asks."""
        answer = self.upload(small(), MODEL)
        if answer.code != "OK":
            raise RuntimeError(f"The bystander's model is refused: {answer}: {answer.message}")

    def leave_alone(self) -> None:
        """Send the bystander away."""
        if self.bystander is not None:
            self.bystander.close()
            self.bystander = None

    def close(self) -> None:
        """End the connections."""
        if "stubs" in self.__dict__:
            self.stubs.close()
        self.leave_alone()


REFUSALS: Sequence[str] = (
    "INVALID_ARGUMENT",
    "RESOURCE_EXHAUSTED",
    "NOT_FOUND",
    "FAILED_PRECONDITION",
    "UNIMPLEMENTED",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
)
"""Codes that say that it is the request, not the server."""
