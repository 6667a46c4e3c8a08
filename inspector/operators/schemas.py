"""What ONNX's schemas say of the standard domain's operators, at all versions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import onnx

from inspector.operators.domains import STANDARD

_NEWEST = 2**31 - 1
"""No version of an operator is newer."""


@lru_cache(maxsize=1024)  # whoever wrote a model named its operators
def versions(op_type: str) -> Sequence[onnx.defs.OpSchema]:
    """Return all versions of a standard operator, oldest first; none for one that ONNX does not have.

    They are looked up one by one, from the newest back: ONNX copies a schema that it gives, and has hundreds.
    """
    found: list[onnx.defs.OpSchema] = []
    newest = _NEWEST
    while newest > 0:
        try:
            schema = onnx.defs.get_schema(op_type, newest, STANDARD)
        except onnx.defs.SchemaError:
            break
        found.append(schema)
        newest = schema.since_version - 1
    return tuple(reversed(found))


@cache
def schema_at(op_type: str, opset: int) -> onnx.defs.OpSchema | None:
    """Return the version of a standard operator that holds at an opset; None where ONNX does not have it there."""
    known = [schema for schema in versions(op_type) if schema.since_version <= opset]
    return known[-1] if known and not known[-1].deprecated else None


def fewest_inputs(op_type: str) -> int:
    """Return how many inputs a standard operator needs at least, at any version; 0 where ONNX does not have it."""
    return min((schema.min_input for schema in versions(op_type)), default=0)


def most_inputs(op_type: str) -> int | None:
    """Return how many inputs a standard operator takes at most, at any version; None where ONNX does not have it."""
    return max((schema.max_input for schema in versions(op_type)), default=None)


@cache
def may_be_left_out(op_type: str, position: int) -> bool:
    """Return whether the input at a position may be empty (""), at any version, or ONNX does not have the operator."""
    optional = onnx.defs.OpSchema.FormalParameterOption.Optional
    known = versions(op_type)
    return not known or any(
        position < len(schema.inputs) and schema.inputs[position].option == optional for schema in known
    )
