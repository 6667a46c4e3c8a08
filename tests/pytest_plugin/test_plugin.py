"""The plugin, in a pytest of its own, over projects with models."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.toys import toy_cnn

ROOT = Path(__file__).parents[2]
PLANTED = """
from pathlib import Path
from inspector.checks.rule import Found, rule

def planted(identifier, needs=()):
    def look(examination):
        \"\"\"Find what was planted.\"\"\"
        with Path(__file__).with_name("asked").open("a") as file:
            file.write(f"{examination.model.name} {identifier}\\n")
        if examination.model.input.batch == 1:
            yield Found(message="The batch is one.", subject="image", kind="input", measured="1", allowed="any")

    rule(identifier, family="validity", severity="warning", rationale="r", mend="Free it.", needs=needs)(look)

planted("one-batch")
planted("one-batch-seen", needs=("images",))
"""
CHECK = '[check]\nselect = ["one-batch*"]\n'
FIXTURES = """
def test_model(inspector_model):
    assert inspector_model.info.opset
def test_report(inspector_report, inspector_path):
    assert inspector_report.verdicts
    assert inspector_path.suffix == ".onnx"
"""


@dataclass(frozen=True)
class Ran:
    """What pytest did."""

    code: int
    out: str

    def counts(self, **expected: int) -> None:
        """Require these outcomes, and no others."""
        last = self.out.strip().splitlines()[-1]
        words = last.strip("= ").partition(" in ")[0].split(", ")
        assert {word.split()[1]: int(word.split()[0]) for word in words} == expected, self.out


@dataclass(frozen=True)
class Project:
    """A folder with models and tests."""

    folder: Path

    def model(self, name: str, *, batch: int | str = "batch") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(toy_cnn(batch=batch))
        return path

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def run(self, *words: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "inspector.pytest_plugin.hooks", "-W", "error", *words],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # it may be installed, too
                "PYTHONPATH": str(ROOT),
                "PYTEST_ADDOPTS": "",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "INTERNALERROR" not in done.stdout + done.stderr, done.stderr
        return Ran(done.returncode, done.stdout + done.stderr)

    @property
    def asked(self) -> list[str]:
        """Which model was asked which planted rule, in order."""
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("conftest.py", PLANTED)
    made.write("inspector.toml", CHECK)
    return made


def test_every_rule_is_a_test(project: Project) -> None:
    project.model("good.onnx")
    ran = project.run("--inspector=good.onnx", "-v", "-rs")
    assert "good.onnx::one-batch PASSED" in ran.out
    assert "good.onnx::one-batch-seen SKIPPED" in ran.out
    assert "one-batch-seen: it needs images; give --data." in ran.out
    ran.counts(passed=1, skipped=1)
    assert ran.code == 0


def test_findings_fail_from_a_severity_on(project: Project) -> None:
    project.model("bad.onnx", batch=1)
    project.run("--inspector=bad.onnx").counts(passed=1, skipped=1)
    ran = project.run("--inspector=bad.onnx", "--inspector-fail-on=warning")
    ran.counts(failed=1, skipped=1)
    assert "warning one-batch at input image: The batch is one." in ran.out
    assert "measured 1, allowed any" in ran.out
    assert "to mend: Free it." in ran.out
    assert "Traceback" not in ran.out
    assert "items.py" not in ran.out
    project.write("inspector.toml", CHECK + 'fail-on = "warning"\n')
    project.run("--inspector=bad.onnx").counts(failed=1, skipped=1)
    project.run("--inspector=bad.onnx", "--inspector-fail-on=never").counts(passed=1, skipped=1)


def test_a_finding_that_is_no_reason_to_fail_is_told_where_one_asks(project: Project) -> None:
    project.model("bad.onnx", batch=1)
    assert "The batch is one." in project.run("--inspector=bad.onnx", "-rP").out


def test_a_silence_keeps_a_test_from_failing_and_an_idle_one_is_told(project: Project) -> None:
    silence = '[[check.silences]]\nrule = "one-batch"\nreason = "The board takes one."\n'
    project.write("inspector.toml", CHECK + 'fail-on = "warning"\n' + silence)
    project.model("bad.onnx", batch=1)
    ran = project.run("--inspector=bad.onnx", "-rP")
    ran.counts(passed=1, skipped=1)
    assert "The board takes one." in ran.out
    project.model("good.onnx")
    ran = project.run("--inspector=good.onnx")
    assert "note: The silence of rule 'one-batch' silenced nothing" in ran.out


def test_another_configuration_is_taken_where_one_is_named(project: Project) -> None:
    project.write("other.toml", "")
    (project.folder / "ci").mkdir()
    (project.folder / "ci" / "inspector.toml").write_text('[check]\nselect = ["one-batch"]\n')
    project.model("good.onnx")
    project.run("--inspector=good.onnx", "--inspector-config=ci/inspector.toml").counts(passed=1)


def test_images_are_looked_at(project: Project) -> None:
    project.model("good.onnx")
    photograph = str(ROOT / "demo" / "photos" / "cat.jpg")
    project.run("--inspector=good.onnx", f"--inspector-data={photograph}").counts(passed=2)


def test_a_model_is_checked_once_whoever_asks(project: Project) -> None:
    project.model("good.onnx")
    project.write("test_it.py", FIXTURES)
    project.run("--inspector=good.onnx").counts(passed=3, skipped=1)
    assert project.asked == ["good one-batch"]


def test_the_example_of_the_documentation_runs(project: Project) -> None:
    page = (ROOT / "docs" / "check-tools.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    project.write("test_it.py", example)
    (project.folder / "photos").symlink_to(ROOT / "demo" / "photos")
    project.run("-m", "not inspector", f"--inspector={ROOT / 'demo' / 'model' / 'demo.onnx'}").counts(
        passed=2, deselected=2
    )


def test_only_the_rules_of_selected_tests_are_asked(project: Project) -> None:
    project.write("inspector.toml", '[check]\nselect = ["one-batch", "weights-finite"]\n')
    project.model("good.onnx")
    project.run("--inspector=good.onnx", "-k", "weights").counts(passed=1, deselected=1)
    assert project.asked == []
    project.run("good.onnx::one-batch", "--inspector=good.onnx").counts(passed=1)
    assert project.asked == ["good one-batch"]


def test_the_marker_selects_the_tests_of_models(project: Project) -> None:
    project.model("good.onnx")
    project.write("test_it.py", FIXTURES)
    words = ("--inspector=good.onnx", "--strict-markers", "-m")
    project.run(*words, "inspector").counts(passed=1, skipped=1, deselected=2)
    project.run(*words, "not inspector").counts(passed=2, deselected=2)


def test_several_models_are_files_and_parameters(project: Project) -> None:
    project.model("models/a.onnx")
    project.model("models/deep/b.onnx")
    project.write("test_it.py", FIXTURES)
    ran = project.run("--inspector=models", "-v")
    ran.counts(passed=6, skipped=2)
    for name in ("models/a.onnx::one-batch ", "models/deep/b.onnx::one-batch ", "test_it.py::test_model[b]"):
        assert name in ran.out
    project.run("--inspector=models/*.onnx").counts(passed=3, skipped=1)


def test_a_model_elsewhere_is_found(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = Project(tmp_path_factory.mktemp("elsewhere")).model("good.onnx")
    project.write("test_it.py", "def test_it(): pass\n")
    project.run(f"--inspector={path}").counts(passed=2, skipped=1)


def test_a_model_that_cannot_be_loaded_is_one_failure(project: Project) -> None:
    project.write("broken.onnx", "no model")
    assert project.run("--inspector=broken.onnx", "--collect-only", "-q").code == 0
    project.write("test_it.py", FIXTURES)
    ran = project.run("--inspector=broken.onnx")
    assert "broken.onnx cannot be checked" in ran.out
    ran.counts(failed=1, skipped=1, errors=2)
    assert "Traceback" not in ran.out


def test_a_file_that_is_not_there_is_wrong_usage(project: Project) -> None:
    ran = project.run("--inspector=missing.onnx")
    assert ran.code == 4
    assert "missing.onnx" in ran.out


@pytest.mark.parametrize(
    ("words", "check", "said"),
    [
        (("--inspector=none/*.onnx",), CHECK, "No file fits the pattern"),
        (("--inspector=good.onnx", "--inspector-fail-on=warnings"), CHECK, "warning"),
        (("--inspector=good.onnx", "--inspector-config=none.toml"), CHECK, "none.toml"),
        (("--inspector=good.onnx",), '[check]\nselect = ["one-bach"]\n', "one-batch"),
        (("--inspector=good.onnx",), "[check.settings.one-batch]\nsize = 1\n", "has no setting 'size'"),
    ],
)
def test_wrong_usage_is_told_in_a_line(
    project: Project, words: tuple[str, ...], check: str, said: str
) -> None:
    project.model("good.onnx")
    project.write("inspector.toml", check)
    ran = project.run(*words)
    assert ran.code == 4
    assert "Traceback" not in ran.out
    (line,) = [line for line in ran.out.splitlines() if line.startswith("ERROR: ")]
    assert said in line


def test_wrong_data_fails_each_test_in_a_line(project: Project) -> None:
    project.model("good.onnx")
    ran = project.run("--inspector=good.onnx", "--inspector-data=none/")
    ran.counts(failed=2)
    assert "none" in ran.out
    assert "Traceback" not in ran.out


def test_junit_has_the_reasons(project: Project) -> None:
    project.model("bad.onnx", batch=1)
    project.run("--inspector=bad.onnx", "--inspector-fail-on=warning", "--junit-xml", "junit.xml")
    cases = ElementTree.fromstring((project.folder / "junit.xml").read_text()).iter("testcase")  # noqa: S314 — ours
    found = {one.get("name"): [part.tag for part in one] for one in cases}
    assert found == {"one-batch": ["failure"], "one-batch-seen": ["skipped"]}


def test_processes_of_xdist_agree(project: Project) -> None:
    pytest.importorskip("xdist")
    project.model("bad.onnx", batch=1)
    project.write("test_it.py", FIXTURES)
    ran = project.run("-p", "xdist.plugin", "-n", "2", "--inspector=bad.onnx")
    ran.counts(passed=3, skipped=1)


def test_without_models_nothing_is_collected_and_fixtures_say_why(project: Project) -> None:
    project.model("good.onnx")
    project.write("test_it.py", FIXTURES)
    ran = project.run("-rs")
    ran.counts(skipped=2)
    assert "no model: give one with --inspector MODEL" in ran.out


def test_a_session_without_models_imports_nothing_of_the_package(project: Project) -> None:
    project.write(
        "conftest.py",
        "import sys\n"
        "def pytest_sessionfinish():\n"
        "    print('IMPORTED', *(name for name in sys.modules if name.partition('.')[0] in\n"
        "        ('inspector', 'onnx', 'onnx_ir', 'onnxruntime', 'numpy', 'grpc')))\n",
    )
    project.write("test_it.py", "def test_it(): pass\n")
    ran = project.run("-s")
    (line,) = [line for line in ran.out.splitlines() if "IMPORTED" in line]
    assert set(line.partition("IMPORTED")[2].split()) == {
        "inspector",
        "inspector.pytest_plugin",
        "inspector.pytest_plugin.hooks",
    }
