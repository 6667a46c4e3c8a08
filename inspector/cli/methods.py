"""`inspector methods`."""

from __future__ import annotations

from inspector.cli import options
from inspector.cli.output import print_json, print_table, say
from inspector.cli.subject import known_methods
from inspector.types.options import POLICIES, OptionInfo


def methods(server: options.Server = None, as_json: options.Json = False) -> None:
    """List the attribution methods: what each computes, and its options with their defaults."""
    found = known_methods(server)
    if as_json:
        print_json(found)
        return
    rows = [
        (method.name, f"{method.title}\n{method.description}", "\n".join(map(_words, method.options)) or "–")
        for method in found
    ]
    print_table(f"{len(found)} methods", ("method", "what it is", "options"), rows)
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
