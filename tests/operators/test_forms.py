"""What is said of the runtime's own operators is what the runtime says of them."""

from __future__ import annotations

from onnxruntime.capi import onnxruntime_pybind11_state

from inspector.model.rewriting.fused import EXPANSIONS
from inspector.operators.domains import MICROSOFT
from inspector.operators.forms import FORMS, Takes
from inspector.operators.twins import TWINS

UNBOUNDED = 2**31 - 1


def test_the_forms_are_those_of_the_runtime() -> None:
    schemas = {
        schema.name: schema
        for schema in onnxruntime_pybind11_state.get_all_operator_schema()
        if schema.domain == MICROSOFT
    }
    found = {
        name: Takes(
            schemas[name].min_input,
            None if schemas[name].max_input == UNBOUNDED else schemas[name].max_input,
            frozenset(
                place for place, one in enumerate(schemas[name].inputs) if "Optional" in str(one.option)
            ),
            schemas[name].max_output,
        )
        for name in FORMS
    }
    assert found == FORMS


def test_every_operator_that_is_looked_into_has_a_form() -> None:
    looked_into = {op_type for domain, op_type in TWINS if domain == MICROSOFT} | set(EXPANSIONS)
    assert looked_into <= FORMS.keys()
