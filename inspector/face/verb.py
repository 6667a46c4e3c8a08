"""A verb of a model: a registered request, asked for by a call."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from inspector.types.requests.base import OPTIONS, Request, request_fields, takes_images

CONTROLS = ("progress", "cancellation", "timeout")
"""Parameters of every verb that say how it runs, not what it computes."""


class Verb:
    """One verb of one model: a call makes the request and asks it."""

    def __init__(self, model: Any, request: type[Request[Any]]) -> None:
        self._model = model
        self._request = request
        self.__name__ = request.verb
        self.__doc__ = request.__doc__
        self.__signature__ = signature_of(request)

    def __call__(self, *args: Any, **given: Any) -> Any:
        bound = self.__signature__.bind(*args, **given).arguments
        control = {name: bound.pop(name) for name in CONTROLS if name in bound}
        return self._model.ask(request_of(self._request, bound), **control)


def request_of(request: type[Request[Any]], given: dict[str, Any]) -> Request[Any]:
    """Return a request from a verb's arguments in Python."""
    names = {one.python: one.name for one in request_fields(request)}
    return request(**{names.get(name, name): value for name, value in given.items()})


def signature_of(request: type[Request[Any]]) -> inspect.Signature:
    """Return a verb's parameters: the images, its options, how it is rendered, and how it runs."""
    key: Any = request
    return _signature(key)


@functools.cache
def _signature(request: Any) -> inspect.Signature:
    kinds = inspect.Parameter
    options = [one for one in request_fields(request) if one.name != OPTIONS]
    parameters = [kinds("images", kinds.POSITIONAL_OR_KEYWORD)] if takes_images(request) else []
    parameters += [kinds(one.python, kinds.KEYWORD_ONLY, default=one.info.default) for one in options]
    if takes_images(request):
        parameters.append(kinds("inputs", kinds.KEYWORD_ONLY, default=None))
        parameters.append(kinds("rendering", kinds.KEYWORD_ONLY, default="none"))
    parameters += [kinds(name, kinds.KEYWORD_ONLY, default=None) for name in CONTROLS]
    if len(options) < len(request_fields(request)):
        parameters.append(kinds(OPTIONS, kinds.VAR_KEYWORD))
    return inspect.Signature(parameters)
