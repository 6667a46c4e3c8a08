"""What holds for every file that deploys a server, read from its text."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from pathlib import Path

import pytest

from inspector.service.environment import OTHERS
from inspector.service.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "deploy", ROOT / "docker")
FILES = sorted(
    path
    for folder in FOLDERS
    for path in folder.rglob("*")
    if path.suffix in (".yaml", ".service", ".cpu", ".gpu", ".md", ".py")
)
POD = (ROOT / "deploy/kubernetes/base/deployment.yaml").read_text()
REPLICAS = (ROOT / "deploy/kubernetes/replicas/deployment.yaml").read_text()
COMPOSE = (ROOT / "deploy/compose.yaml").read_text()
UNIT = (ROOT / "deploy/systemd/inspector.service").read_text()
SETTINGS = {f"INSPECTOR_{field.name.upper()}" for field in dataclasses.fields(Settings)}
DRAIN = Settings().drain_seconds


def value(text: str, pattern: str) -> str:
    """Return what the one group of a pattern matches, which must be there once."""
    (found,) = set(re.findall(pattern, text, flags=re.MULTILINE))
    return str(found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_variable_is_a_setting(path: Path) -> None:
    named = set(re.findall(r"\bINSPECTOR_[A-Z_]+\b", path.read_text()))
    assert named <= SETTINGS | OTHERS


def test_there_is_time_to_drain() -> None:
    pod = float(value(POD, r'INSPECTOR_DRAIN_SECONDS\n\s+value: "(\d+)"'))
    assert float(value(POD, r"terminationGracePeriodSeconds: (\d+)")) >= pod + 10
    assert float(value(COMPOSE, r"stop_grace_period: (\d+)s")) >= DRAIN + 10
    assert float(value(UNIT, r"^TimeoutStopSec=(\d+)")) >= DRAIN + 10


def test_ports_are_those_of_the_image() -> None:
    port = value((ROOT / "docker/Dockerfile.cpu").read_text(), r"^EXPOSE (\d+)")
    assert value(POD, r"containerPort: (\d+)\n\s+- name: metrics") == port
    assert value((ROOT / "deploy/kubernetes/base/service.yaml").read_text(), r"port: (\d+)") == port
    assert value(COMPOSE, r"target: (\d+)") == port
    assert set(re.findall(r"path: (\S+)\n\s+port: metrics", POD)) == {"/readyz", "/livez"}
    policy = (ROOT / "deploy/kubernetes/base/network-policy.yaml").read_text()
    metrics = value(POD, r"0\.0\.0\.0:(\d+)")
    assert re.findall(r"port: (\d+)", policy) == [port, metrics]
    assert value(POD, r'prometheus.io/port: "(\d+)"') == metrics
    assert value(POD, r"name: metrics\n\s+containerPort: (\d+)") == metrics


@pytest.mark.parametrize("text", [POD, COMPOSE, UNIT], ids=["kubernetes", "compose", "systemd"])
def test_none_starts_without_tls_and_callers(text: str) -> None:
    for name in ("TLS_CERTIFICATE", "TLS_PRIVATE_KEY", "TOKENS_FILE"):
        assert f"INSPECTOR_{name}" in text
    assert "INSPECTOR_INSECURE" not in text


def test_images_leave_open_servers_to_who_says_so() -> None:
    for path in (ROOT / "docker").glob("Dockerfile.*"):
        assert "INSECURE" not in path.read_text()


def test_none_has_rights_that_it_does_not_need() -> None:
    assert POD.count("readOnlyRootFilesystem: true") == POD.count("- name: inspector\n") == 1
    assert 'drop: ["ALL"]' in POD
    assert 'drop: ["ALL"]' in REPLICAS
    assert 'cap_drop: ["ALL"]' in COMPOSE
    assert "read_only: true" in COMPOSE
    assert re.search("^CapabilityBoundingSet=$", UNIT, flags=re.MULTILINE)
    user = value((ROOT / "docker/Dockerfile.cpu").read_text(), r"^USER (\d+):")
    assert value(POD, r"runAsUser: (\d+)") == value(POD, r"fsGroup: (\d+)") == user


def test_replicas_take_no_uploads() -> None:
    assert re.search(r'INSPECTOR_UPLOADS\n\s+value: "false"', REPLICAS)


@pytest.mark.parametrize(
    ("text", "share", "most"),
    [
        (POD, r'_MEMORY_BYTES\n\s+value: "(\d+)"', r"limits:\n\s+cpu: .*\n\s+memory: (\d+)Gi"),
        (UNIT, r"_MEMORY_BYTES=(\d+)", r"^MemoryMax=(\d+)G"),
    ],
    ids=["kubernetes", "systemd"],
)
def test_the_first_workers_fit_into_what_there_is(text: str, share: str, most: str) -> None:
    """The shared worker, one that looks at a new model, and the collections."""
    shares = [int(found) for found in re.findall(share, text)]
    assert len(shares) == 2
    assert sum(shares) + Settings().collections_bytes < int(value(text, most)) * 2**30


def test_replicas_copy_the_models_and_no_more(tmp_path: Path) -> None:
    shared, models = tmp_path / "shared", tmp_path / "models"
    for name in ("demo", "7-digits", ".workers", "lost+found"):
        (shared / name).mkdir(parents=True)
        (shared / name / "model.onnx").touch()
    (shared / "lost+found").chmod(0)
    models.mkdir()
    body = value(REPLICAS, r"command:\n((?:\s+- .*\n)+?)\s+resources")
    words = [word.strip('"') for word in re.findall(r"- (.*)", body)]
    command = [word.replace("/shared", str(shared)).replace("/models", str(models)) for word in words]
    for _ in range(2):  # as after a restart
        subprocess.run(command, check=True, timeout=30)
    assert sorted(path.name for path in models.iterdir()) == ["7-digits", "demo"]
    assert (models / "demo" / "model.onnx").exists()
