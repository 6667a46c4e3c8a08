"""Every class of bad inputs has a test."""

from __future__ import annotations

import re
from pathlib import Path

from tests.service.hostile_calls import CALLS
from tests.service.hostile_folders import FOLDERS
from tests.service.hostile_images import PICTURES
from tests.service.hostile_models import UPLOADS

CLASSES = 36


def test_every_class_has_a_test() -> None:
    cases = {case.number for cases in (UPLOADS, FOLDERS, PICTURES, CALLS) for case in cases}
    for page in Path(__file__).parent.glob("test_bad_inputs_*.py"):
        cases |= {int(number) for number in re.findall(r"^def test_(\d+)_", page.read_text(), re.MULTILINE)}
    assert cases == set(range(1, CLASSES + 1))


def test_no_two_cases_have_the_same_name() -> None:
    for cases in (UPLOADS, FOLDERS, PICTURES, CALLS):
        names = [str(case) for case in cases]
        assert len(names) == len(set(names))
