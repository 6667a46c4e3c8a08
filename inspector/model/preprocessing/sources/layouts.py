"""The layout that a file says: inspector.json beside the model, its own metadata, or Triton's config.pbtxt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.sources.metadata import from_own_metadata
from inspector.model.preprocessing.sources.sidecars import from_own_file, triton_layout


def said_layouts(
    metadata: Mapping[str, str], folder: Path | None, *, limits: Limits
) -> Iterator[tuple[str, str]]:
    """Yield (source, layout) of all that say one, the first of which is asked.

    What makes no sense is passed over here: whoever reads the whole of it says so.
    """
    own = [from_own_file(folder, limits=limits) if folder is not None else None, from_own_metadata(metadata)]
    for finding in own:
        if finding is None or not isinstance(finding.fields, Mapping):
            continue
        layout = finding.fields.get("layout")
        if isinstance(layout, str):
            yield finding.source, layout
    triton = triton_layout(folder, limits=limits)
    if triton is not None:
        yield "config.pbtxt", triton
