"""Registries: nothing is registered twice, and nothing is missing by the order of imports."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inspector.grad.rule import NO_GRADIENT, QUANTIZERS, REFUSED, RULES, rule
from inspector.grad.writing.quantization import ON_CODES
from inspector.model.receptive.rule import FIELD_RULES, NO_FIELD, field_rule
from inspector.model.rewriting.fused import EXPANSIONS
from inspector.model.shapes.stand_ins import STAND_INS
from inspector.operators.twins import TWINS
from inspector.registry import Registry
from inspector.types.requests.base import REQUESTS, Request, option, verb
from inspector.types.results.table import Table

REGISTRIES: dict[str, Registry[Any, Any]] = {
    "RULES": RULES,
    "NO_GRADIENT": NO_GRADIENT,
    "REFUSED": REFUSED,
    "QUANTIZERS": QUANTIZERS,
    "ON_CODES": ON_CODES,
    "FIELD_RULES": FIELD_RULES,
    "NO_FIELD": NO_FIELD,
    "EXPANSIONS": EXPANSIONS,
    "STAND_INS": STAND_INS,
    "TWINS": TWINS,
}


@pytest.mark.parametrize("name", REGISTRIES)
def test_a_second_registration_is_an_error(name: str) -> None:
    registry = REGISTRIES[name]
    key = registry.keys()[0]

    with pytest.raises(ValueError, match="is registered twice: by .* and by "):
        registry.add(key, registry.get(key))


def test_a_second_rule_is_an_error() -> None:
    with pytest.raises(
        ValueError, match=r"backward rule \('', 'Relu', 1\) is registered twice: by inspector\.grad"
    ):
        rule("Relu")(test_a_second_rule_is_an_error)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"receptive-field rule \('', 'Conv'\) is registered twice"):
        field_rule("Conv")(test_a_second_rule_is_an_error)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "from inspector.grad.rule import RULES as it; assert len(it) > 150",
        "from inspector.grad.rule import find_rule, known_operators; assert 'Relu' in known_operators()",
        "from inspector.grad.rule import NO_GRADIENT as it; assert ('', 'Floor') in it",
        "from inspector.grad.writing.quantization import ON_CODES as it; assert it.keys()",
        "from inspector.model.receptive.rule import FIELD_RULES as it; assert ('', 'Conv') in it",
        "from inspector.grad.rules import quantized_operators; from inspector.grad.rule import RULES as it; "
        "assert it.get(('', 'Relu', 1))",
    ],
)
def test_registries_are_full_whatever_is_imported_first(statement: str) -> None:
    found = subprocess.run([sys.executable, "-c", statement], capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stderr


def test_a_registry_imports_its_package_once_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toys").mkdir()
    (tmp_path / "toys" / "__init__.py").touch()
    (tmp_path / "toys" / "one.py").write_text("from toy_registry import TOYS\nTOYS.add('one', 1)\n")
    (tmp_path / "toy_registry.py").write_text(
        "from inspector.registry import Registry\nTOYS = Registry('toy', package='toys')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    toys = importlib.import_module("toy_registry").TOYS

    assert "toys.one" not in sys.modules
    assert toys.keys() == ("one",)
    assert "toys.one" in sys.modules


def test_a_package_that_cannot_be_imported_is_an_error_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry: Registry[str, int] = Registry("toy", package="a_package_that_does_not_exist")

    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            registry.get("one")


def test_an_option_of_a_verb_that_nothing_can_carry_is_an_error() -> None:
    @dataclass(frozen=True, kw_only=True, eq=False)
    class Odd(Request[Table]):
        words: set[str] | None = option(None, help="Of no type that there is.")

    with pytest.raises(TypeError, match="option 'words' of Odd"):
        verb("odd")(Odd)
    assert "odd" not in REQUESTS
