"""What of the file's graph lies on no way from an input to an output."""

from __future__ import annotations

from inspector.checks.examination import Examination, SkippedError
from inspector.model.reached import Reached, reached


def reach(examination: Examination) -> Reached:
    """Return which nodes no input reaches and which no output uses; SkippedError where the graph is too large."""
    found = reached(examination.model.file)
    if found is None:
        raise SkippedError("the file's nodes take more memory than are looked over again.")
    return found
