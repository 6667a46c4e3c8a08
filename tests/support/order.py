"""In which order files begin where several processes share the suite: those first that take long.

A file stays in one process, so one of minutes that begins last keeps all others waiting at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

SECONDS = {
    "arguments/test_arguments.py": 100,
    "arguments/test_over_the_wire.py": 60,
    "client/test_restart.py": 60,
    "demo/test_demo.py": 30,
    "deploy/test_ray_serve.py": 40,
    "grad/test_quantized_zoo.py": 50,
    "methods/test_catalog.py": 30,
    "methods/test_zoo_fool.py": 40,
    "methods/test_zoo_from_images.py": 40,
    "model/test_killers.py": 30,
    "packaging/test_thin_install.py": 15,
    "packaging/test_wheel.py": 20,
    "pytest_plugin/test_plugin.py": 90,
    "service/test_bad_inputs_calls.py": 40,
    "service/test_bad_inputs_connections.py": 30,
    "service/test_bad_inputs_images.py": 40,
    "service/test_bad_inputs_models.py": 120,
    "service/test_isolated_models.py": 40,
    "service/test_kill_at_random.py": 40,
    "service/test_sandbox.py": 25,
    "service/test_server.py": 40,
    "test_additions.py": 50,
    "tools/test_attacks.py": 60,
    "tools/test_fuzz.py": 20,
}
"""About how long files take whose number of tests does not tell. What is wrong here costs time and nothing else."""
A_TEST, A_SLOW_TEST = 0.1, 2.0
"""Seconds of one test, in all other files."""


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return tests by their files, those that take longest first; within a file they keep their order."""
    seconds: defaultdict[Path, float] = defaultdict(float)
    for item in items:
        seconds[item.path] += A_SLOW_TEST if item.get_closest_marker("slow") else A_TEST
    seconds.update({TESTS / name: told for name, told in SECONDS.items()})
    return sorted(items, key=lambda item: (-seconds[item.path], item.path))
