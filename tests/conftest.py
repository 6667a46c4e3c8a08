"""Fixtures that all tests share."""

from __future__ import annotations

import pytest

from tests.support.zoo import Zoo, find_zoo


@pytest.fixture(scope="session")
def zoo() -> Zoo:
    """Trained models and photographs; tests that need them are skipped where they are missing."""
    found = find_zoo()
    if found is None:
        pytest.skip("no zoo of trained models: set INSPECTOR_ZOO or put it at ../shared/zoo")
    return found
