"""What ONNX's own checker objects to."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.rule import Found, rule
from inspector.checks.several import listed
from inspector.model.checks.onnx_checker import complaint_of_checker


@rule(
    "onnx-checker",
    family="validity",
    severity="warning",
    rationale="Converters and servers let ONNX's checker judge a file first, and refuse what it objects to, even "
    "where ONNX Runtime runs it.",
    mend="Mend what it names, and export the model again; `onnx.checker.check_model(path, full_check=True)` repeats "
    "it.",
)
def onnx_checker(examination: Examination) -> Iterator[Found]:
    """Find what onnx.checker, with strict inference of types and shapes, objects to."""
    try:
        complaint = complaint_of_checker(examination.model)
    except ValueError as error:
        raise SkippedError(f"ONNX's checker cannot be asked: {error}") from error
    if complaint is None:
        return
    file = examination.model.file
    shapeless = [name for name in (*file.inputs, *file.outputs) if file.declared[name].shape is None]
    where = f" No shape is declared of {listed(shapeless)}." if shapeless and "shape" in complaint else ""
    yield Found(
        subject=shapeless[0] if where else "",
        kind="tensor" if where else "file",
        message=f"ONNX's checker objects: {complaint.rstrip('.')}.{where}",
        measured="refused",
        allowed="accepted",
    )
