"""What a rule of `check` is, and the table of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter, getdoc, signature
from typing import Any, Literal, get_type_hints

from inspector.checks.examination import Examination
from inspector.findings.families import FAMILIES, Family
from inspector.registry import Registry
from inspector.types.options import OTHER, OptionInfo, option_of
from inspector.types.results.report import Severity, SubjectKind

Need = Literal["images", "baseline", "expected", "boxes", "runs"]
"""What a rule cannot do without, beside the model: what the request brings, or a model that runs on images alone."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a rule saw at one place."""

    message: str
    """What is wrong, in a sentence, with the names of nodes and tensors."""
    subject: str = ""
    """The name of what it is about; with `kind` it stays the same as long as the fault does."""
    kind: SubjectKind = "file"
    operator: str = ""
    measured: str = ""
    """With its unit."""
    allowed: str = ""


Look = Callable[..., Iterable[Found]]
"""(an examination, *, settings) -> what was found."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that may be wrong with an exported model."""

    id: str
    """Stable, in lower-case with hyphens."""
    family: Family
    severity: Severity
    rationale: str
    """Why it matters."""
    mend: str
    """What to do about it."""
    needs: tuple[Need, ...] = ()
    look: Look

    @property
    def title(self) -> str:
        """What it finds, in a sentence."""
        return (getdoc(self.look) or "").partition("\n")[0]

    @cached_property
    def settings(self) -> Mapping[str, OptionInfo]:
        """The keyword parameters of its look, by the names that they have in configurations."""
        hints = get_type_hints(self.look)
        found = {}
        for one in signature(self.look).parameters.values():
            if one.kind is Parameter.KEYWORD_ONLY:
                name = one.name.replace("_", "-")
                found[name] = option_of(name, hints[one.name], one.default)
                if OTHER in found[name].types:
                    raise TypeError(
                        f"The setting {name!r} of the rule {self.id!r} is annotated as none can be."
                    )
        return found

    def found(self, examination: Examination, settings: Mapping[str, Any]) -> Iterable[Found]:
        """Look at a model; raises what its measures raise, SkippedError among it."""
        return self.look(examination, **{name.replace("-", "_"): value for name, value in settings.items()})


RULES: Registry[str, Rule] = Registry("rule of check", package="inspector.checks.rules")


def rule(
    identifier: str,
    *,
    family: Family,
    severity: Severity,
    rationale: str,
    mend: str,
    needs: tuple[Need, ...] = (),
) -> Callable[[Look], Look]:
    """Register a function as a rule: its first parameter is the Examination, its keywords are the rule's settings."""

    def register(look: Look) -> Look:
        RULES.add(
            identifier,
            Rule(
                id=identifier,
                family=family,
                severity=severity,
                rationale=rationale,
                mend=mend,
                needs=needs,
                look=look,
            ),
        )
        return look

    return register


def in_order() -> list[Rule]:
    """Return all rules, family by family."""
    return sorted((one for _, one in RULES.items()), key=lambda one: (FAMILIES.index(one.family), one.id))
