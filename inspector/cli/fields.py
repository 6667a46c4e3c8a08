"""Options of a verb, made from its request's fields: names, types, defaults, and how what was typed is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from inspector.cli.parameters import keyword
from inspector.cli.texts import read_array, read_pairs
from inspector.errors import InvalidInputError, within
from inspector.types.options import (
    FLAG,
    INTEGER,
    NUMBER,
    NUMBERS,
    POLICIES,
    TENSOR,
    TEXT,
    TEXTS,
    MethodInfo,
    OptionInfo,
)
from inspector.types.requests.base import OPTIONS, Request, RequestField, request_fields
from inspector.types.targets import as_target, as_targets

_PAIRS = {
    OPTIONS: ("option", "NAME=VALUE", ", such as steps=20"),
    "policies": ("policy", "LAYER=POLICY", ", such as relu1=guided"),
}
"""Mappings are given pair by pair: the name of the flag that gives one, its form, and an example."""
_METAVARS = {
    NUMBERS: "N[,N…]",
    NUMBER: "NUMBER",
    INTEGER: "INTEGER",
    TEXTS: "NAME[,NAME…]",
    TENSOR: "FILE.npy",
    TEXT: "TEXT",
}


def target_fields(request: type[Request[Any]]) -> list[RequestField]:
    """Return the options of a verb that are targets, for which there is a group of options."""
    return [one for one in request_fields(request) if _is_target(one)]


def own_fields(request: type[Request[Any]]) -> list[RequestField]:
    """Return the options of a verb but its target."""
    return [one for one in request_fields(request) if not _is_target(one)]


def parameter_of(one: RequestField) -> Parameter:
    """Return the option of the command line for one of a verb."""
    words: dict[str, Any] = {"help": escape(one.info.help)}
    flags = [flag_of(one), *([f"-{one.short}"] if one.short else [])]
    hint, default = _hint(one.info), one.info.default
    if one.info.types == (FLAG,):
        if default:
            flags[0] = f"{flags[0]}/--no-{flags[0].strip('-')}"
    elif _is_mapping(one):
        words["metavar"], default = _pair(one)[1], None
    else:
        words["metavar"] = "|".join(one.info.choices) or _metavar(one.info)
        default = default if hint in (int, float, str) and isinstance(default, int | float | str) else None
    if one.is_required:
        default = Parameter.empty
    if one.is_argument:
        words["metavar"] = one.name.upper()
        return keyword(one.name, Annotated[hint, typer.Argument(**words)], default)
    return keyword(one.name, Annotated[hint, typer.Option(*flags, **words)], default)


def flag_of(one: RequestField) -> str:
    """Return an option's long flag."""
    return f"--{(_pair(one)[0] if _is_mapping(one) else one.name).replace('_', '-')}"


def read_fields(request: type[Request[Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a verb's options from what was typed; those that were not given are left out."""
    values: dict[str, Any] = {}
    for one in own_fields(request):
        if given.get(one.name) is not None:
            with within(one.name, always=True):
                values[one.name] = _read(one, given[one.name])
    return values


def _read(one: RequestField, typed: Any) -> Any:
    types = one.info.types
    if _is_mapping(one):
        _, form, example = _pair(one)
        # A layer's name may hold equals signs itself.
        cut: Callable[[str, str], Any] = str.rpartition if form.startswith("LAYER") else str.partition
        return read_pairs(typed, option=flag_of(one), shape=f"{form}{example}", cut=cut)
    if types == (TEXTS,):
        return [part for text in typed for part in text.split(",")]
    if isinstance(typed, Path):
        return read_array(typed)
    return one.info.read(typed) if _is_read(one.info) else typed


def _hint(info: OptionInfo) -> Any:
    """Return the type that the parser of the command line makes of what was typed."""
    if info.types in ((FLAG,), (INTEGER,), (NUMBER,)):
        return {FLAG: bool, INTEGER: int, NUMBER: float}[info.types[0]]
    if info.types == (TENSOR,):
        return Path
    if info.types in ((TEXTS,), (POLICIES,)):
        return list[str]
    return str


def _is_read(info: OptionInfo) -> bool:
    """Return whether a text is read by what the option may be; other options have a reader of their own."""
    return any(kind in _METAVARS for kind in info.types) and _hint(info) is str and info.types != (TEXT,)


def _pair(one: RequestField) -> tuple[str, str, str]:
    return _PAIRS.get(one.name, (one.name, "NAME=VALUE", ""))


def _is_target(one: RequestField) -> bool:
    return one.take in (as_target, as_targets)


def _is_mapping(one: RequestField) -> bool:
    return POLICIES in one.info.types


def _metavar(info: OptionInfo) -> str | None:
    return "|".join(dict.fromkeys(_METAVARS[kind] for kind in info.types if kind in _METAVARS)) or None


def read_method_options(texts: Mapping[str, str], *, method: MethodInfo) -> dict[str, Any]:
    """Read a method's own options by what the method says of them."""
    options = {}
    for name, text in texts.items():
        option = method.option(name)
        if POLICIES in option.types:
            raise InvalidInputError(f"{name} are given as --policy LAYER=POLICY.", field=f"options[{name}]")
        options[name] = option.read(text)
    return options
