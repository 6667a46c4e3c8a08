"""The client stands alone: neither onnx, nor onnxruntime, nor scikit-learn, nor the server's packages."""

from __future__ import annotations

import subprocess
import sys

FORBIDDEN = (
    "onnx",
    "onnx_ir",
    "onnxscript",
    "onnxruntime",
    "sklearn",
    "scipy",
    "ml_dtypes",
    "grpc_health",
    "typer",
)

PROGRAM = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {FORBIDDEN!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Refuse())
import inspector
import inspector.client
from inspector.client import *
assert inspector.client.Client
import inspector.errors
loaded = {{name.partition(".")[2].partition(".")[0] for name in sys.modules if name.startswith("inspector.")}}
print(*sorted(loaded))
"""


def test_the_client_imports_without_the_engine() -> None:
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stderr
    assert set(found.stdout.split()) == {
        "client",
        "errors",
        "face",
        "plugins",
        "registry",
        "types",
        "v1",
        "wire",
    }


def test_the_guard_of_this_test_refuses() -> None:
    broken = PROGRAM.replace("import inspector.client\n", "import inspector.client\nimport onnx\n", 1)
    found = subprocess.run(
        [sys.executable, "-c", broken], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode != 0
    assert "No module named 'onnx'" in found.stderr
