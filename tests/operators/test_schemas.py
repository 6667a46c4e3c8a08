"""Schemas are looked up one by one, and are those that ONNX has in all."""

from __future__ import annotations

from collections import defaultdict

import onnx
import pytest

from inspector.operators.schemas import schema_at, versions


def test_the_versions_of_an_operator_are_all_that_onnx_has() -> None:
    every = defaultdict(set)
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            every[schema.name].add(
                (schema.since_version, schema.deprecated, schema.min_input, schema.max_input)
            )
    for name, known in every.items():
        found = [(one.since_version, one.deprecated, one.min_input, one.max_input) for one in versions(name)]
        assert found == sorted(known), name


@pytest.mark.parametrize("name", ["", "Nothing", "relu", "Relu ", "é", "\0"])
def test_what_onnx_does_not_have_has_no_versions(name: str) -> None:
    assert versions(name) == ()


def test_a_deprecated_operator_is_none() -> None:
    assert schema_at("Upsample", 9) is not None
    assert schema_at("Upsample", 10) is None
