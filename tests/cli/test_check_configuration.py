"""What a project says of its checks: configurations, silences, and findings that it accepts."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.cli.exported import A_WARNING, good, spoilt
from tests.support.command import Command


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def configure(text: str, path: str = "pyproject.toml") -> None:
    Path(path).write_text(text)


def test_the_nearest_configuration_holds(inspector: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    configure('[tool.inspector.check]\nfail-on = "warning"\n')
    Path("deep/er").mkdir(parents=True)
    (Path("deep") / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    monkeypatch.chdir("deep/er")
    assert inspector("check", good(), *A_WARNING).code == 1
    assert inspector("check", good(), *A_WARNING, "--no-config").code == 0
    assert inspector("check", good(), *A_WARNING, "--fail-on", "error").code == 0
    configure('[check]\nfail-on = "error"\n', "../inspector.toml")
    assert inspector("check", good(), *A_WARNING).code == 0
    assert inspector("check", good(), *A_WARNING, "--config", "../../pyproject.toml").code == 1


def test_severities_and_selections_of_some_models(inspector: Command) -> None:
    configure(
        '[tool.inspector.check]\nselect = ["validity", "numbers", "preprocessing"]\n'
        'severities = {preprocessing-assumed = "off"}\n'
        '[[tool.inspector.check.models]]\nmatch = "*.int8.onnx"\nignore = ["weights-finite"]\n'
    )
    found = json.loads(inspector("check", spoilt("a.int8.onnx"), spoilt("b.onnx"), "--json").out)
    verdicts = [{one["id"] for one in model["verdicts"]} for model in found["models"]]
    assert "weights-finite" not in verdicts[0]
    assert "weights-finite" in verdicts[1]
    assert not any("preprocessing-assumed" in one for one in verdicts)
    assert [one["failed"] for one in found["models"]] == [False, True]


def test_what_is_typed_counts_more(inspector: Command) -> None:
    configure('[tool.inspector.check]\nselect = ["fixed-batch"]\nseverities = {weights-finite = "info"}\n')
    assert inspector("check", spoilt()).code == 0
    assert inspector("check", spoilt(), "--select", "weights-finite").code == 0
    found = inspector("check", spoilt(), "--select", "weights-finite", "--severities", "weights-finite=error")
    assert found.code == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('selct = ["a"]', "Did you mean 'select'"),
        ('fail-on = "errors"', "tool.inspector.check.fail-on"),
        ("select = 3", "give a text, or an array of texts"),
        ('select = ["weights-finit"]', "Did you mean 'weights-finite'"),
        ("settings = {fixed-batch = {size = 3}}", "has no setting 'size'"),
        ("settings = 3", "give a table per rule"),
        ('severities = {fixed-batch = "bad"}', "tool.inspector.check.severities"),
        ('silences = [{rule = "fixed-batch"}]', "silences[0].reason: it has no reason"),
        ('silences = [{rule = "fixed-batch", reason = " "}]', "silences[0].reason: it has no reason"),
        ('silences = [{rule = "fixed-bach", reason = "r"}]', "Did you mean 'fixed-batch'"),
        ('silences = [{rule = "fixed-batch", reason = "r", subjct = "x"}]', "Did you mean 'subject'"),
        ('models = [{select = ["a"]}]', "models[0].match"),
        ('models = [{match = "*", fail-on = "error"}]', "models[0].fail-on"),
        ('data = "gone"', "There is no"),
        ("= 3", "it is no TOML"),
    ],
)
def test_what_is_wrong_in_a_configuration_is_named(inspector: Command, text: str, says: str) -> None:
    configure(f"[tool.inspector.check]\n{text}\n")
    found = inspector("check", good())
    assert (found.code, found.out) == (2, "")
    assert says in found.err


@pytest.mark.parametrize("text", ['[tool.inspector.chek]\nselect = "a"\n', "[tool.inspector]\ncheck = 3\n"])
def test_a_table_of_another_name_is_no_silence(inspector: Command, text: str) -> None:
    configure(text)
    found = inspector("check", good())
    assert found.code == 2
    assert "check" in found.err


def test_a_silence_is_no_reason_to_fail_and_stays_in_sight(inspector: Command) -> None:
    spoilt()
    configure(
        "[tool.inspector.check]\nsilences = [\n"
        '  {rule = "numbers", subject = "w[0-9]", model = "spoilt.onnx", reason = "the head is cut off"},\n'
        '  {rule = "weights-*", subject = "none", reason = "long ago"},\n'
        '  {rule = "fixed-batch", model = "other.onnx", reason = "not looked at today"},\n]\n'
    )
    found = inspector("check", "spoilt.onnx")
    assert found.code == 0
    assert "silenced weights-finite" in found.out
    assert "the head is cut off" in found.out
    assert "The silence of rule 'weights-*', subject 'none' silenced nothing" in found.out
    assert "not looked at today" not in found.out


def test_accepted_findings_are_let_be_and_new_ones_are_not(inspector: Command) -> None:
    assert inspector("check", spoilt(), "--accept", "accepted.json").code == 0
    found = inspector("check", "spoilt.onnx", "--accepted", "accepted.json", "--fail-on", "warning")
    assert found.code == 0
    assert "accepted in accepted.json" in found.out
    shutil.copy("spoilt.onnx", "other.onnx")
    assert inspector("check", "other.onnx", "--accepted", "accepted.json").code == 1
    configure('[check]\naccepted = "accepted.json"\n', "inspector.toml")
    assert inspector("check", "spoilt.onnx").code == 0


def test_findings_that_were_accepted_before_stay_so(inspector: Command) -> None:
    configure('[check]\naccepted = "accepted.json"\n', "inspector.toml")
    assert inspector("check", spoilt()).code == 2
    assert inspector("check", "spoilt.onnx", "--accept", "accepted.json").code == 0
    before = Path("accepted.json").read_text()
    assert "weights-finite" in before
    assert inspector("check", "spoilt.onnx", "--accept", "accepted.json").code == 0
    assert Path("accepted.json").read_text() == before
    assert inspector("check", "spoilt.onnx", "--accept", "none/accepted.json").code == 2


def test_what_is_accepted_is_not_read_again(inspector: Command) -> None:
    """A pipe or a device gives back nothing of what was written into it."""
    assert inspector("check", spoilt(), "--accept", os.devnull).code == 0


def test_a_spoilt_file_of_accepted_findings_is_refused(inspector: Command) -> None:
    for text in ("[]", "{", '{"version": 2, "accepted": []}', '{"version": 1, "accepted": [{}]}'):
        Path("accepted.json").write_text(text)
        found = inspector("check", good(), "--accepted", "accepted.json")
        assert found.code == 2
        assert "--accept accepted.json" in found.err
