"""Whether kernels are used: what is asked for, what is installed, and what it was tested with."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import onnxruntime as ort
import pytest

from inspector.errors import InvalidInputError
from inspector.runtime import kernels
from inspector.runtime.kernels import _INTERFACE, describe_kernels, usable_kernels
from tests.support.kernels import needs_kernels

OWN = tuple(int(part) for part in ort.__version__.split(".")[:2])


@pytest.fixture(autouse=True)
def look_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("INSPECTOR_KERNELS", raising=False)
    kernels._found.cache_clear()
    yield
    kernels._found.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, **parts: Any) -> None:
    """Stand in for the package."""
    package = ModuleType("inspector_kernels")
    vars(package).update(
        {"LIBRARY": Path("none.so"), "INTERFACE": _INTERFACE, "TESTED_RUNTIMES": (OWN, OWN)} | parts
    )
    monkeypatch.setitem(sys.modules, "inspector_kernels", package)
    monkeypatch.setattr(kernels, "version", lambda _name: "0.1.0")


@needs_kernels
def test_they_are_used_where_they_are_installed() -> None:
    found = usable_kernels()
    assert found is not None
    assert describe_kernels().startswith(f"onnx-inspector-kernels {found.version}, ")


def test_they_are_not_used_where_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_KERNELS", "never")
    assert usable_kernels() is None
    assert "INSPECTOR_KERNELS is 'never'" in describe_kernels()


def test_another_choice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_KERNELS", "yes")
    with pytest.raises(InvalidInputError, match="'yes'; allowed: auto, never, always"):
        usable_kernels()


def test_nothing_is_logged_where_they_are_not_installed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "inspector_kernels", None)
    with caplog.at_level(logging.DEBUG):
        assert usable_kernels() is None
    assert "is not installed" in describe_kernels()
    assert caplog.text == ""


def test_what_is_demanded_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inspector_kernels", None)
    monkeypatch.setenv("INSPECTOR_KERNELS", "always")
    with pytest.raises(InvalidInputError, match="is 'always', but the package .* is not installed"):
        usable_kernels()


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "a newer runtime": ({"TESTED_RUNTIMES": ((1, 2), (1, 3))}, r"none of those .* \(1\.2 to 1\.3\)"),
    "an older runtime": ({"TESTED_RUNTIMES": ((9, 0), (9, 1))}, r"none of those .* \(9\.0 to 9\.1\)"),
    "another interface": ({"INTERFACE": 2}, f"has the interface 2, not {_INTERFACE}"),
    "no library": ({}, "none.so does not work here"),
    "a package that says nothing": ({"INTERFACE": _INTERFACE, "TESTED_RUNTIMES": None}, "cannot be read"),
}


@pytest.mark.parametrize(("parts", "reason"), UNFIT.values(), ids=UNFIT)
def test_what_does_not_fit_is_logged_once_and_done_without(
    parts: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(monkeypatch, **parts)
    assert usable_kernels() is usable_kernels() is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("Gradients are computed without kernels, since ")
    assert re.search(reason, record.getMessage())


@needs_kernels
def test_another_runtime_is_tried_where_it_is_demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    import inspector_kernels  # noqa: PLC0415 — it need not be installed

    install(monkeypatch, TESTED_RUNTIMES=((1, 2), (1, 3)), LIBRARY=inspector_kernels.LIBRARY)
    assert usable_kernels() is None
    monkeypatch.setenv("INSPECTOR_KERNELS", "always")
    assert usable_kernels() is not None


@needs_kernels
def test_a_library_with_wrong_results_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(kernels, "_ANSWER", [0.0, 2.0])
    assert usable_kernels() is None
    assert "gives wrong results" in caplog.text
