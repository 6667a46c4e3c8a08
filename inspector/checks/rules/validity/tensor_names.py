"""Names of inputs and outputs that other tools stumble over."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from inspector.checks.examination import Examination
from inspector.checks.rule import Found, rule
from inspector.checks.several import listed, several

_NO_IDENTIFIER = re.compile(r"\W", re.ASCII)


@rule(
    "tensor-names",
    family="validity",
    severity="info",
    rationale="Clients name inputs and outputs: in URLs, command lines, configurations and generated code, where a "
    "blank or a quote breaks them and two names may become one.",
    mend="Rename the inputs and outputs at export (input_names, output_names).",
)
def tensor_names(examination: Examination, *, also: str = "_.:/-") -> Iterator[Found]:
    """Find inputs and outputs with other characters than ASCII letters, digits and those in `also`, or that collide."""
    file = examination.model.file
    given = [("input", one) for one in file.inputs if one not in file.initializers]
    given += [("output", one) for one in file.outputs]
    yield from several(_odd(given, also))
    as_identifiers: dict[str, set[str]] = defaultdict(set)
    for _, name in given:
        as_identifiers[_NO_IDENTIFIER.sub("_", name)].add(name)
    for one, names in as_identifiers.items():
        if len(names) > 1:
            ordered = sorted(names)
            yield Found(
                subject=ordered[0],
                kind="tensor",
                message=f"{listed(ordered)} all become {one!r} where code is made of them.",
                measured=f"{len(names)} names",
                allowed="1 name",
            )


def _odd(given: list[tuple[str, str]], also: str) -> Iterator[Found]:
    for kind, name in given:
        odd = sorted({one for one in name if not (one.isascii() and one.isalnum()) and one not in also})
        if odd:
            yield Found(
                subject=name,
                kind="input" if kind == "input" else "output",
                message=f"The name of the {kind} {name!r} holds {listed(odd)}.",
                measured=f"{len(odd)} other characters",
                allowed=f"letters, digits and {also}",
            )
