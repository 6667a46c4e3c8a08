"""Operators that are not of ONNX."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.checks.several import several
from inspector.operators.domains import MACHINE_LEARNING, STANDARD


@rule(
    "custom-domains",
    family="validity",
    severity="info",
    rationale="Operators of another domain than ONNX's run only where somebody has written them: those of "
    "com.microsoft in ONNX Runtime alone.",
    mend="Give the model as it was before ONNX Runtime optimized it, quantize with QDQ nodes, or allow the domain.",
)
def custom_domains(
    examination: Examination, *, allowed: tuple[str, ...] = ("ai.onnx", MACHINE_LEARNING)
) -> Iterator[Found]:
    """Find operators of domains that are not allowed, by default all but ONNX's own, and which node uses each first."""
    file = examination.model.file
    local = set(file.functions)
    spelled = {STANDARD if one == "ai.onnx" else one for one in (*allowed, STANDARD)}
    yield from several(
        Found(
            subject=use.first,
            kind="node",
            operator=operator,
            message=f"{use.count} {'nodes use' if use.count > 1 else 'node uses'} the operator {domain}::{operator}, "
            f"which is not of ONNX; the first is {use.first!r}.",
            measured=f"{use.count} of {domain}",
            allowed=", ".join(sorted(one or "ai.onnx" for one in spelled)),
        )
        for (domain, operator), use in file.operators.items()
        if domain not in spelled and (domain, operator) not in local
    )
