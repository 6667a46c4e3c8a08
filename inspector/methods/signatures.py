"""What a method's signature says of its options: names, types, defaults, choices."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from inspect import Parameter, getdoc, signature
from typing import Any, get_type_hints

from inspector.grad.policies.table import POLICIES as KNOWN_POLICIES
from inspector.types.options import OTHER, POLICIES, MethodInfo, OptionInfo, option_of


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
            if parameter.kind is Parameter.KEYWORD_ONLY
        ),
    )


def _option(name: str, hint: Any, default: object) -> OptionInfo:
    """Return an option that the wire and the command line can carry; TypeError for any other annotation."""
    option = option_of(name, hint, default)
    if OTHER in option.types:
        raise TypeError(f"The option {name!r} is annotated {hint}, which no option can be.")
    return replace(option, choices=tuple(sorted(KNOWN_POLICIES))) if POLICIES in option.types else option


def _first_sentence(text: str | None) -> str:
    """Return the first line of a docstring."""
    return (text or "").partition("\n")[0].strip()
