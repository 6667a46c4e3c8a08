"""`inspector check`: models, configurations, formats, and the exit code that CI goes by."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from inspector.checks.rule import RULES, Rule
from inspector.errors import EngineError
from tests.cli.conftest import Place
from tests.cli.exported import A_WARNING, broken, good, spoilt
from tests.support.command import Command


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def plant(monkeypatch: pytest.MonkeyPatch, look: Callable[..., list[Any]]) -> None:
    RULES.keys()
    planted = Rule(id="planted", family="numbers", severity="info", rationale="r", mend="m", look=look)
    monkeypatch.setitem(RULES._items, "planted", planted)


# --- the exit code


def test_a_model_without_errors_ends_with_0(inspector: Command) -> None:
    found = inspector("check", good())
    assert found.code == 0
    assert "preprocessing-assumed" in found.out


def test_an_error_is_told_by_the_exit_code(inspector: Command) -> None:
    found = inspector("check", spoilt())
    assert found.code == 1
    assert "weights-finite" in found.out
    assert "measured 1 of 162, allowed 0" in found.out


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("never", 0)])
def test_what_is_a_reason_to_fail_is_the_caller_s(inspector: Command, fail_on: str, code: int) -> None:
    assert inspector("check", good(), *A_WARNING, "--fail-on", fail_on).code == code


def test_never_is_never(inspector: Command) -> None:
    assert inspector("check", spoilt(), "--fail-on", "never").code == 0


@pytest.mark.parametrize("name", ["text", "json", "junit", "sarif", "github", "html", "csv"])
def test_a_model_that_cannot_be_loaded_ends_with_3_and_the_others_are_checked(
    inspector: Command, name: str
) -> None:
    found = inspector("check", broken(), spoilt(), "gone.onnx", "--format", name)
    assert found.code == 3
    assert "broken.onnx" in found.out
    assert "gone.onnx" in found.out
    assert "weights-finite" in found.out


WRONG = {
    "no model": (),
    "a rule that there is not": ("MODEL", "--select", "weights-finit"),
    "a format that there is not": ("MODEL", "--format", "sarf"),
    "a severity that there is not": ("MODEL", "--severities", "fixed-batch=bad"),
    "no severity": ("MODEL", "--fail-on", "errors"),
    "a setting that there is not": ("MODEL", "--set", "fixed-batch.size=3"),
    "a setting of no rule": ("MODEL", "--set", "size=3"),
    "a file of no format": ("MODEL", "-o", "out.doc"),
    "a folder that is not there": ("MODEL", "-o", "none/out.sarif"),
    "two documents on one screen": ("MODEL", "--format", "json", "--format", "sarif"),
    "two formats in one file": ("MODEL", "--format", "json=x", "--format", "sarif=x"),
    "a folder without models": (".",),
    "a pattern without models": ("*.onx",),
    "a picture for a model": ("MODEL", "photo.jpg"),
    "no configuration": ("MODEL", "--config", "gone.toml"),
    "no images": ("MODEL", "--data", "gone"),
    "no golden file": ("MODEL", "--golden", "gone.npz"),
    "no boxes": ("MODEL", "--boxes", "gone.csv"),
    "no accepted findings": ("MODEL", "--accepted", "gone.json"),
    "an explanation of no rule": ("--explain", "weights"),
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_wrong_usage_ends_with_2_in_a_line(inspector: Command, words: tuple[str, ...]) -> None:
    if "MODEL" in words:
        good("MODEL")
    found = inspector("check", *words)
    assert (found.code, found.out) == (2, "")
    assert found.err.count("\n") == 1, found.err
    assert found.err.startswith("error ")


def test_the_old_place_of_images_says_the_new_one(inspector: Command, place: Place) -> None:
    assert "--data" in inspector("check", good(), place.image).err


def test_a_rule_that_fails_ends_with_4(inspector: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(examination: object) -> list[Any]:
        raise EngineError("the runtime failed")

    plant(monkeypatch, look)
    found = inspector("check", good(), "--fail-on", "never")
    assert found.code == 4
    assert "planted: the runtime failed" in found.out


# --- which models


def test_folders_and_patterns_are_models(inspector: Command) -> None:
    (
        good("a/one.onnx"),
        good("a/b/two.ONNX"),
        good("c.onnx"),
        good(".hidden/three.onnx"),
        good("a/.old/four.onnx"),
    )
    Path("a/notes.txt").touch()
    found = inspector("check", "a", "*.onnx", "./c.onnx", "--json")
    assert [one["model"] for one in json.loads(found.out)["models"]] == [
        "a/one.onnx",
        "a/b/two.ONNX",
        "c.onnx",
    ]
    found = inspector("check", "a/**/*.[oO]*", "--json")
    assert [one["model"] for one in json.loads(found.out)["models"]] == ["a/b/two.ONNX", "a/one.onnx"]


def test_a_model_whose_name_is_a_pattern_is_that_model(inspector: Command) -> None:
    found = inspector("check", good("a[1].onnx"), "--json")
    assert [one["model"] for one in json.loads(found.out)["models"]] == ["a[1].onnx"]


# --- where findings go


def test_several_formats_at_once(inspector: Command) -> None:
    found = inspector(
        *("check", spoilt(), "--format", "text,github", "--format", "sarif=out.sarif"),
        *("-o", "junit.xml", "-o", "page.html", "-o", "all.json", "-o", "t.csv"),
    )
    assert found.code == 1
    assert "::error file=spoilt.onnx" in found.out
    assert "✗ spoilt.onnx" in found.out
    assert json.loads(Path("out.sarif").read_text())["version"] == "2.1.0"
    assert ElementTree.parse("junit.xml").getroot().tag == "testsuites"  # noqa: S314 — our own
    assert json.loads(Path("all.json").read_text())["failed"] is True
    assert Path("page.html").read_text().startswith("<!doctype html>")
    assert Path("t.csv").read_text().startswith("severity,model,rule,")
    assert found.err.count("wrote") == 5


@pytest.mark.parametrize(
    ("words", "file", "starts", "printed"),
    [
        (("--format", "sarif", "-o", "x.json"), "x.json", '{\n  "$schema"', ""),
        (("--format", "json", "-o", "x"), "x", '{"version"', ""),
        (("--format", "junit", "-o", "x.xml"), "x.xml", "<?xml", ""),
        (("--format", "text", "-o", "x.sarif"), "x.sarif", '{\n  "$schema"', "✓"),
        (("--format", "text", "-o", "x.log"), "x.log", "✓", ""),
        (("--format", "github", "-o", "x.json"), "x.json", '{"version"', "::warning"),
        (("-o", "x.txt"), "x.txt", "✓", ""),
    ],
)
def test_a_file_takes_the_format_that_is_meant(
    inspector: Command, words: tuple[str, ...], file: str, starts: str, printed: str
) -> None:
    found = inspector("check", good(), *A_WARNING, *words)
    assert found.code == 0, found.err
    assert Path(file).read_text().startswith(starts)
    assert found.out.startswith(printed)
    assert bool(found.out) == bool(printed)


def test_a_file_stays_where_something_else_is_wrong(inspector: Command) -> None:
    Path("x.json").write_text("before")
    assert inspector("check", good(), "-o", "x.json", "--select", "none").code == 2
    assert Path("x.json").read_text() == "before"


def test_a_time_limit_is_that_of_all_models_and_ends_with_124(
    inspector: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, lambda examination: time.sleep(0.1) or [])  # type: ignore[func-returns-value]
    found = inspector("check", good(), spoilt(), "--timeout", "0.02")
    assert found.code == 124
    assert found.out.count("DEADLINE_EXCEEDED") == 2


# --- what is known of rules


def test_rules_are_listed_and_explained(inspector: Command) -> None:
    found = inspector("check", "--list")
    assert found.code == 0
    assert "weights-finite" in found.out
    found = inspector("check", "--explain", "weights-finite")
    assert found.code == 0
    assert "spreads to every answer" in found.out
    assert inspector("check", "--explain", "weights-finite", "--json").json()["family"] == "numbers"
    for rule in (
        "golden-values",
        "saturated",
        "receptive-field",
    ):  # with several settings, needs and paragraphs
        told = inspector("check", "--explain", rule).out
        assert "\\n" not in told
        assert "(a number)" in told
    assert len(inspector("check", "--list", "--json").json()) >= 3


# --- on a service


def test_a_model_of_a_service_is_checked_too(inspector: Command, place: Place, address: str) -> None:
    here = inspector("check", place.model, "--data", place.image, "--json").json()
    there = inspector("check", "toy", "--data", place.image, "--json", "--server", address).json()
    for found in (here, there):
        for verdict in found["models"][0]["verdicts"]:
            verdict["seconds"] = 0
        for finding in found["models"][0]["findings"]:
            finding["fingerprint"] = ""
        found["models"][0]["model"] = ""
    assert here == there
    assert inspector("check", "toy", "gone", "--server", address).code == 3


@pytest.mark.parametrize(
    "name", ["::error::x\n::stop-commands::y.onnx", "a\udcff%0A\x1b[31m.onnx", "<b>&\"'.onnx"]
)
@pytest.mark.parametrize("form", ["text", "json", "junit", "sarif", "github", "html", "csv"])
def test_the_name_of_a_file_does_nothing(inspector: Command, name: str, form: str) -> None:
    found = inspector("check", spoilt(name), "--format", form, "--accept", "accepted.json")
    assert found.code == 0, found.err
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", found.out)
    assert not re.search("^\\s*::(?!error |warning |notice )", found.out, re.MULTILINE)
    assert "<b>" not in found.out or form not in ("html", "junit")
    again = ("--accepted", "accepted.json", "-o", "out.xml", "-o", "out.sarif")
    assert inspector("check", name, *again).code == 0
