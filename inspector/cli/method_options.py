"""Read what is given for a method: its own options, and policies for layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from inspector.cli.subject import known_methods
from inspector.errors import InvalidInputError, unknown_name
from inspector.types.options import POLICIES

Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option", metavar="NAME=VALUE", help="One of the method's own; see `inspector methods`. Repeatable."
    ),
]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        metavar="LAYER=POLICY",
        help="Another policy at a layer, e.g. relu1=guided; see `inspector rectifiers`. Repeatable.",
    ),
]


def read_options(texts: Sequence[str] | None, *, method: str, server: str | None) -> dict[str, Any]:
    """Read --option by what the method, here or on a service, says of its options."""
    if not texts:
        return {}
    given = _pairs(texts, flag="--option", shape="NAME=VALUE, such as steps=20")
    methods = {info.name: info for info in known_methods(server)}
    if method not in methods:
        raise unknown_name("attribution method", method, methods, field="method")
    options = {}
    for name, text in given.items():
        option = methods[method].option(name)
        if POLICIES in option.types:
            raise InvalidInputError(f"{name} are given as --policy LAYER=POLICY.", field=f"options.{name}")
        options[name] = option.read(text)
    return options


def read_policies(texts: Sequence[str] | None) -> dict[str, str]:
    """Read --policy: a layer, which may hold equals signs itself, and a policy."""
    return _pairs(
        texts or (), flag="--policy", shape="LAYER=POLICY, such as relu1=guided", cut=str.rpartition
    )


def _pairs(texts: Sequence[str], *, flag: str, shape: str, cut: Any = str.partition) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = cut(text, "=")
        if not (name and equals and value):
            raise InvalidInputError(f"{flag} is {text!r}; give {shape}.", field=flag.strip("-"))
        if name in pairs:
            raise InvalidInputError(f"{flag} gives {name!r} twice; give it once.", field=flag.strip("-"))
        pairs[name] = value
    return pairs
