"""A version of the operator set that runtimes in use do not know."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule


@rule(
    "opset-range",
    family="validity",
    severity="warning",
    rationale="A runtime refuses an opset that is newer than itself, and what reads files elsewhere (TensorRT, "
    "OpenVINO, mobile runtimes) has given up the oldest ones.",
    mend="Export it at an opset within the range, or convert it with onnx.version_converter.",
)
def opset_range(examination: Examination, *, lowest: int = 7, highest: int = 24) -> Iterator[Found]:
    """Find an opset of the standard domain that is older or newer than those that runtimes in use read."""
    opset = examination.model.file.opsets.get("", examination.model.opset)
    if not lowest <= opset <= highest:
        side = "older" if opset < lowest else "newer"
        yield Found(
            message=f"The model has opset {opset}, which is {side} than what it is to be served with.",
            measured=f"opset {opset}",
            allowed=f"{lowest} to {highest}",
        )
