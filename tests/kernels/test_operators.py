"""The operators of the wheel against NumPy, for all the instructions that this processor has."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.kernels import needs_kernels

pytestmark = needs_kernels

ROOT = Path(__file__).parents[2]
IS_X86 = platform.machine() in ("x86_64", "AMD64")


@pytest.mark.parametrize("level", ["baseline", "avx2", "avx512"])
def test_they_compute_what_numpy_does(level: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "tests.kernels.judge", "0"],
        env={**os.environ, "INSPECTOR_KERNELS_LEVEL": level},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    ran, cases, _ = found.stdout.split()
    assert int(cases) > 100
    if ran != level:
        assert not IS_X86 or level != "baseline"
        pytest.skip(f"this processor has {ran} only")
