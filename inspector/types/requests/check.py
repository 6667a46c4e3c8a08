"""Check: is this exported model as it should be?"""

from __future__ import annotations

from dataclasses import dataclass

from inspector.types.requests.base import Request, option, verb
from inspector.types.results.report import Report


@verb("check")
@dataclass(frozen=True, kw_only=True, eq=False)
class CheckRequest(Request[Report]):
    """Look a model over by rules, and report what was found, worst first."""

    select: tuple[str, ...] = option((), help="Only the rules of these ids; default: all.")
    ignore: tuple[str, ...] = option((), help="Not the rules of these ids.")
