"""A version of the file format that runtimes in use do not know."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule


@rule(
    "ir-range",
    family="validity",
    severity="warning",
    rationale="Runtimes refuse files whose IR version is newer than themselves, whatever operators are in them.",
    mend="Save it with a lower IR version (`model.ir_version = 10`), or with an older version of onnx.",
)
def ir_range(examination: Examination, *, lowest: int = 3, highest: int = 12) -> Iterator[Found]:
    """Find an IR version that is older or newer than those that runtimes in use read."""
    version = examination.model.file.ir_version
    if not lowest <= version <= highest:
        side = "older" if version < lowest else "newer"
        yield Found(
            message=f"The file has IR version {version}, which is {side} than what it is to be served with.",
            measured=f"IR version {version}",
            allowed=f"{lowest} to {highest}",
        )
