"""What ONNX's schemas say of the standard domain: at which opsets each operator changed, and what it takes."""

from __future__ import annotations

import functools
from collections import defaultdict

from onnx import defs

OLDEST = 7
"""The oldest opset that models may have."""

FLOATS = frozenset({"tensor(bfloat16)", "tensor(double)", "tensor(float)", "tensor(float16)"})


@functools.cache
def history() -> dict[str, tuple[defs.OpSchema, ...]]:
    """Return all versions of every operator, oldest first; the last one may say that the operator is gone."""
    found: dict[str, list[defs.OpSchema]] = defaultdict(list)
    for schema in defs.get_all_schemas_with_history():
        if not schema.domain:
            found[schema.name].append(schema)
    return {name: tuple(sorted(all_, key=lambda s: s.since_version)) for name, all_ in sorted(found.items())}


def versions(op_type: str) -> tuple[int, ...]:
    """Return since when the versions of an operator hold that hold anywhere from the oldest opset on."""
    schemas = history().get(op_type, ())
    gone = schemas[-1:] if schemas and schemas[-1].deprecated else ()
    since = [schema.since_version for schema in schemas if schema not in gone]
    return tuple(v for i, v in enumerate(since) if v > OLDEST or i == len(since) - 1 or since[i + 1] > OLDEST)


def opsets(op_type: str) -> tuple[int, ...]:
    """Return the first opset of each version of an operator."""
    return tuple(max(version, OLDEST) for version in versions(op_type))


def last_opset(op_type: str) -> int | None:
    """Return the last opset of an operator that is gone, or None."""
    newest = history()[op_type][-1]
    return newest.since_version - 1 if newest.deprecated else None


def version_at(op_type: str, opset: int) -> int | None:
    """Return since when the version of an operator holds that an opset has, or None."""
    return max((version for version in versions(op_type) if version <= opset), default=None)


def handles_floats(op_type: str) -> bool:
    """Return whether any version of an operator takes or gives tensors of floats."""
    return any(_types(schema) & FLOATS for schema in history()[op_type])


def _types(schema: defs.OpSchema) -> set[str]:
    allowed = {c.type_param_str: set(c.allowed_type_strs) for c in schema.type_constraints}
    named = [parameter.type_str for parameter in (*schema.inputs, *schema.outputs)]
    return {one for name in named for one in allowed.get(name, {name})}
