"""Settings from the environment."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from inspector.errors import InvalidInputError
from inspector.service.settings import Settings

GIVEN = {str: "text", Path: "/folder", int: "7", float: "2.5"}


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_each_setting_is_read_in_its_own_type(field):
    default = getattr(Settings(), field.name)
    text = next(text for kind, text in GIVEN.items() if isinstance(default, kind))
    found = getattr(Settings.from_environment({f"INSPECTOR_{field.name.upper()}": text}), field.name)
    assert str(found) == text
    assert type(found) is type(default)


def test_other_variables_change_nothing():
    assert Settings.from_environment({"INSPECTOR": "1", "INSPECTOR_ZOO": "x", "PATH": "y"}) == Settings()


def test_a_setting_that_is_no_number_is_named():
    with pytest.raises(InvalidInputError, match="INSPECTOR_WORKERS"):
        Settings.from_environment({"INSPECTOR_WORKERS": "many"})


@pytest.mark.parametrize("given", [{"workers": 0}, {"max_images": -1}, {"drain_seconds": -0.5}])
def test_what_must_be_positive_is(given):
    with pytest.raises(InvalidInputError):
        Settings(**given)


def test_no_queue_and_no_drain_are_allowed():
    assert Settings(waiting_per_model=0, drain_seconds=0).waiting_per_model == 0
