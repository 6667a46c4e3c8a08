"""`inspector methods`."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

import typer

from inspector.cli.options import Json, ServiceOptions
from inspector.cli.output import paragraphs, print_json, print_table, say
from inspector.cli.parameters import grouped
from inspector.cli.where import known_methods, known_verbs
from inspector.errors import unknown_name
from inspector.types.options import POLICIES, MethodInfo, OptionInfo, VerbInfo

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="Of a method or a verb: prints its card, with what it shows, what it hides, and what it costs.",
        show_default=False,
    ),
]


@grouped
def methods(name: Name = None, *, where: ServiceOptions, as_json: Json = False) -> None:
    """List the attribution methods with their options, or print the card of a method or a verb."""
    found = known_methods(where)
    if name is not None:
        _print_card(name, found, where, as_json=as_json)
        return
    if as_json:
        print_json(found)
        return
    rows = [
        (
            method.name,
            (method.title, *paragraphs(method.description)),
            tuple(map(_words, method.options)) or "–",
        )
        for method in found
    ]
    print_table(("method", "what it is", "options"), rows, title=f"{len(found)} methods")
    with_policies = [option for method in found for option in method.options if _is_policies(option)]
    names = dict.fromkeys(name for option in with_policies for name in option.choices)
    say(f"policies: {', '.join(names)}")


def _print_card(name: str, methods: tuple[MethodInfo, ...], where: ServiceOptions, *, as_json: bool) -> None:
    known: dict[str, MethodInfo | VerbInfo] = {one.name: one for one in known_verbs(where)}
    known |= {one.name: one for one in methods}
    one = known.get(name)
    if one is None:
        raise unknown_name("method or verb", name, known, field="name")
    if as_json:
        print_json(one)
        return
    say(f"{one.name}: {one.title}" if isinstance(one, MethodInfo) else one.name)
    parts: list[tuple[str, object]] = [("does", paragraphs(one.description))]
    if one.card is not None:
        parts += [(part.name, getattr(one.card, part.name)) for part in fields(one.card)]
    parts += [("options", tuple(map(_words, one.options)) or "none")]
    if isinstance(one, MethodInfo) and one.caution:
        parts.append(("caution", one.caution))
    print_table(("", ""), parts)


def _words(option: OptionInfo) -> str:
    if _is_policies(option):
        return "policies at layers (--policy)"
    default = "" if option.default in (None, (), {}) else f"={option.default}"
    return f"{option.name}{default} ({option.allowed}){': ' + option.help if option.help else ''}"


def _is_policies(option: OptionInfo) -> bool:
    return POLICIES in option.types
