"""The commands by their names: each is imported and made only when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from inspector.cli.engine import engine_needed
from inspector.plugins import load_plugins
from inspector.types.requests.base import REQUESTS, description_of

OWN = {
    "about": "Tell what models run on here: the versions, the device, and whether kernels are used.",
    "card": "Write a model card, or its bill of materials: what it takes and gives, and what was found.",
    "check": "Look models over by rules, and report what was found, worst first, in the formats of CI systems.",
    "delete": "Unload a model of a service, and remove it if it was uploaded.",
    "load": "Make a model of a service ready to answer.",
    "methods": "List the attribution methods with their options, or print the card of a method or a verb.",
    "models": "List the models of a service, and what each can do now.",
    "neighbors": "Find the images whose features are nearest to the query's.",
    "pca": "Lay images out on the principal components of their features.",
    "record": "Write down what a model takes and answers, for `inspector check --golden`.",
    "report": "Write one page about a model: its answers, why they are so, what its units look for.",
    "serve": "Serve models over gRPC until SIGTERM or Ctrl-C, then drain.",
    "token": "Make a token for a caller of a server, list who may call, or revoke.",
    "unload": "Free the memory of a model of a service, once its running calls have ended.",
    "upload": "Send a model to a service, and load it there.",
}
"""What is no verb of a model, or more than one: each has a module of its name here, with a function of its name."""

OTHER_NAMES = {"info": "describe"}
"""Commands by another name of theirs, and that under which they are known."""


def command_names() -> dict[str, str]:
    """Return all commands, those of plugins too, with what each does in a line."""
    load_plugins()
    verbs = {verb: description_of(request) for verb, request in sorted(REQUESTS.items())}
    return {**verbs, **OWN, **{other: verbs[verb] for other, verb in OTHER_NAMES.items()}}


class Commands(TyperGroup):
    """Knows its commands by name and description, and makes one when it is asked for."""

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        self.commands = {name: TyperCommand(name, help=does) for name, does in command_names().items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the whole command for the one that stands in the list."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, None if listed is None or name is None else make_command(name), rest


def make_command(name: str) -> Any:
    """Return a command, with all of its options."""
    request = REQUESTS.get(OTHER_NAMES.get(name, name))
    if request is not None and name not in OWN:
        function = import_module("inspector.cli.verb").command_of(request)
    else:
        with engine_needed():
            function = getattr(import_module(f"inspector.cli.{name}"), name)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name=name)(function)
    return typer.main.get_command(alone)
