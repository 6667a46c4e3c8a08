"""Settings of rules, as a request gives them."""

from __future__ import annotations

from math import isnan
from typing import Any

from inspector.checks.rule import RULES
from inspector.errors import InvalidInputError, nearest, unknown_name
from inspector.types.options import OptionInfo
from inspector.types.requests.check import EXPECTED, CheckRequest


def settings_of(request: CheckRequest) -> dict[str, dict[str, Any]]:
    """Return {rule: {setting: value}}; NotFoundError for a rule, InvalidInputError for a setting that there is not."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in request.options.items():
        if key.startswith(EXPECTED):
            continue
        field = f"options[{key}]"
        identifier, _, name = key.partition(".")
        rule = RULES.get(identifier)
        if rule is None:
            raise unknown_name("rule", identifier, RULES, field=field)
        info = rule.settings.get(name)
        if info is None:
            known = ", ".join(rule.settings) or "none"
            raise InvalidInputError(
                f"The rule {identifier!r} has no setting {name!r}; it has: {known}.{nearest(name, rule.settings)}",
                reason="UNKNOWN_OPTION",
                field=field,
            )
        taken = _taken(info, value, identifier, field=field)
        found.setdefault(identifier, {})[name] = taken
    return found


def _taken(info: OptionInfo, value: Any, identifier: str, *, field: str) -> Any:
    """Return a setting as the rule `identifier` takes it, from a value or a text; InvalidInputError about `field`."""
    try:
        taken = info.read(value) if isinstance(value, str) else info.check(value, field=field)
    except InvalidInputError as error:
        error.field = field  # a text is read by the setting's own name
        raise
    if isinstance(taken, float) and isnan(taken):  # every comparison with it is false: nothing would be found
        message = f"The setting {info.name} of {identifier} is NaN; give a number."
        raise InvalidInputError(message, reason="INVALID_OPTION", field=field)
    return taken
