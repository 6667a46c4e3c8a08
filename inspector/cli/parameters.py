"""Parameters of commands: groups of options as dataclasses, and functions whose signatures are made of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, TypeVar, get_type_hints

G = TypeVar("G")
Command = Callable[..., None]


def keyword(name: str, annotation: Any, default: Any = Parameter.empty) -> Parameter:
    """Return a parameter that is given by its name."""
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def parameters_of(group: type[Any], *, without: Iterable[str] = ()) -> list[Parameter]:
    """Return the fields of a group of options as parameters, but those `without`."""
    hints = get_type_hints(group, include_extras=True)
    return [
        keyword(one.name, hints[one.name], one.default)
        for one in dataclasses.fields(group)
        if one.name not in set(without)
    ]


def giving_way(parameters: Iterable[Parameter], to: Iterable[Parameter]) -> list[Parameter]:
    """Return options without the short flags that others have: `-l` of two means the first, `--layer` stays."""
    taken = {flag for one in to for flag in flags_of(one) if not flag.startswith("--")}
    return [_without(one, taken) if taken & set(flags_of(one)) else one for one in parameters]


def _without(parameter: Parameter, taken: set[str]) -> Parameter:
    kind, words = parameter.annotation.__origin__, copy(parameter.annotation.__metadata__[0])
    words.param_decls = tuple(one for one in words.param_decls or () if one not in taken)
    return parameter.replace(annotation=Annotated[kind, words])


def filled(group: type[G], given: Mapping[str, Any]) -> G:
    """Return a group with what was given for its fields."""
    return group(**{name: given[name] for name in _field_names(group) if name in given})


def with_signature(
    function: Callable[..., None], parameters: Sequence[Parameter], *, name: str, doc: str
) -> Command:
    """Return a function of keywords as a command with these parameters; TypeError where two share a flag."""
    owners: dict[str, str] = {}
    for parameter in parameters:
        for flag in flags_of(parameter):
            if flag in owners:
                raise TypeError(
                    f"The command {name!r} has the option {flag} twice: for {owners[flag]!r} and {parameter.name!r}."
                )
            owners[flag] = parameter.name

    def command(**given: Any) -> None:
        function(**given)

    command.__name__, command.__doc__ = name, doc
    command.__signature__ = Signature(list(parameters))  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


def flags_of(parameter: Parameter) -> list[str]:
    """Return how an option is written: `--name`, `-n`; nothing for an argument."""
    (words,) = parameter.annotation.__metadata__
    return [part for part in (words.default, *(words.param_decls or ())) if str(part).startswith("-")]


def grouped(function: Callable[..., None]) -> Command:
    """Return a command whose parameters that are groups are laid open: each of their fields is an option."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if dataclasses.is_dataclass(hint)}
    parameters: list[Parameter] = []
    for one in signature(function).parameters.values():
        if one.name in groups:
            parameters += parameters_of(groups[one.name])
        else:
            parameters.append(keyword(one.name, hints[one.name], one.default))

    @functools.wraps(function)
    def call(**given: Any) -> None:
        inner = {name for group in groups.values() for name in _field_names(group)}
        own = {name: value for name, value in given.items() if name not in inner}
        function(**own, **{name: filled(group, given) for name, group in groups.items()})

    return with_signature(call, parameters, name=function.__name__, doc=function.__doc__ or "")


def _field_names(group: Any) -> list[str]:
    return [one.name for one in dataclasses.fields(group)]
