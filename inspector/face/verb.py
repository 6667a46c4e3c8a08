"""A verb of a model: a registered request, asked for by a call."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

from inspector.errors import InvalidInputError, nearest
from inspector.types.requests.base import (
    OPTIONS,
    Request,
    needs_images,
    request_fields,
    require_options,
    takes_images,
)

CONTROLS = ("progress", "cancellation", "timeout")
"""Parameters of every verb that say how it runs, not what it computes."""


class Verb:
    """One verb of one model: a call makes the request and asks it."""

    def __init__(
        self, model: Any, request: type[Request[Any]], *, controls: tuple[str, ...] = CONTROLS
    ) -> None:
        """Ask `model`; `controls` are the parameters that say how it runs."""
        self._model = model
        self._request = request
        self._controls = controls
        self.__name__ = request.verb
        self.__doc__ = request.__doc__
        self.__signature__ = signature_of(request, controls=controls)

    def __call__(self, *args: Any, **given: Any) -> Any:
        try:
            bound = self._bound(args, given)
        except TypeError as error:
            raise _mistaken(self._request.verb, self.__signature__, given, error) from None
        control = {name: bound.pop(name) for name in self._controls if name in bound}
        return self._model.ask(request_of(self._request, bound), **control)

    def _bound(self, args: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
        """Return arguments by their parameters; TypeError where they do not fit.

        Images and known options plainly do; to bind them as Python does takes as long as a small layer.
        """
        key: Any = self._request
        if len(args) == 1 and takes_images(self._request) and _options(key, self._controls).issuperset(given):
            return {"images": args[0], **given}
        return self.__signature__.bind(*args, **given).arguments


def _mistaken(
    verb: str, signature: inspect.Signature, given: Mapping[str, object], error: TypeError
) -> InvalidInputError:
    """Return the error for arguments that do not fit a verb's parameters."""
    takes = [name for name, one in signature.parameters.items() if one.kind is not one.VAR_KEYWORD]
    unknown = next((name for name in given if name not in takes), None)
    if OPTIONS not in signature.parameters and unknown is not None:
        return InvalidInputError(
            f"The verb {verb!r} has no option {unknown!r}; it has: {', '.join(takes)}.{nearest(unknown, takes)}",
            reason="UNKNOWN_OPTION",
            field=unknown,
        )
    missing = (
        "images" in takes
        and "images" not in given
        and signature.parameters["images"].default is inspect.Parameter.empty
    )
    return InvalidInputError(
        f"The verb {verb!r} cannot be called so: {error}. It takes {', '.join(takes)}, all but the images by name.",
        reason="MISSING" if missing else None,
        field="images" if "images" in takes else None,
    )


def request_of(request: type[Request[Any]], given: dict[str, Any]) -> Request[Any]:
    """Return a request from a verb's arguments in Python."""
    key: Any = request
    names = _field_names(key)
    values = {names.get(name, name): value for name, value in given.items()}
    require_options(request, values)
    return request(**values)


@functools.cache
def _field_names(request: Any) -> Mapping[str, str]:
    """Return the fields by the names of their parameters in Python."""
    return {one.python: one.name for one in request_fields(request)}


def signature_of(request: type[Request[Any]], *, controls: tuple[str, ...] = CONTROLS) -> inspect.Signature:
    """Return a verb's parameters: the images, its options, how it is rendered, and how it runs."""
    key: Any = request
    return _signature(key, controls)


@functools.cache
def _options(request: Any, controls: tuple[str, ...]) -> frozenset[str]:
    """Return the parameters that are given by name."""
    parameters = _signature(request, controls).parameters
    return frozenset(name for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY)


@functools.cache
def _signature(request: Any, controls: tuple[str, ...]) -> inspect.Signature:
    kinds = inspect.Parameter
    options = [one for one in request_fields(request) if one.name != OPTIONS]
    none = kinds.empty if needs_images(request) else ()
    parameters = [kinds("images", kinds.POSITIONAL_OR_KEYWORD, default=none)] if takes_images(request) else []
    parameters += [kinds(one.python, kinds.KEYWORD_ONLY, default=one.info.default) for one in options]
    if takes_images(request):
        parameters.append(kinds("inputs", kinds.KEYWORD_ONLY, default=None))
        parameters.append(kinds("rendering", kinds.KEYWORD_ONLY, default="none"))
    parameters += [kinds(name, kinds.KEYWORD_ONLY, default=None) for name in controls]
    if len(options) < len(request_fields(request)):
        parameters.append(kinds(OPTIONS, kinds.VAR_KEYWORD))
    return inspect.Signature(parameters)
