"""Plugins: when they are there, and what is said of one that fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

FAILS = """
from inspector.checks.rule import rule
rule("half", family="validity", severity="info", rationale="r", mend="m")(lambda examination: ())
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
from inspector.checks.rule import rule
rule("fixed-batch", family="validity", severity="info", rationale="r", mend="m")(lambda examination: ())
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
    program = "from inspector.checks.rule import RULES\nRULES.keys()\n" + TWICE
    found = run(tmp_path, program, DOUBLE).stdout
    assert "by inspector.checks.rules.validity.fixed_batch and by a_plugin" in found


NAMED = """
import sys
sys.path[:] = [*[{paths}], *sys.path]
from inspector.plugins import plugin_names
print(plugin_names())
"""


def distribution(folder: Path, group: str) -> None:
    """Put what tells of a distribution that names a module into a folder, as an installer does."""
    told = folder / "other-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text(f"[{group}]\none = a_module\n")


def named(*paths: Path, before: str = "") -> str:
    program = before + NAMED.format(paths=", ".join(repr(str(path)) for path in paths))
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    return found.stdout.strip()


def test_a_module_that_a_distribution_names_is_found(tmp_path: Path) -> None:
    distribution(tmp_path / "its", "inspector.plugins")
    distribution(tmp_path / "another's", "somebody.plugins")
    assert "a_module" in named(tmp_path / "its")
    assert "a_module" not in named(tmp_path / "another's", tmp_path / "nowhere")


def test_one_in_an_archive_is_found(tmp_path: Path) -> None:
    distribution(tmp_path / "its", "inspector.plugins")
    archive = shutil.make_archive(str(tmp_path / "its"), "zip", tmp_path / "its")
    assert "a_module" in named(Path(archive))


OWN_FINDER = """
import sys
from importlib.metadata import DistributionFinder, MetadataPathFinder
class Own(DistributionFinder):
    def find_spec(self, *_): return None
    def find_distributions(self, context=None):
        return MetadataPathFinder.find_distributions(DistributionFinder.Context(path=[{path!r}]))
sys.meta_path.append(Own())
"""


def test_one_that_a_finder_of_its_own_knows_is_found(tmp_path: Path) -> None:
    distribution(tmp_path / "its", "inspector.plugins")
    assert "a_module" in named(before=OWN_FINDER.format(path=str(tmp_path / "its")))
