"""The seam between what is asked and where it runs."""

from __future__ import annotations

from typing import Protocol, TypeVar

from inspector.types.control import Control
from inspector.types.requests.base import Request
from inspector.types.results.base import Result

R = TypeVar("R", bound=Result)


class Backend(Protocol):
    """Answers requests about one model: in this process, over the wire, or wherever else models run."""

    def ask(self, request: Request[R], control: Control) -> R:
        """Return the result; progress is told to `control` on the way, and its cancellation and timeout are obeyed."""
        ...
