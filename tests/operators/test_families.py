"""Families name operators that there are, and twins stand for such."""

from __future__ import annotations

import onnx

from inspector.operators import families
from inspector.operators.twins import TWINS

KNOWN = {schema.name for schema in onnx.defs.get_all_schemas_with_history() if not schema.domain}
BEFORE_ONNX = families.EARLY | {"Crop", "DynamicSlice"}
OF_THE_RUNTIME = {"DynamicQuantizeMatMul"}
SETS = {name: value for name, value in vars(families).items() if isinstance(value, frozenset)}


def test_every_member_is_an_operator() -> None:
    assert len(SETS) > 20
    for name, members in SETS.items():
        assert members <= KNOWN | BEFORE_ONNX | OF_THE_RUNTIME, name


def test_families_of_one_kind_do_not_overlap() -> None:
    kinds = [
        families.LINEAR,
        families.POOLINGS,
        families.GLOBAL_POOLINGS,
        families.REDUCTIONS,
        families.SOFTMAXES,
        families.NORMALIZATIONS,
        families.UNARY,
        families.BROADCASTING - {"PRelu"},
        families.MOVERS,
        families.RESIZERS,
        families.QUANTIZERS,
        families.DEQUANTIZERS,
    ]

    assert sum(map(len, kinds)) == len(frozenset().union(*kinds))


def test_twins_stand_for_operators_of_the_standard_domain() -> None:
    twins = [twin for key in TWINS if (twin := TWINS.get(key)) is not None]
    assert {twin.float_operator for twin in twins} <= KNOWN
