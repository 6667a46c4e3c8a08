"""What other projects' CI systems run of this one: the action for GitHub, and the hook of pre-commit."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "github" / "check.sh"
ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")
HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
STUB = """#!/usr/bin/env bash
printf '%s\\n' "$@" >"$RECORD"
for word in "$@"; do
  [[ $word != sarif=* || -z ${LOG-} ]] || echo "$LOG" >"${word#sarif=}"
done
exit "${CODE-0}"
"""


@dataclass(frozen=True)
class Ran:
    """What the step did."""

    code: int
    words: list[str]
    """That `inspector` was called with; none where it was not."""
    outputs: list[str]
    told: str


def step(folder: Path, *, log: str = "{}", code: int = 0, **given: Any) -> Ran:
    """Run the step with a stand-in for `inspector` that writes a log and ends with a code."""
    stub, record, outputs = folder / "bin" / "inspector", folder / "record", folder / "outputs"
    stub.parent.mkdir()
    stub.write_text(STUB)
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    variables = {f"CHECK_{name.upper()}": text for name, text in given.items()}
    done = subprocess.run(
        [str(SCRIPT)],
        cwd=folder,
        env={
            "PATH": f"{stub.parent}{os.pathsep}{os.environ['PATH']}",
            "RECORD": str(record),
            "GITHUB_OUTPUT": str(outputs),
            "LOG": log,
            "CODE": str(code),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return Ran(
        code=done.returncode,
        words=record.read_text().splitlines() if record.exists() else [],
        outputs=outputs.read_text().splitlines() if outputs.exists() else [],
        told=done.stdout + done.stderr,
    )


def test_models_alone_are_enough(tmp_path: Path) -> None:
    ran = step(tmp_path, models="model.onnx")
    wanted = ["check", "--format", "github", "--format", "sarif=inspector.sarif", "--", "model.onnx"]
    assert ran.words == wanted
    assert (ran.code, ran.outputs) == (0, ["exit-code=0", "sarif=inspector.sarif"])


def test_all_inputs_are_words_of_their_own(tmp_path: Path) -> None:
    ran = step(
        tmp_path,
        models="exports/**/*.onnx\n  a b.onnx  \n\n",
        baseline="old.onnx",
        golden="golden.npz",
        config="my config.toml",
        fail_on="warning",
        data="images/\nmore images/",
        arguments="--ignore\nfixed-batch",
        sarif="out/log.sarif",
    )
    assert ran.words == [
        "check",
        "--baseline=old.onnx",
        "--golden=golden.npz",
        "--config=my config.toml",
        "--fail-on=warning",
        "--data=images/",
        "--data=more images/",
        "--ignore",
        "fixed-batch",
        "--format",
        "github",
        "--format",
        "sarif=out/log.sarif",
        "--",
        "exports/**/*.onnx",
        "a b.onnx",
    ]


def test_no_input_is_a_command(tmp_path: Path) -> None:
    hostile = "$(touch owned) `touch owned`; touch owned && x.onnx"
    ran = step(tmp_path, models=hostile, baseline=hostile, data=hostile, config=hostile)
    assert ran.words[-1] == hostile
    assert not (tmp_path / "owned").exists()


def test_a_model_is_never_an_option(tmp_path: Path) -> None:
    assert step(tmp_path, models="--accept").words[-2:] == ["--", "--accept"]


@pytest.mark.parametrize("code", [1, 3])
def test_the_command_s_code_is_the_step_s_and_an_output(tmp_path: Path, code: int) -> None:
    ran = step(tmp_path, models="model.onnx", code=code)
    assert ran.code == code
    assert ran.outputs == [f"exit-code={code}", "sarif=inspector.sarif"]


def test_a_log_of_another_run_is_not_told_of(tmp_path: Path) -> None:
    (tmp_path / "inspector.sarif").write_text("old")
    ran = step(tmp_path, models="model.onnx", code=2, log="")
    assert (ran.code, ran.outputs) == (2, ["exit-code=2"])


@pytest.mark.parametrize("given", [{"models": " \n "}, {"models": "m.onnx", "sarif": "a\nexit-code=0"}])
def test_wrong_inputs_are_told_before_the_work(tmp_path: Path, given: dict[str, Any]) -> None:
    ran = step(tmp_path, **given)
    assert (ran.code, ran.words, ran.outputs) == (2, [], [])
    assert ran.told.startswith("::error title=inspector check::The input ")


def test_the_action_gives_the_script_all_that_it_reads() -> None:
    read = set(re.findall(r"\$\{(CHECK_[A-Z_]+)", SCRIPT.read_text()))
    given = dict(
        re.findall(r"^ +(CHECK_[A-Z_]+): \$\{\{ inputs\.([a-z-]+) \}\}$", ACTION, flags=re.MULTILINE)
    )
    assert given.keys() == read
    assert all(name == f"CHECK_{word.upper().replace('-', '_')}" for name, word in given.items())
    inputs = re.findall(r"^  ([a-z-]+):$", ACTION.partition("\noutputs:")[0], flags=re.MULTILINE)
    assert {*given.values(), "upload-sarif", "python-version"} == set(inputs)


def test_no_script_of_the_action_holds_an_input() -> None:
    scripts = re.findall(r"^ +run: (.*)$", ACTION, flags=re.MULTILINE)
    assert len(scripts) == 2
    assert not any("${{" in script for script in scripts)


def test_the_action_installs_what_is_published_beside_it() -> None:
    assert '"${GITHUB_ACTION_PATH}[cpu]"' in ACTION
    assert "${GITHUB_ACTION_PATH}/deploy/github/check.sh" in ACTION


def test_the_hook_takes_models_and_brings_the_engine() -> None:
    pattern = re.findall(r"^  files: (.*)$", HOOKS, flags=re.MULTILINE)[0]
    assert re.search(pattern, "models/a.onnx")
    assert not re.search(pattern, "models/a.onnx.md")
    assert 'additional_dependencies: [".[cpu]"]' in HOOKS
    assert "entry: inspector check\n" in HOOKS
