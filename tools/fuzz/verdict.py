"""How a case ended, and whether it should have."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import EngineError, InspectorError
from inspector.model.checks.net import MODEL_NOT_UNDERSTOOD

ROOT = Path(__file__).parents[2]
NETS = frozenset({MODEL_NOT_UNDERSTOOD})
"""Reasons of errors that a net makes of what no check foresaw: the caller is told well, and a check is missing."""
RUNTIME = frozenset({"RUN_FAILED"})
"""Reasons of errors of the engine that are the model's fault: its own operators do not fit its own values."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One case's end."""

    kind: str
    """accepted, refused, or: failed in the runtime, out of memory, crashed, hung (if foreign), bug."""
    what: str = ""
    """For people: the class of the error and its reason, or where a bug stands."""

    @property
    def is_finding(self) -> bool:
        """Whether it must be mended."""
        return self.kind in ("bug", "crash", "hang")


ACCEPTED = Verdict(kind="accepted")


def verdict_of(error: Exception) -> Verdict:
    """Return what an error that came of a case says of us."""
    if isinstance(error, MemoryError):
        return Verdict(kind="out of memory")
    if isinstance(error, EngineError) and error.reason in RUNTIME:
        return Verdict(kind="failed in the runtime")
    if isinstance(error, InspectorError) and not isinstance(error, EngineError) and error.reason not in NETS:
        return Verdict(kind="refused", what=f"{type(error).__name__} {error.reason}")
    cause = error.__cause__ if isinstance(error, InspectorError) and error.__cause__ else error
    if isinstance(cause, MemoryError):
        return Verdict(kind="out of memory")
    return Verdict(kind="bug", what=f"{type(cause).__name__} at {_place(cause)}: {_line(cause)}")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:160]


def _place(error: BaseException) -> str:
    """Return the innermost line of ours that an error passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(ROOT / "inspector")]
    if not ours:
        return "no line of ours"
    last = ours[-1]
    return f"{Path(last.filename).relative_to(ROOT)}:{last.lineno} {last.name}"
