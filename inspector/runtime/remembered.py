"""What was measured once and holds for this machine: small JSON files in the user's cache folder.

A file that is missing, half written, of another shape or not to be read is one that is not there: what it would have
said is measured again. It comes to its name whole (written beside it, then renamed), so that processes that measure the
same at the same time see no halves of each other's; the last one's is kept.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import onnxruntime as ort

VARIABLE = "INSPECTOR_CACHE"
"""The environment variable that names the folder; empty for none."""
_MOST_BYTES = 64 << 10


def recall(subject: str, key: Mapping[str, str]) -> Mapping[str, object] | None:
    """Return what was remembered of a subject under a key on this machine; None where that is nothing."""
    path, whole = _place(subject, key)
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("key") != whole or not isinstance(found.get("value"), dict):
        return None
    value: Mapping[str, object] = found["value"]
    return value


def remember(subject: str, key: Mapping[str, str], value: Mapping[str, object]) -> None:
    """Keep a value of a subject under a key, for this machine; where that is not possible nothing is kept."""
    path, whole = _place(subject, key)
    if path is None:
        return
    text = json.dumps({"key": whole, "value": value}, sort_keys=True)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_whole(path, text)


def _write_whole(path: Path, text: str) -> None:
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(beside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def _place(subject: str, key: Mapping[str, str]) -> tuple[Path | None, dict[str, str]]:
    """Return the file of a subject and a key, None where nothing is to be remembered; and the key with the machine."""
    whole = {**key, "onnxruntime": ort.__version__, "processor": _processor()}
    folder = _folder()
    if folder is None:
        return None, whole
    name = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    return folder / subject / f"{name}.json", whole


def _folder() -> Path | None:
    """Return INSPECTOR_CACHE, by default `onnx-inspector` in the user's cache folder (XDG_CACHE_HOME, ~/.cache)."""
    given = os.environ.get(VARIABLE)
    if given is not None:
        return Path(given) if given else None
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not Path(base).is_absolute():  # the specification: other paths are to be ignored
        try:
            base = str(Path.home() / ".cache")
        except RuntimeError:
            return None
    return Path(base) / "onnx-inspector"


@functools.cache
def _processor() -> str:
    """Return what tells processors apart by the instructions that they have: on Linux the kernel's list of them."""
    features = platform.processor()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
        listed = [line for line in lines if line.split(":")[0].strip() in ("flags", "Features")]
        features = " ".join(sorted(listed[0].split(":", 1)[1].split())) if listed else features
    return f"{platform.machine()} {hashlib.sha256(features.encode()).hexdigest()[:16]}"
