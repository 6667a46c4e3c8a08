"""requirements.lock: one version of all that pyproject.toml asks for, by hash, from whatever index there is."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.pyproject import PROJECT, PYPROJECT, ROOT

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = [Requirement(line.rstrip(" \\")) for line in LOCK.splitlines() if re.match(r"\w", line)]
ASKED_FOR = [
    *PROJECT["dependencies"],
    *PROJECT["optional-dependencies"]["engine"],
    *PROJECT["optional-dependencies"]["cpu"],
    *PYPROJECT["dependency-groups"]["dev"],
]


@pytest.mark.parametrize("line", [line for line in ASKED_FOR if not line.startswith("onnx-inspector[")])
def test_what_is_asked_for_is_pinned_within_its_range(line: str) -> None:
    asked = Requirement(line)
    pins = [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(asked.name)]
    assert pins
    for pin in pins:
        (version,) = pin.specifier
        assert version.operator == "=="
        assert version.version in asked.specifier


def test_every_pin_has_hashes() -> None:
    followed = re.findall(r"^\w.*\\\n    --hash=sha256:[0-9a-f]{64}", LOCK, flags=re.MULTILINE)
    assert len(followed) == len(PINS) > 0


def test_it_names_no_index() -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", LOCK)
