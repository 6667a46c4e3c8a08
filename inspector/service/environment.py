"""A dataclass of settings is read from environment variables, by the types of its fields (pydantic-settings)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, create_model
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsError

from inspector.errors import InvalidInputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)

PREFIX = "INSPECTOR_"

OTHERS = frozenset(
    PREFIX + name
    for name in (
        "THREADS",  # runtime: of a session
        "SPINNING",  # runtime: of a session's threads
        "KERNELS",  # runtime: whether gradients are computed with them
        "KERNELS_LEVEL",  # the library of kernels: for which instructions
        "CACHE",  # runtime: the folder of what was measured
        "QUANTIZED",  # engine: at which level quantized models answer
        "PROVIDERS_ON_TRIAL",  # runtime: providers that have not passed the zoo yet
        "SERVER",  # client: the address
        "TOKEN",  # client
        "TOKEN_FILE",  # client
        "ROOT_CERTIFICATES",  # client
        "CLIENT_CERTIFICATE",  # client
        "CLIENT_KEY",  # client
        "SERVER_NAME",  # client
        "PLUGINS",  # modules that register
        "ZOO",  # tests and benchmarks: the folder of models
    )
)
"""Variables of other parts of the package, which are no mistake in a server's environment."""

# Kubernetes and Docker tell each container of the services beside it, by variables that begin with the service's name.
_LINKS = re.compile(
    PREFIX + r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)

_MUST_BE = {
    "bool_parsing": "true or false (or 1 and 0, yes and no, on and off)",
    "bool_type": "true or false",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "is_instance_of": "{class}",
    "path_type": "a path",
    "greater_than": "larger than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "smaller than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "one of {expected}",
}
"""What is allowed, by pydantic's stable names of what is wrong."""


def read_environment(kind: type[T], environment: Mapping[str, str], given: Mapping[str, Any]) -> T:
    """Return settings: what is `given` first, then the variables INSPECTOR_<NAME>, then the defaults.

    InvalidInputError where a variable has a value that is off, or a name that nothing reads.
    """
    fields = _fields(kind)
    variables = {PREFIX + name.upper(): name for name in fields}
    ours = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    _refuse_unknown(ours, known=OTHERS | variables.keys())
    texts = {
        name: ours[variable] for variable, name in variables.items() if variable in ours and name not in given
    }
    _refuse_empty(fields, texts)

    class Base(BaseSettings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 — of the process's own environment
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            source = EnvSettingsSource(settings_cls, env_prefix=PREFIX)
            source.env_vars = {f"{PREFIX}{name}".lower(): text for name, text in texts.items()}
            return init_settings, source

    definitions: Any = fields
    model = create_model(kind.__name__, __base__=Base, **definitions)
    try:
        found = model(**given)
    except (ValidationError, SettingsError) as error:
        raise _refusal(error, fields, {name: PREFIX + name.upper() for name in texts}) from None
    return kind(**{name: getattr(found, name) for name in fields})


def require_valid(settings: DataclassInstance) -> None:
    """Raise InvalidInputError where a setting is not of its type, or out of its range."""
    kind = type(settings)
    try:
        _model(kind)(**{field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)})
    except ValidationError as error:
        raise _refusal(error, _fields(kind), {}) from None


@cache
def _model(kind: type[DataclassInstance]) -> type[BaseModel]:
    """Return a model that takes no text for a number, which only a variable may be."""
    fields: Any = _fields(kind)
    return create_model(kind.__name__, __config__=ConfigDict(strict=True), **fields)


@cache
def _fields(kind: type[DataclassInstance]) -> dict[str, tuple[Any, Any]]:
    """Return the type and the default of each field, as pydantic takes them."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: (hints[field.name], _default(field)) for field in dataclasses.fields(kind)}


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return Field(default_factory=field.default_factory)
    return ... if field.default is dataclasses.MISSING else field.default


def _refuse_unknown(variables: Mapping[str, str], *, known: frozenset[str]) -> None:
    for name in sorted(variables):
        if name in known or _LINKS.fullmatch(name):
            continue
        (near,) = get_close_matches(name.upper(), sorted(known), n=1, cutoff=0) or ("",)
        # Its value stays untold: a misspelled name may hold a secret.
        raise InvalidInputError(
            f"There is no setting {name}; the nearest is {near}. Correct the variable, or unset it; docs/service.md "
            "has them all.",
            field=name,
        )


def _refuse_empty(fields: Mapping[str, tuple[Any, Any]], texts: Mapping[str, str]) -> None:
    """An empty variable is mostly one that was not filled in: a server without its token must not start."""
    for name, text in texts.items():
        kind = _bare(fields[name][0])
        if not text and kind is not str:
            raise InvalidInputError(
                f"{PREFIX}{name.upper()} is ''. Give it a value, or unset it.", field=name
            )


def _refusal(
    error: ValidationError | SettingsError,
    fields: Mapping[str, tuple[Any, Any]],
    variables: Mapping[str, str],
) -> InvalidInputError:
    """Return the first of what pydantic found, in our words; `variables` are the names of those that came as such."""
    if isinstance(error, SettingsError):  # a value of several parts that is no JSON
        return InvalidInputError(f"{error}: {error.__cause__}. It must be JSON.")
    first = error.errors()[0]
    name = str(first["loc"][0])
    secret = name in fields and SecretStr in (_bare(fields[name][0]), *get_args(_bare(fields[name][0])))
    value = "'…'" if secret else repr(first["input"])
    allowed = _MUST_BE.get(first["type"])
    must = f"it must be {allowed.format(**first.get('ctx', {}))}" if allowed else first["msg"]
    return InvalidInputError(f"{variables.get(name, name)} is {value}; {must}.", field=name)


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint
