"""What ONNX's schemas say of the standard domain's operators, at all versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

import onnx

from inspector.operators.domains import STANDARD


def versions(op_type: str) -> Sequence[onnx.defs.OpSchema]:
    """Return all versions of a standard operator, oldest first; none for one that ONNX does not have."""
    return _history().get(op_type, ())


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


@cache
def _history() -> Mapping[str, Sequence[onnx.defs.OpSchema]]:
    found: dict[str, list[onnx.defs.OpSchema]] = defaultdict(list)
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == STANDARD:
            found[schema.name].append(schema)
    return {name: sorted(schemas, key=lambda schema: schema.since_version) for name, schemas in found.items()}
