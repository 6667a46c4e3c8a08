"""A server starts in the environment of an image as it should: never open, and its health check knows the way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from inspector.service.security.callers import Entry, hashed
from tests.support.certificates import Authority
from tests.support.process import python_process
from tests.support.server import free_port
from tests.support.toys import toy_cnn

ROOT = Path(__file__).parents[2]
IMAGE = (ROOT / "docker" / "Dockerfile.cpu").read_text()
CHECK = json.loads(re.findall(r"HEALTHCHECK .*?CMD (\[.*?\])", IMAGE, flags=re.DOTALL)[0])
ADDRESS = re.findall(r"INSPECTOR_ADDRESS=(\S+)", IMAGE)[0]


def environment(folder: Path, **more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("INSPECTOR_")}
    given = {"REPOSITORY": str(folder / "models"), "DEVICE": "cpu"} | more
    return own | {f"INSPECTOR_{name}": value for name, value in given.items()}


def secrets(folder: Path) -> dict[str, str]:
    pair = Authority(folder, "authority").issue("server")
    (folder / "tokens").write_text(Entry(name="ci", role="infer", token=hashed("secret")).line())
    return {
        "TLS_CERTIFICATE": str(pair.certificate),
        "TLS_PRIVATE_KEY": str(pair.key),
        "TOKENS_FILE": str(folder / "tokens"),
        "ROOT_CERTIFICATES": str(pair.certificate),
        "SERVER_NAME": "127.0.0.1",
    }


@pytest.mark.parametrize("given", [(), ("TOKENS_FILE",), ("TLS_CERTIFICATE", "TLS_PRIVATE_KEY")])
def test_the_image_starts_no_open_server(tmp_path: Path, given: tuple[str, ...]) -> None:
    chosen = {name: value for name, value in secrets(tmp_path).items() if name in given}
    done = subprocess.run(
        [sys.executable, "-m", "inspector", "serve"],
        env=environment(tmp_path, ADDRESS=ADDRESS, **chosen),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "insecure" in done.stderr


def test_the_health_check_of_the_image_gets_through(tmp_path: Path) -> None:
    given = environment(tmp_path, ADDRESS="127.0.0.1:0", **secrets(tmp_path))
    with python_process("-m", "inspector", "serve", environment=given) as (_, line):
        address = line.split()[-1]
        command = [sys.executable, *CHECK[1:-1], address]
        for name, code in (("127.0.0.1", 0), ("elsewhere", 1)):
            asked = given | {"INSPECTOR_SERVER_NAME": name}
            done = subprocess.run(command, env=asked, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == code, done.stderr


def test_a_pod_starts_as_its_manifest_says_and_answers_its_probes(tmp_path: Path) -> None:
    pod = (ROOT / "deploy" / "kubernetes" / "base" / "deployment.yaml").read_text()
    given = dict(re.findall(r'name: INSPECTOR_(\w+)\n\s+value: "?([^"\n]+)', pod))
    given |= secrets(tmp_path) | {"ADDRESS": "127.0.0.1:0", "METRICS_ADDRESS": f"127.0.0.1:{free_port()}"}
    (tmp_path / "models" / "toy").mkdir(parents=True)
    (tmp_path / "models" / "toy" / "toy.onnx").write_bytes(toy_cnn())
    arguments = json.loads(re.findall(r"args: (\[.*\])", pod)[0])
    program = ("-m", "inspector", "serve", *arguments)
    with python_process(*program, environment=environment(tmp_path, **given)) as (process, line):
        assert line.startswith("serving on "), process.communicate(timeout=10)[1]
        for path in sorted(set(re.findall(r"path: (\S+)\n\s+port: metrics", pod))):
            with urllib.request.urlopen(f"http://{given['METRICS_ADDRESS']}{path}", timeout=10) as answer:
                assert answer.status == 200
