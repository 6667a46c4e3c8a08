"""What holds for every Dockerfile, read from its text: no engine is needed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker"
FILES = {path.suffix.removeprefix("."): path for path in sorted(FOLDER.glob("Dockerfile.*"))}
EXTRAS = ("cpu", "gpu")


def instructions(path: Path) -> list[tuple[str, str]]:
    """Return (instruction, arguments), with comments dropped and continued lines joined."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    split = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(name, arguments) for name, arguments in split]


def stages(path: Path) -> list[list[tuple[str, str]]]:
    """Return the instructions by stage."""
    found: list[list[tuple[str, str]]] = []
    for name, arguments in instructions(path):
        if name == "FROM":
            found.append([])
        found[-1].append((name, arguments))
    return found


def test_there_is_one_for_each_kind_of_runtime() -> None:
    assert tuple(FILES) == EXTRAS


@pytest.fixture(params=EXTRAS)
def extra(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def last(extra: str) -> dict[str, str]:
    """The last stage; of an instruction that comes twice, the last one."""
    return dict(stages(FILES[extra])[-1])


def test_base_images_have_a_tag_of_their_own(extra: str) -> None:
    for stage in stages(FILES[extra]):
        image = stage[0][1].split()[0]
        assert re.fullmatch(r"[a-z/]+:\d+\.\d+[.\w-]*", image), image


def test_what_builds_is_not_in_the_image(extra: str) -> None:
    build, final = stages(FILES[extra])
    assert not any(" pip " in f" {arguments}" for name, arguments in final if name == "RUN")
    assert [arguments for name, arguments in final if name == "COPY"] == [
        "--from=build /opt/inspector /opt/inspector"
    ]
    assert build[0][1].endswith(" AS build")


def test_it_installs_as_the_readme_says(extra: str) -> None:
    readme = (ROOT / "README.md").read_text()
    assert re.search(rf"^pip install '\.\[{extra}\]'", readme, flags=re.MULTILINE)
    (install,) = (text for name, text in stages(FILES[extra])[0] if name == "RUN" and f"[{extra}]" in text)
    # The same in two steps, so that the locked builder builds: "." becomes a wheel, and that is installed.
    wheel, pip = (shlex.split(part) for part in install.split("&&"))
    assert (wheel[:2], wheel[-1]) == (["pip", "wheel"], ".")
    assert pip[-1] == f"$(echo dist/*.whl)[{extra}]"
    assert pip[pip.index("--constraint") + 1] == "constraints.txt"
    assert extra in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def test_it_runs_as_nobody_in_particular(last: dict[str, Any]) -> None:
    user, group = map(int, last["USER"].split(":"))
    assert user > 0
    assert group > 0
    assert "install --directory --owner inspector" in last["RUN"]


def test_it_tells_how_it_is(last: dict[str, Any]) -> None:
    options, _, command = last["HEALTHCHECK"].partition(" CMD ")
    assert "--interval=" in options
    words = json.loads(command)
    assert words[:3] == ["python", "-m", "inspector.client.health"]
    assert words[3].rpartition(":")[2] == last["EXPOSE"] == "50051"


def test_it_serves_the_folder_of_models(last: dict[str, Any]) -> None:
    assert json.loads(last["ENTRYPOINT"]) == ["inspector", "serve"]
    assert "CMD" not in last  # so that options after the image's name are those of `inspector serve`
    given = dict(word.split("=", 1) for word in last["ENV"].split())
    assert given["INSPECTOR_ADDRESS"] == "0.0.0.0:50051"
    assert given["INSPECTOR_REPOSITORY"] == last["WORKDIR"] == "/models"


def test_the_context_holds_what_is_copied_and_no_more(extra: str) -> None:
    copied = {
        source
        for stage in stages(FILES[extra])
        for name, arguments in stage
        if name == "COPY" and "--from" not in arguments
        for source in arguments.split()[:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied


def test_the_lock_becomes_constraints(extra: str) -> None:
    """`sed` leaves only pinned names, and gives onnxruntime-gpu the version of onnxruntime."""
    (step,) = (
        text for name, text in stages(FILES[extra])[0] if name == "RUN" and "requirements.lock >" in text
    )
    command = shlex.split(step.split(" > ")[0])
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = [line for line in text.splitlines() if line]
    assert all(re.fullmatch(r"[a-z0-9._-]+==\S+( ; .+)?", line) for line in lines)
    pinned = dict(line.partition(" ;")[0].split("==") for line in lines)
    assert "hatchling" in pinned
    assert pinned.get("onnxruntime-gpu") == (pinned["onnxruntime"] if extra == "gpu" else None)


def test_the_readme_names_the_bases(extra: str) -> None:
    text = (FOLDER / "README.md").read_text()
    (base,) = (arguments for name, arguments in stages(FILES[extra])[-1] if name == "FROM")
    assert f"| `Dockerfile.{extra}` |" in text
    assert f"`{base}`" in text
    assert f"docker build --file docker/Dockerfile.{extra} --tag inspector:{extra} ." in text
