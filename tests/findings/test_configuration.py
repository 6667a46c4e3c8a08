"""What a project says of its checks, as it is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inspector.errors import InvalidInputError
from inspector.findings.choices import Choices
from inspector.findings.configuration import Configuration, find_configuration, read_configuration

PAGE = Path(__file__).parents[2] / "docs" / "check.md"


def written(folder: Path, text: str, name: str = "pyproject.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_of_the_page_says_what_the_page_says(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "float.onnx").touch()
    found = read_configuration(written(tmp_path, example))
    assert found.choices.select == ("validity", "numbers", "drift")
    assert found.choices.data == (str(tmp_path / "tests/photos"),)
    assert found.choices.baseline == "models/released.onnx"
    assert found.choices.settings == {"some-rule": {"some-setting": 0.5}}
    assert found.fail_on == "warning"
    assert found.accepted == str(tmp_path / "accepted.json")
    assert [one.reason for one in found.silences] == ["the auxiliary head is cut off at export"]
    of_codes = found.choices_for("exports/a.int8.onnx")
    assert of_codes.baseline == str(tmp_path / "models/float.onnx")
    assert of_codes.select == found.choices.select
    assert of_codes.severities == ("preprocessing-assumed=error", "weights-finite=warning")
    assert found.choices_for("exports/a.onnx") == found.choices


def test_every_key_stands_on_the_page(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_configuration(written(tmp_path, "[check]\nnone = 1\n", "inspector.toml"))
    listed = re.search(r"there are (.*?)\.", caught.value.message)
    assert listed
    table = PAGE.read_text(encoding="utf-8").partition("| key | is |")[2].partition("\n\n")[0]
    assert set(listed[1].split(", ")) <= set(re.findall(r"`([a-z-]+)`", table))


def test_what_is_nearer_counts_more_and_settings_are_added() -> None:
    below = Choices(
        select=("a",), ignore=("b",), severities=("a=info",), settings={"a": {"x": 1, "y": 2}, "b": {"z": 3}}
    )
    over = Choices(ignore=(), severities=("a=off",), settings={"a": {"y": 4}}, baseline="m.onnx").over(below)
    assert over.select == ("a",)
    assert over.ignore == ()
    assert over.severities == ("a=info", "a=off")
    assert over.settings == {"a": {"x": 1, "y": 4}, "b": {"z": 3}}
    assert over.baseline == "m.onnx"


def test_the_last_table_that_fits_counts(tmp_path: Path) -> None:
    text = "".join(
        f'[[tool.inspector.check.models]]\nmatch = "{match}"\nselect = "{select}"\n'
        for match, select in (("*.onnx", "first"), ("a/*", "second"), ("b/*", "third"))
    )
    found = read_configuration(written(tmp_path, text))
    assert found.choices_for("a/m.onnx").select == ("second",)
    assert found.choices_for("b/m.onnx").select == ("third",)
    assert found.choices_for("m.onnx").select == ("first",)
    assert found.choices_for("m.ort").select is None


def test_arrays_of_settings_are_tuples_and_others_are_refused(tmp_path: Path) -> None:
    found = read_configuration(written(tmp_path, "[tool.inspector.check.settings.a]\nx = [1, 2.5]\n"))
    assert found.choices.settings == {"a": {"x": (1, 2.5)}}
    with pytest.raises(InvalidInputError, match=r"tool\.inspector\.check\.settings\.a\.x: it is"):
        read_configuration(written(tmp_path, "[tool.inspector.check.settings.a]\nx = {y = 1}\n"))
    with pytest.raises(InvalidInputError, match=r"settings\.a\.x"):
        read_configuration(written(tmp_path, "[tool.inspector.check.settings.a]\nx = 1979-05-27\n"))


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert find_configuration(tmp_path) == Configuration()
    written(tmp_path, "[project]\nname = 'a'\n[tool.other]\n")
    assert find_configuration(tmp_path) == Configuration()


def test_a_file_that_is_named_must_say_something(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"it has no table \[tool\.inspector\.check\]"):
        read_configuration(written(tmp_path, "[project]\n"))
    with pytest.raises(InvalidInputError, match="No such file"):
        read_configuration(tmp_path / "gone.toml")
    with pytest.raises(InvalidInputError, match="it is no TOML"):
        read_configuration(written(tmp_path, "\x00"))
    (tmp_path / "latin.toml").write_bytes(b"[check]\n# \xe9\n")
    with pytest.raises(InvalidInputError, match="it is no TOML"):
        read_configuration(tmp_path / "latin.toml")


def test_any_file_but_pyproject_is_read_as_inspector_toml(tmp_path: Path) -> None:
    found = read_configuration(written(tmp_path, '[check]\nfail-on = "never"\n', "ci.toml"))
    assert found.fail_on == "never"
