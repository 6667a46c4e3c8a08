"""What a method's signature says of its options: names, types, defaults, choices."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import Parameter, getdoc, signature
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from inspector.grad.policies.table import POLICIES as KNOWN_POLICIES
from inspector.types.options import (
    FLAG,
    INTEGER,
    NUMBER,
    NUMBERS,
    POLICIES,
    TENSOR,
    TEXT,
    MethodInfo,
    OptionInfo,
)

CONTROLS = ("progress", "cancellation")
"""Keyword parameters of a method that say how it runs, not what it computes."""

_TYPES: Mapping[Any, str] = {
    bool: FLAG,
    int: INTEGER,
    float: NUMBER,
    str: TEXT,
    Literal: TEXT,
    Sequence: NUMBERS,
    np.ndarray: TENSOR,
    Mapping: POLICIES,
}


@functools.cache
def method_info(name: str, function: Callable[..., Any]) -> MethodInfo:
    """Read a method's options from its keyword parameters, and its words from its docstrings."""
    hints = get_type_hints(function)
    parameters = signature(function).parameters.values()
    return MethodInfo(
        name=name,
        title=_first_sentence(sys.modules[function.__module__].__doc__).removesuffix("."),
        description=_first_sentence(getdoc(function)),
        options=tuple(
            _option(parameter.name, hints[parameter.name], parameter.default)
            for parameter in parameters
            if parameter.kind is Parameter.KEYWORD_ONLY and parameter.name not in CONTROLS
        ),
    )


@functools.cache
def tells_progress(function: Callable[..., Any]) -> bool:
    """Tell whether a method says how far it is."""
    return "progress" in signature(function).parameters


def _option(name: str, hint: Any, default: object) -> OptionInfo:
    members = [member for member in _members(hint) if member is not NoneType]
    types = tuple(dict.fromkeys(_type(name, member) for member in members))
    choices = [text for member in members if get_origin(member) is Literal for text in get_args(member)]
    if POLICIES in types:
        choices = sorted(KNOWN_POLICIES)
    return OptionInfo(name=name, types=types, default=default, choices=tuple(choices))


def _type(name: str, hint: Any) -> str:
    kind = _TYPES.get(get_origin(hint) or hint)
    if kind is None:
        raise TypeError(f"The option {name!r} is annotated {hint}, which is none of {list(_TYPES)}.")
    return kind


def _members(hint: Any) -> Iterator[Any]:
    """Yield what a union is made of, or the hint itself."""
    if get_origin(hint) in (Union, UnionType):
        for member in get_args(hint):
            yield from _members(member)
    else:
        yield hint


def _first_sentence(text: str | None) -> str:
    """Return the first line of a docstring."""
    return (text or "").partition("\n")[0].strip()
