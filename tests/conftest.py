"""Fixtures that all tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator

import pytest

from tests.support.kernels import choose
from tests.support.order import longest_first
from tests.support.zoo import Zoo, find_zoo

os.environ["INSPECTOR_CACHE"] = ""  # what tests measure is not remembered beyond them, nor in what they start


@pytest.fixture(scope="session")
def zoo() -> Zoo:
    """Trained models and photographs; tests that need them are skipped where they are missing."""
    found = find_zoo()
    if found is None:
        pytest.skip("no zoo of trained models: set INSPECTOR_ZOO or put it at ../shared/zoo")
    return found


@pytest.fixture
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute gradients in the way that the test asks for, by `tests.support.kernels.WAYS`."""
    choose(request.param, monkeypatch)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the collector of garbage the tests themselves, which live to the end of the run.

    Looked through again and again, they cost a quarter of the time in which tests are collected, and much of every
    look at all garbage later.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes long, where several processes share the suite (`--no-loadscope-reorder`, in this order)."""
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items)
