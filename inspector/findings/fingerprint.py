"""What a finding is known by, from one run to the next."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from inspector.types.results.report import Finding


def fingerprints(model: str, findings: Iterable[Finding]) -> list[str]:
    """Return one per finding, 32 hexadecimal digits, each different.

    It is made of the rule, what the finding is about, and the model's path, never of what was measured: it stays as
    long as the fault does. Several findings of one rule about one thing are counted: one more has
    one of its own.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for one in findings:
        key = (_name(model), one.id, one.kind, one.subject)
        found.append(_digest((*key, str(seen[key])) if seen[key] else key))
        seen[key] += 1
    return found


def _name(model: str) -> str:
    """Return a model's name wherever the machine keeps its files: of an absolute path, the file's."""
    path = PurePosixPath(model.replace("\\", "/"))
    return path.name if path.is_absolute() else str(path)


def _digest(parts: tuple[str, ...]) -> str:
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
