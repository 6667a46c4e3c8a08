"""The defaults of attributes, as the schemas of ONNX have them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import onnx

from inspector.operators.domains import MICROSOFT, STANDARD, Key
from inspector.operators.schemas import versions
from inspector.operators.twins import TWINS

OLDEST = 7
"""The oldest opset that the rules are judged at."""


@cache
def default_of(key: Key, attribute: str, opset: int | None = None) -> Any | None:
    """Return the default of an operator's attribute at an opset, or None where ONNX has none.

    Without an opset it must be the same in all versions that hold from `OLDEST` on and have one: ValueError where it is
    not. An operator of "com.microsoft" has the defaults of its float twin, or of the standard operator of its name.
    """
    known = _defaults(_with_schema(key)).get(attribute, {})
    if opset is not None:
        holding = [version for version in known if version <= opset]
        return known[max(holding)] if holding else None
    first = max((version for version in known if version <= OLDEST), default=0)
    found = [value for version, value in known.items() if version >= first and value is not None]
    if any(value != found[0] for value in found):
        raise ValueError(
            f"The default of attribute {attribute!r} of {key[1]} depends on the opset "
            f"({', '.join(f'{value} since {version}' for version, value in known.items())}). Say which one holds."
        )
    return found[0] if found else None


def _with_schema(key: Key) -> str:
    domain, op_type = key
    twin = TWINS.get(key)
    if twin is not None:
        return twin.float_operator
    return op_type if domain in (STANDARD, MICROSOFT) else ""


@cache
def _defaults(op_type: str) -> Mapping[str, Mapping[int, Any]]:
    """Return, by attribute, its default (or None) at each version of a standard operator."""
    found: dict[str, dict[int, Any]] = {}
    for schema in versions(op_type):
        for name in {*found, *schema.attributes}:
            attribute = schema.attributes.get(name)
            found.setdefault(name, {})[schema.since_version] = (
                None if attribute is None else _value(attribute)
            )
    return found


def _value(attribute: onnx.defs.OpSchema.Attribute) -> Any | None:
    default = attribute.default_value
    if default.type == onnx.AttributeProto.UNDEFINED:
        return None
    value = onnx.helper.get_attribute_value(default)
    if isinstance(value, bytes):
        return value.decode()
    return tuple(value) if default.type in (onnx.AttributeProto.INTS, onnx.AttributeProto.FLOATS) else value
