"""How large the file is."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule


@rule(
    "file-size",
    family="budget",
    severity="warning",
    rationale="Size decides how long a model takes to download and load, and whether it fits into an app or an image.",
    mend="Quantize the weights, store them as float16, remove what nothing reads, or allow more.",
)
def file_size(examination: Examination, *, most: int | None = None) -> Iterator[Found]:
    """Find a file, its external data included, of more than `most` bytes; tell how many it has."""
    size = examination.model.size
    examination.tell("file_bytes", size)
    if most is not None and size > most:
        yield Found(
            message=f"The file has {size:,} bytes, {size - most:,} more than allowed.",
            measured=f"{size:,} bytes",
            allowed=f"{most:,} bytes",
        )
