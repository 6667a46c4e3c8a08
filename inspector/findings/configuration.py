"""What a project says of its checks: `[tool.inspector.check]` of pyproject.toml, or `[check]` of inspector.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from inspector.errors import InvalidInputError, UserError, in_brief, nearest, within
from inspector.findings.checked import require_fail_on
from inspector.findings.choices import Choices, Settings
from inspector.findings.silences import Silence, fits_model
from inspector.types.given import as_texts
from inspector.types.requests.check import as_severities

OWN, PROJECT = "inspector.toml", "pyproject.toml"
"""In the order in which they are looked for in a folder."""
_TABLES = {OWN: ("check",), PROJECT: ("tool", "inspector", "check")}


@dataclass(frozen=True, kw_only=True)
class ForModels:
    """Choices for the models whose path fits a pattern."""

    match: str
    choices: Choices


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """All that a file says of checks; by default nothing."""

    choices: Choices = field(default_factory=Choices)
    fail_on: str | None = None
    silences: tuple[Silence, ...] = ()
    accepted: str | None = None
    """A file of accepted findings."""
    models: tuple[ForModels, ...] = ()
    file: Path | None = None
    """Where it was read from."""

    def choices_for(self, model: str, *, over: Choices | None = None) -> Choices:
        """Return what holds for a model: what `over` says, else the last of its tables that does, else all models'."""
        found = self.choices
        for one in self.models:
            if fits_model(one.match, model):
                found = one.choices.over(found)
        return found if over is None else over.over(found)


def find_configuration(start: Path | None = None) -> Configuration:
    """Return what the nearest configuration says, from a folder (the working directory) upwards; an empty one for none.

    In each folder inspector.toml is looked for first, then a pyproject.toml with a table `[tool.inspector.check]`.
    """
    folder = (start or Path.cwd()).absolute()
    for one in (folder, *folder.parents):
        if (one / OWN).is_file():
            return read_configuration(one / OWN)
        path = one / PROJECT
        if path.is_file() and _says_something(path):
            return read_configuration(path)
    return Configuration()


def _says_something(path: Path) -> bool:
    document = _read(path)
    with _naming(path, ()):
        return _table(document, _TABLES[PROJECT]) is not None


def read_configuration(path: Path) -> Configuration:
    """Return what a file says; InvalidInputError for what is none, and for a key that there is not."""
    keys = _TABLES[PROJECT] if path.name == PROJECT else _TABLES[OWN]
    document = _read(path)
    with _naming(path, keys):
        if path.name == OWN:
            _require_known(document, ("check",))
        table = _table(document, keys)
        if table is None:
            raise InvalidInputError(f"it has no table [{'.'.join(keys)}].")
        return _placed(_configuration(table), path.absolute())


def _placed(found: Configuration, file: Path) -> Configuration:
    """Return a configuration whose paths are what they are from its own folder, wherever a command runs."""
    folder = file.parent

    def placed(text: str | None) -> str | None:
        return None if text is None else str(folder / text)

    def all_placed(choices: Choices) -> Choices:
        baseline = choices.baseline
        if baseline is not None and (folder / baseline).exists():  # else the id of a model on a service
            baseline = str(folder / baseline)
        return replace(
            choices,
            data=None if choices.data is None else tuple(str(folder / one) for one in choices.data),
            baseline=baseline,
            golden=placed(choices.golden),
            boxes=placed(choices.boxes),
        )

    return replace(
        found,
        choices=all_placed(found.choices),
        accepted=placed(found.accepted),
        models=tuple(replace(one, choices=all_placed(one.choices)) for one in found.models),
        file=file,
    )


_CHOICES = tuple(one.name for one in fields(Choices))
_KEYS = (*_CHOICES, "fail-on", "silences", "accepted", "models")


def _configuration(table: Mapping[str, Any]) -> Configuration:
    _require_known(table, _KEYS)
    fail_on = _text(table, "fail-on")
    if fail_on is not None:
        require_fail_on(fail_on, what="it", field="fail-on")
    return Configuration(
        choices=_choices(table),
        fail_on=fail_on,
        silences=tuple(_each(table, "silences", _silence)),
        accepted=_text(table, "accepted"),
        models=tuple(_each(table, "models", _for_models)),
    )


def _choices(table: Mapping[str, Any]) -> Choices:
    with within("severities", always=True):
        severities = as_severities(table.get("severities"))
    return Choices(
        select=_texts(table, "select"),
        ignore=_texts(table, "ignore"),
        severities=severities,
        settings=_settings(table.get("settings", {})),
        data=_texts(table, "data"),
        baseline=_text(table, "baseline"),
        golden=_text(table, "golden"),
        boxes=_text(table, "boxes"),
    )


