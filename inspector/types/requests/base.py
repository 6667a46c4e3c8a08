"""The base of all requests: plain data whose fields are a verb's options, in Python, on the wire and in the shell."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, get_args, get_type_hints

import numpy as np

from inspector.errors import InspectorError, InvalidInputError, in_brief, located, within
from inspector.registry import Registry
from inspector.types.arrays import Array
from inspector.types.given import as_items
from inspector.types.images import ImageLike
from inspector.types.options import OTHER, OptionInfo, option_of
from inspector.types.results.base import Result

R_co = TypeVar("R_co", bound=Result, covariant=True)
Q = TypeVar("Q", bound="type[Request[Any]]")

Rendering = Literal["none", "png"]
_RENDERINGS: tuple[str, ...] = get_args(Rendering)

OPTIONS = "options"
"""The field that takes, in Python, all keywords that are no other field's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Request(Generic[R_co]):
    """What a caller asks of a model; `R_co` is the kind of result that answers it."""

    verb: ClassVar[str] = ""
    """The name under which it is asked for: `model.<verb>(…)`, `inspector <verb>`."""
    runs_model: ClassVar[bool] = True
    """False for facts, which are read off the model: a service answers them beside the runs, never behind them."""

    def __post_init__(self) -> None:
        """Take every field as callers give it; InvalidInputError names the field."""
        for one in request_fields(type(self)):
            value = getattr(self, one.name)
            try:
                taken = one.info.check(value, field="") if one.take is None else one.take(value)
            except InspectorError as error:
                located(error, one.name)
                raise
            object.__setattr__(self, one.name, taken)


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagesRequest(Request[R_co]):
    """A request about images."""

    images: ImageLike
    """A path, encoded bytes, a PIL image, a uint8 picture, a float array as the model's input, or a list of those."""
    inputs: Mapping[str, Array] = field(default_factory=dict)
    """Values of the model's inputs beside the image, by name."""
    rendering: Rendering = "none"
    """"png": the result comes with its pictures as PNG files."""

    is_per_image: ClassVar[bool] = False
    """Whether every image is answered for itself: the answer about many is those about some of them, `joined`."""

    def __post_init__(self) -> None:
        """Take the options; InvalidInputError for inputs that are none, and a rendering that there is none of."""
        super().__post_init__()
        with within("images", always=True):
            object.__setattr__(self, "images", as_images(self.images))
        with within("inputs", always=True):
            object.__setattr__(self, "inputs", as_inputs(self.inputs))
        if not isinstance(self.rendering, str) or self.rendering not in _RENDERINGS:
            raise InvalidInputError(
                f"rendering is {in_brief(self.rendering)}; allowed: {', '.join(_RENDERINGS)}.",
                reason="UNKNOWN_ENUM",
                field="rendering",
            )

    def paired(self) -> tuple[str, ...]:
        """Return the names of the fields that have an entry for every image, in the order of the images."""
        return ()

    def about(self, images: Sequence[Any], *, kept: Sequence[int]) -> Self:
        """Return the request about some of its images, those at the places `kept`, with their own entries of fields."""
        beside = {name: getattr(self, name) for name in self.paired()}
        own: dict[str, Any] = {
            name: tuple(values[place] for place in kept if place < len(values))
            for name, values in beside.items()
        }
        return replace(self, images=list(images), **own)


@dataclass(frozen=True, kw_only=True, eq=False)
class OptionalImagesRequest(ImagesRequest[R_co]):
    """A request that may come with images, and needs none."""

    images: ImageLike = ()


def as_images(value: ImageLike) -> ImageLike:
    """Read images: what an iterator or a view of a mapping gives becomes a list; all else is judged later."""
    if isinstance(value, np.ndarray | list | tuple):
        return value
    return as_items(value) if isinstance(value, Iterator | KeysView | ValuesView) else value


def as_inputs(value: Any) -> dict[str, Array]:
    """Read values of a model's inputs: a mapping from their names to arrays; None is none."""
    if value is None or (type(value) is dict and not value):
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise InvalidInputError(f"inputs is {_shown(value)}; give a mapping from names to arrays.")
    for name, one in value.items():
        if not isinstance(one, np.ndarray):
            raise InvalidInputError(
                f"The input {name!r} is {_shown(one)}; give a NumPy array.", field=f"[{name}]"
            )
    return dict(value)


def _shown(value: object) -> str:
    return in_brief(value, long="of type {}")


@dataclass(frozen=True, kw_only=True)
class RequestField:
    """One option of a verb."""

    name: str
    python: str
    """The parameter's name in Python."""
    info: OptionInfo
    short: str | None
    take: Callable[[Any], Any] | None
    is_argument: bool = False
    """Whether it stands before the model on the command line, and not behind a flag."""
    is_required: bool = False
    """Whether nothing stands for it where it is not given."""


REQUESTS: Registry[str, type[Request[Any]]] = Registry("verb", package="inspector.types.requests")
"""All requests by their verbs."""


def verb(name: str) -> Callable[[Q], Q]:
    """Register a request under the name of its verb."""

    def register(request: Q) -> Q:
        for one in request_fields(request):
            if OTHER in one.info.types and one.take is None:
                raise TypeError(
                    f"The option {one.name!r} of {request.__name__} is annotated as no option can be; annotate it "
                    "otherwise, or give `take`, which reads it."
                )
        request.verb = name
        REQUESTS.add(name, request)
        return request

    return register


def option(
    default: Any = dataclasses.MISSING,
    *,
    help: str,  # noqa: A002 — the shell's word for it
    take: Callable[[Any], Any] | None = None,
    python: str | None = None,
    short: str | None = None,
    is_argument: bool = False,
) -> Any:
    """Declare a field of a request as an option of its verb.

    `take` makes its value of what callers give, where the annotation does not say it all; `python` is the parameter's
    name in Python where it differs, `short` its letter in the shell, where one that `is_argument` needs no flag.
    """
    words = {"help": help, "take": take, "python": python, "short": short, "is_argument": is_argument}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=words)
    return field(default=default, metadata=words)


def request_fields(request: type[Request[Any]]) -> tuple[RequestField, ...]:
    """Return the options of a verb, in order; images and named inputs are none."""
    key: Any = request
    return _fields(key)


@functools.cache
def _fields(request: Any) -> tuple[RequestField, ...]:
    hints = get_type_hints(request)
    return tuple(
        RequestField(
            name=one.name,
            python=one.metadata["python"] or one.name,
            info=replace(option_of(one.name, hints[one.name], _default(one)), help=one.metadata["help"]),
            short=one.metadata["short"],
            take=one.metadata["take"],
            is_argument=one.metadata["is_argument"],
            is_required=one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING,
        )
        for one in dataclasses.fields(request)
        if "help" in one.metadata
    )


def require_options(request: type[Request[Any]], given: Iterable[str]) -> None:
    """Raise InvalidInputError for an option without a default that is not among those `given`."""
    key: Any = request
    for one in _required(key):
        if one.name not in given:
            raise InvalidInputError(
                f"The verb {request.verb!r} needs {one.python}: {one.info.help}",
                reason="MISSING",
                field=one.name,
            )


@functools.cache
def _required(request: Any) -> tuple[RequestField, ...]:
    return tuple(one for one in request_fields(request) if one.is_required)


def result_kind(request: type[Request[Any]]) -> type[Result]:
    """Return the kind of result that answers a kind of request."""
    for base in getattr(request, "__orig_bases__", ()):
        for argument in get_args(base):
            if isinstance(argument, type) and issubclass(argument, Result):
                return argument
    raise TypeError(f"{request.__name__} does not say what answers it: derive it from Request[Kind].")


def takes_images(request: type[Request[Any]]) -> bool:
    """Return whether a verb is about images."""
    return issubclass(request, ImagesRequest)


def has_images(request: ImagesRequest[Any]) -> bool:
    """Return whether a request comes with images, which it may do without."""
    return not (
        isinstance(request, OptionalImagesRequest)
        and isinstance(request.images, list | tuple)
        and not request.images
    )


def needs_images(request: type[Request[Any]]) -> bool:
    """Return whether a verb cannot be asked without images."""
    return takes_images(request) and not issubclass(request, OptionalImagesRequest)


def description_of(request: type[Request[Any]]) -> str:
    """Return what a verb does, in one sentence."""
    return (inspect.getdoc(request) or "").partition("\n")[0]


def _default(one: dataclasses.Field[Any]) -> Any:
    if one.default_factory is not dataclasses.MISSING:
        return one.default_factory()
    return None if one.default is dataclasses.MISSING else one.default
