"""What no other recognizer knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inspector.model.heads.evidence import Evidence
from inspector.model.heads.head import UNKNOWN, Head
from inspector.model.heads.recognizer import recognizer


@recognizer(99)
def unknown(_evidence: Evidence, unread: Sequence[str]) -> Iterable[Head]:
    """Give the numbers as they are."""
    return [Head(output=name, meaning=UNKNOWN, scores=name) for name in unread]