def _settings(given: object) -> Settings:
    found: dict[str, Mapping[str, Any]] = {}
    if not isinstance(given, Mapping):
        raise InvalidInputError(
            f"it is {in_brief(given, long='a {}')}; give a table per rule.", field="settings"
        )
    for rule, settings in given.items():
        if not isinstance(settings, Mapping):
            raise InvalidInputError(
                f"it is {in_brief(settings, long='a {}')}; give a table of the rule's settings.",
                field=f"settings.{rule}",
            )
        for name, value in settings.items():
            items = value if isinstance(value, list) else [value]
            if not all(isinstance(one, bool | int | float | str) for one in items):
                raise InvalidInputError(
                    f"it is {in_brief(value, long='a {}')}; give a number, a text, a boolean, or an array.",
                    field=f"settings.{rule}.{name}",
                )
        found[rule] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
        }
    return found


def _silence(table: Mapping[str, Any]) -> Silence:
    _require_known(table, tuple(one.name for one in fields(Silence)))
    rule, reason = _text(table, "rule"), _text(table, "reason")
    if not rule:
        raise InvalidInputError("it names no rule; give an id, a family or a pattern.", field="rule")
    if reason is None or not reason.strip():
        raise InvalidInputError(
            "it has no reason; say in a sentence why the finding is no reason to fail.", field="reason"
        )
    return Silence(
        rule=rule,
        reason=reason.strip(),
        subject=_given(_text(table, "subject"), "*"),
        model=_given(_text(table, "model"), "*"),
    )


def _for_models(table: Mapping[str, Any]) -> ForModels:
    _require_known(table, ("match", *_CHOICES))
    match = _text(table, "match")
    if not match:
        raise InvalidInputError('it names no models; give a pattern such as "*.int8.onnx".', field="match")
    return ForModels(match=match, choices=_choices(table))


def _each(table: Mapping[str, Any], key: str, read: Any) -> list[Any]:
    given = table.get(key, [])
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise InvalidInputError(f"it is {in_brief(given, long='a {}')}; give tables.", field=key)
    found = []
    for place, one in enumerate(given):
        with within(f"{key}[{place}]", always=True):
            found.append(read(one))
    return found


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    given = table.get(key)
    if given is None:
        return None
    found = as_texts(given)
    if found is None:
        raise InvalidInputError(
            f"it is {in_brief(given, long='a {}')}; give a text, or an array of texts.", field=key
        )
    return found


def _text(table: Mapping[str, Any], key: str) -> str | None:
    given = table.get(key)
    if given is None or isinstance(given, str):
        return given
    raise InvalidInputError(f"it is {in_brief(given, long='a {}')}; give a text.", field=key)


def _given(value: str | None, default: str) -> str:
    return default if value is None else value


def _require_known(table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise InvalidInputError(
                f"there is no such key; there are {', '.join(known)}.{nearest(key, known)}",
                reason="UNKNOWN_KEY",
                field=key,
            )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _odd(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:  # of TOML, and of UTF-8
        raise _odd(path, f"it is no TOML: {error}") from error


def _table(document: Mapping[str, Any], keys: Sequence[str]) -> Mapping[str, Any] | None:
    """Return the table at the end of keys, None where there is none; InvalidInputError for what is no table."""
    found: Any = document
    for place, key in enumerate(keys):
        if key not in found:
            return None
        found = found[key]
        if not isinstance(found, Mapping):
            name = ".".join(keys[: place + 1])
            raise InvalidInputError(f"{name} is {in_brief(found, long='a {}')}; give a table.")
        if keys[place : place + 2] == ("inspector", "check"):
            _require_known(found, ("check",))
    taken: Mapping[str, Any] = found
    return taken


@contextmanager
def _naming(path: Path, keys: Sequence[str]) -> Iterator[None]:
    """Let an error name the file and the key's whole path."""
    try:
        yield
    except UserError as error:
        key = ".".join((*keys, error.field)) if error.field else ""
        raise _odd(path, f"{key}: {error.message}" if key else error.message, reason=error.reason) from error


def _odd(path: Path, why: str, *, reason: str = "INVALID_CONFIGURATION") -> InvalidInputError:
    why = why if why.endswith((".", "?")) else f"{why}."
    return InvalidInputError(f"The configuration {path}: {why}", reason=reason, field="configuration")
