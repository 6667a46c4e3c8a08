"""Check: is this exported model as it should be?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inspector.errors import InvalidInputError, in_brief, nearest
from inspector.types.arrays import Array
from inspector.types.given import as_texts
from inspector.types.requests.attribute import as_options
from inspector.types.requests.base import OptionalImagesRequest, option, verb
from inspector.types.requests.judge import as_boxes
from inspector.types.results.report import SEVERITIES, Report

EXPECTED = "expected."
"""How the options begin that say what an output should be: `expected.scores` is an array (N, …)."""

OFF = "off"
"""The severity of a rule that is not asked."""


def as_severities(value: Any) -> tuple[str, ...]:
    """Read severities, a mapping from rules to severities or texts such as "fixed-batch=error"; None is none."""
    if value is None:
        return ()
    pairs = (
        [f"{name}={one}" for name, one in value.items()] if isinstance(value, Mapping) else as_texts(value)
    )
    if pairs is None:
        raise InvalidInputError(
            f'severities is {in_brief(value, long="a {}")}; give a mapping, or texts such as "fixed-batch=error".'
        )
    allowed = (*SEVERITIES, OFF)
    for index, pair in enumerate(pairs):
        name, sign, severity = pair.rpartition("=")
        if not sign or not name or severity not in allowed:
            raise InvalidInputError(
                f"{in_brief(pair)} is no severity of a rule; give RULE=SEVERITY, where a severity is one of "
                f"{', '.join(allowed)}.{nearest(severity, allowed)}",
                reason="UNKNOWN_ENUM",
                field=f"[{index}]",
            )
    return tuple(pairs)


@verb("check")
@dataclass(frozen=True, kw_only=True, eq=False)
class CheckRequest(OptionalImagesRequest[Report]):
    """Look a model over by rules, and report what was found, worst first.

    Rules that need images, a baseline, recorded answers or boxes are skipped where those are not given, and say so.
    """

    select: tuple[str, ...] = option(
        (), help="Only these rules: ids, families, or patterns such as `batch-*`; default: all."
    )
    ignore: tuple[str, ...] = option((), help="Not these rules: ids, families, or patterns.")
    severities: tuple[str, ...] = option(
        (), help="Other severities than the rules' own: RULE=error, warning, info or off.", take=as_severities
    )
    baseline: str = option(
        "", help="A model that this one should compute the same as: a file, or a model's id on a service."
    )
    boxes: Array | None = option(
        None,
        help="Where the object is, in input pixels: rows of (the image's index, if several,) top, left, bottom, right.",
        take=as_boxes,
    )
    options: Mapping[str, Any] = option(
        {},
        help="Settings of rules as RULE.SETTING, and recorded answers to the images as expected.OUTPUT.",
        take=as_options,
    )
