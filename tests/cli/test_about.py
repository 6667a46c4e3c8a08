"""What models run on."""

from __future__ import annotations

import onnxruntime as ort
import pytest

import inspector as package
from inspector.cli.exits import EXIT_USAGE
from tests.support.command import Command


def test_it_tells_what_models_run_on(inspector: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_KERNELS", "never")
    found = inspector("about", "--device", "cpu", "--json").json()
    assert found == {
        "inspector": package.__version__,
        "ONNX Runtime": ort.__version__,
        "device": "cpu",
        "kernels": "none, since INSPECTOR_KERNELS is 'never'",
    }
    assert ort.__version__ in inspector("about").out


def test_a_choice_that_there_is_not_ends_with_one_line(
    inspector: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECTOR_KERNELS", "sometimes")
    found = inspector("about")
    assert found.code == EXIT_USAGE
    assert "allowed: auto, never, always" in found.err
