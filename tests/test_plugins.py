"""Plugins: when they are there, and what is said of one that fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FAILS = """
from inspector.check.rule import rule
rule("half", severity="info", rationale="r", mend="m")(lambda run: ())
raise RuntimeError("the reason")
"""
TWICE = """
from inspector.errors import EngineError
from inspector.plugins import load_plugins
for _ in range(2):
    try:
        load_plugins()
    except EngineError as error:
        print(error.reason, error)
"""
ASKED = """
import inspector
print([one.name for one in inspector.verbs() if one.name == "early"])
"""
EARLY = '''
from dataclasses import dataclass
from inspector.types.requests.base import Request, verb
from inspector.types.results.table import Table

@verb("early")
@dataclass(frozen=True, kw_only=True, eq=False)
class EarlyRequest(Request[Table]):
    """Come early."""
'''
DOUBLE = """
from inspector.check.rule import rule
rule("fixed-batch", severity="info", rationale="r", mend="m")(lambda run: ())
"""


def run(folder: Path, program: str, plugin: str) -> subprocess.CompletedProcess[str]:
    (folder / "a_plugin.py").write_text(plugin)
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[1])])
    environment = {**os.environ, "PYTHONPATH": path, "INSPECTOR_PLUGINS": "a_plugin"}
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_one_that_fails_says_the_same_at_every_try(tmp_path: Path) -> None:
    first, second = run(tmp_path, TWICE, FAILS).stdout.splitlines()
    assert first == second
    assert first.startswith(
        "PLUGIN_FAILED The plugin 'a_plugin' cannot be imported: RuntimeError: the reason"
    )


def test_its_verbs_are_listed_before_anything_was_loaded(tmp_path: Path) -> None:
    assert run(tmp_path, ASKED, EARLY).stdout.strip() == "['early']"


def test_what_is_registered_twice_names_both_modules(tmp_path: Path) -> None:
    program = "from inspector.check.rule import RULES\nRULES.keys()\n" + TWICE
    found = run(tmp_path, program, DOUBLE).stdout
    assert "by inspector.check.rules.fixed_batch and by a_plugin" in found
