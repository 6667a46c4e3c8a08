"""Bills of materials, judged by CycloneDX's own library with its schema, in the environment of `make deploy-lint`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PYTHON = Path(__file__).parents[2] / ".venv-deploy" / "bin" / "python"
_JUDGE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()) or "valid")
"""


def require_valid(text: str) -> None:
    """Let the test fail where a text is no bill of CycloneDX 1.6; skip it where nobody can judge."""
    if not PYTHON.exists():
        pytest.skip("no judge of bills of materials: `make deploy-lint` installs it into .venv-deploy")
    done = subprocess.run(
        [str(PYTHON), "-c", _JUDGE], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("valid", "")
