"""`inspector methods`."""

from __future__ import annotations

from inspector.cli.options import Json, ServiceOptions
from inspector.cli.output import print_json, print_table, say
from inspector.cli.parameters import grouped
from inspector.cli.where import known_methods
from inspector.types.options import POLICIES, OptionInfo


@grouped
def methods(*, where: ServiceOptions, as_json: Json = False) -> None:
    """List the attribution methods: what each computes, and its options with their defaults."""
    found = known_methods(where)
    if as_json:
        print_json(found)
        return
    rows = [
        (method.name, f"{method.title}\n{method.description}", "\n".join(map(_words, method.options)) or "–")
        for method in found
    ]
    print_table(("method", "what it is", "options"), rows, title=f"{len(found)} methods")
    with_policies = [option for method in found for option in method.options if _is_policies(option)]
    names = dict.fromkeys(name for option in with_policies for name in option.choices)
    say(f"policies: {', '.join(names)}")


def _words(option: OptionInfo) -> str:
    if _is_policies(option):
        return "policies at layers (--policy)"
    default = "" if option.default is None else f"={option.default}"
    return f"{option.name}{default} ({option.allowed})"


def _is_policies(option: OptionInfo) -> bool:
    return POLICIES in option.types
