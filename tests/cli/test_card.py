"""`inspector card`: for people and as a bill of materials, here and on a service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.cli.exits import EXIT_LATE, EXIT_MODEL, EXIT_USAGE
from inspector.errors import DeadlineExceededError, InvalidInputError
from tests.cli.conftest import Place
from tests.report.test_card import refusing
from tests.support.command import Command


def test_a_card_is_printed(inspector: Command, place: Place) -> None:
    found = inspector("card", place.model)
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("# toy\n")


def test_a_service_gives_the_same_card(inspector: Command, place: Place, address: str) -> None:
    here, there = inspector("card", place.model), inspector("card", "toy", "--server", address)
    assert there.code == 0, there.err
    assert there.out == here.out


@pytest.mark.parametrize(("name", "start"), [("card.md", "# toy"), ("bom.json", "{"), ("BOM.CDX.JSON", "{")])
def test_a_file_s_suffix_says_what_is_written(
    inspector: Command, place: Place, tmp_path: Path, name: str, start: str
) -> None:
    path = tmp_path / name
    found = inspector("card", place.model, "--data", place.images, "-o", path)
    assert (found.code, found.out, found.err) == (0, "", f"wrote {path}\n")
    assert path.read_text(encoding="utf-8").startswith(start)


def test_a_bill_can_be_made_again(inspector: Command, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    found = inspector("card", place.model, "--json")
    assert found.out == inspector("card", place.model, "--json").out
    assert json.loads(found.out)["metadata"]["timestamp"] == "1970-01-02T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    found = inspector("card", place.model, "--json")
    assert (found.code, found.out) == (EXIT_USAGE, "")
    assert "SOURCE_DATE_EPOCH is 'yesterday'" in found.err


def test_what_is_found_before_the_work(inspector: Command, place: Place, tmp_path: Path) -> None:
    for words in (
        ("-o", tmp_path / "card.html"),
        ("-o", tmp_path / "none" / "card.md"),
        ("-o", tmp_path / "card.md", "--json"),
    ):
        found = inspector("card", "no-such-model.onnx", *words)
        assert (found.code, found.out) == (EXIT_USAGE, ""), found.err
    assert inspector("card", "no-such-model.onnx").code == EXIT_MODEL
    assert not list(tmp_path.iterdir())


def test_a_model_that_cannot_be_looked_over_has_a_card(
    inspector: Command, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, InvalidInputError("text.png is no picture."))
    found = inspector("card", place.model, "--data", place.images)
    assert found.code == EXIT_USAGE
    assert "was not looked over: text.png is no picture." in found.out
    assert "text.png" in found.err


def test_time_that_is_over_is_an_error(
    inspector: Command, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, DeadlineExceededError("late"))
    found = inspector("card", place.model)
    assert (found.code, found.out) == (EXIT_LATE, "")


def test_what_a_project_silenced_has_its_reason(inspector: Command, place: Place, tmp_path: Path) -> None:
    path = tmp_path / "inspector.toml"
    silence = '[[check.silences]]\nrule = "preprocessing-assumed"\nmodel = "toy.onnx"\nreason = "It is so."\n'
    path.write_text(f'[check]\nselect = ["preprocessing-assumed"]\n{silence}')
    found = inspector("card", place.model, "--config", path)
    assert found.code == 0, found.err
    assert "Accepted: It is so." in found.out
    path.write_text('[check]\nselekt = ["preprocessing-assumed"]\n')
    found = inspector("card", place.model, "--config", path)
    assert (found.code, found.out) == (EXIT_USAGE, "")
