"""The house itself: things are added from one file outside the package, and appear everywhere without another edit.

`tests/support/additions.py` registers a method of attribution, a verb of an existing kind of result, a verb with a kind
of its own, a backward rule, a rule of `check` and a store; each is looked for in Python, over gRPC, on the command
line, and in the table of the documentation. Every look is in a process of its own, so that nothing of it stays here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from tests.support.toys import SIDE, toy_cnn, toy_photo

ROOT = Path(__file__).parents[1]
ADDITIONS = Path(__file__).parent / "support" / "additions.py"

IN_PYTHON = """
import json, sys
import numpy as np
import inspector
model = inspector.load(sys.argv[1], device="cpu", name="plain")
photo = sys.argv[2]
"""

OVER_GRPC = """
import json, sys, tempfile
from pathlib import Path
import numpy as np
import inspector
from inspector.client import Client
from tests.support.server import running_server
photo = sys.argv[2]
with running_server(Path(tempfile.mkdtemp())) as server, Client(server.address) as client:
    client.upload(sys.argv[1], name="plain")
    model = client.model("plain")
    exec(sys.argv[3])
"""

ASKED = """
steps = []
maps = model.attribute(photo, method="toy_input", target=1, strength=2.0)
table = model.toy_brightness(photo, scale=3.0, progress=lambda done, total: steps.append([done, total]))
totals = model.toy_totals(photo, unit="apples", rendering="png")
report = model.check(select=["toy-name"])
print(json.dumps({
    "method": [maps.method, maps.picture, float(np.abs(maps.maps - 2 * maps.inputs).max())],
    "table": [list(table.columns), [list(row.cells) for row in table.rows]],
    "steps": steps,
    "totals": [type(totals).__name__, totals.totals.shape, totals.unit, len(totals.rendered)],
    "mean": float(maps.inputs.mean(dtype=np.float64)),
    "report": [[one.id, one.severity] for one in report.findings],
}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the one file as a module of its own, a model and a photograph."""
    folder = tmp_path_factory.mktemp("additions")
    (folder / "toy_additions.py").write_text(ADDITIONS.read_text())
    (folder / "plain.onnx").write_bytes(toy_cnn())
    Image.fromarray(toy_photo()).save(folder / "photo.png")
    return folder


def run(folder: Path, *words: object, plugin: bool = True) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "INSPECTOR_PLUGINS": "toy_additions" if plugin else ""}
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
    )


def answer(found: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout.strip().splitlines()[-1])


def look(found: dict[str, Any]) -> None:
    assert found["method"] == ["toy_input", "signed", 0]
    assert found["table"][0] == ["image", "mean"]
    assert found["table"][1][0][1] == pytest.approx(3 * found["mean"], rel=1e-5)
    assert found["steps"] == [[1, 1]]
    assert found["totals"] == ["ToyTotals", [1, 3], "apples", 1]
    assert found["report"] == [["toy-name", "info"]]


def test_they_appear_in_python(folder: Path) -> None:
    look(answer(run(folder, "-c", IN_PYTHON + ASKED, folder / "plain.onnx", folder / "photo.png")))


def test_they_appear_over_grpc(folder: Path) -> None:
    words = ("-c", OVER_GRPC, folder / "plain.onnx", folder / "photo.png", ASKED)
    look(answer(run(folder, *words)))


def test_they_appear_on_the_command_line(folder: Path) -> None:
    model, photo = folder / "plain.onnx", folder / "photo.png"
    inspector = ("-m", "inspector")
    helped = run(folder, *inspector, "--help")
    assert "toy-brightness" in helped.stdout or "toy_brightness" in helped.stdout
    assert "toy_input" in run(folder, *inspector, "methods").stdout
    table = answer(run(folder, *inspector, "toy_brightness", model, photo, "--scale", "3", "--json"))
    assert table["columns"] == ["image", "mean"]
    drawn = folder / "totals.png"
    told = run(folder, *inspector, "toy_totals", model, photo, "--unit", "apples", "-o", drawn)
    assert told.returncode == 0, told.stderr
    assert "totals of 1 images in apples" in told.stdout
    with Image.open(drawn) as picture:
        assert picture.size == (64, 64)
    assert "toy-name" in run(folder, *inspector, "check", model, "--select", "toy-name").stdout
    maps = answer(
        run(
            folder,
            *inspector,
            "attribute",
            model,
            photo,
            "-m",
            "toy_input",
            "--option",
            "strength=2",
            "--json",
        )
    )
    assert maps["method"] == "toy_input"


def test_they_appear_in_the_table_of_the_documentation(folder: Path) -> None:
    page = run(folder, "-m", "tools.generate_catalog", "--print")
    assert page.returncode == 0, page.stderr
    for row in ("`toy_input`", "`toy_brightness`", "`toy_totals`", "`toy-name`", "`toy`"):
        assert row in page.stdout
    assert "toy" not in run(folder, "-m", "tools.generate_catalog", "--print", plugin=False).stdout


def test_a_backward_rule_makes_a_model_differentiable(folder: Path) -> None:
    shape = [1, 3, SIDE, SIDE]
    graph = helper.make_graph(
        [
            helper.make_node("SampleOp", ["x"], ["same"], domain="com.microsoft"),
            helper.make_node("ReduceSum", ["same"], ["y"], keepdims=0),
        ],
        "sampled",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [])],
        value_info=[helper.make_tensor_value_info("same", TensorProto.FLOAT, shape)],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "sampled.onnx")
    program = IN_PYTHON + (
        "x = np.ones((1, 3, 16, 16), np.float32)\n"
        'maps = model.attribute(x, target=inspector.Element("y")).maps\n'
        'print(json.dumps({"least": float(maps.min()), "largest": float(maps.max())}))\n'
    )
    words = ("-c", program, folder / "sampled.onnx", folder / "photo.png")
    assert answer(run(folder, *words)) == {"least": 1, "largest": 1}
    assert "SampleOp" in run(folder, *words, plugin=False).stderr


def test_a_store_keeps_collections(folder: Path) -> None:
    program = (
        "import json, numpy as np, inspector\n"
        'photos = inspector.collection("photos", store="toy")\n'
        'photos.add(vectors={"a": np.ones(3), "b": np.zeros(3)})\n'
        "print(json.dumps([photos.info().item_count, type(photos.backend.store).__name__]))\n"
    )
    found = run(folder, "-c", program)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == [2, "ToyStore"]


def test_a_service_keeps_collections_in_it(folder: Path) -> None:
    program = (
        "import json, sys, tempfile\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from inspector.client import Client\n"
        "from tests.support.server import running_server\n"
        "from inspector.plugins import load_plugins\n"
        "load_plugins()\n"
        "place = Path(tempfile.mkdtemp())\n"
        'with running_server(place, collections_store="toy") as server, Client(server.address) as client:\n'
        '    points = client.collection("points")\n'
        '    points.add(vectors={"a": np.ones(3), "b": np.zeros(3)})\n'
        '    ((nearest,),) = points.neighbors(items=["b"], k=1, metric="euclidean")\n'
        "    made = sys.modules['toy_additions'].ToyStore.made\n"
        "print(json.dumps([nearest.id, made]))\n"
    )
    found = run(folder, "-c", program)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout.strip().splitlines()[-1]) == ["b", 1]


def test_what_is_not_named_does_not_appear(folder: Path) -> None:
    found = run(
        folder, "-m", "inspector", "toy_brightness", folder / "plain.onnx", folder / "photo.png", plugin=False
    )
    assert found.returncode == 2
    assert "toy_brightness" in found.stderr


def test_the_additions_are_one_file_that_edits_nothing() -> None:
    text = ADDITIONS.read_text()
    assert "import inspector\n" not in text
    assert np.all([word not in text for word in ("_items", "setattr", "monkeypatch")])
