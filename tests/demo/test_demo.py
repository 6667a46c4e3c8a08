"""`python -m demo` from its first line to the page, and what it says when it cannot."""

from __future__ import annotations

import base64
import io
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspector.client import ServerUnavailableError
from inspector.client.health import check_health

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "demo" / "model" / "demo.onnx"
PHOTOGRAPHS = ("cat", "flower", "rocket")

LEAST = {
    "What the model answers": len(PHOTOGRAPHS),
    "Why the answer is what it is": len(PHOTOGRAPHS),
    "Can the maps be believed": 1,
    "What units look for": 3,
    "What it would like best": 4,
    "Where the evidence is": len(PHOTOGRAPHS),
    "What the answer rests on": 1,
    "What may move without another answer": 1,
    "How little must change": 1,
    "What each layer saw": 3,
    "What the first filters look like": 1,
    "Are the filters sound": 0,
    "Which images are alike": len(PHOTOGRAPHS) + 1,
    "The layers": 0,
}
"""Each section of the page, and how many pictures it has at least."""


class Page(HTMLParser):
    """The sections of a page with their pictures, and every address in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pictures: dict[str, list[str]] = {}
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self._in_heading = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._in_heading = tag == "h2"
        for name, value in attrs:
            if name in {"src", "href", "srcset", "data", "action", "poster"}:
                self.addresses.append(value or "")
        if tag == "img":
            section = list(self.pictures)[-1]
            self.pictures[section].append(dict(attrs)["src"] or "")

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.pictures[data] = []
            self._in_heading = False


def run_demo(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo", *map(str, options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


def address_in(text: str) -> str:
    found = re.search(r"the service listens on (\S+)", text)
    assert found, text
    return found.group(1)


def is_gone(address: str) -> bool:
    try:
        check_health(address)
    except ServerUnavailableError:
        return True
    return False


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    for name in PHOTOGRAPHS:
        shutil.copy(ROOT / "demo" / "photos" / f"{name}.jpg", folder)
    return folder


@pytest.mark.slow
@pytest.mark.skipif(not MODEL.exists(), reason="no demo/model/demo.onnx: python -m demo.train.train makes it")
def test_the_demonstration_writes_one_page(photographs: Path, tmp_path: Path) -> None:
    output = tmp_path / "new" / "page.html"
    done = run_demo("--images", photographs, "--output", output)
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith(f"The page is at {output}")
    assert is_gone(address_in(done.stdout))

    html = output.read_text(encoding="utf-8")
    page = Page(html)
    assert list(page.pictures) == list(LEAST)
    assert not [name for name, least in LEAST.items() if len(page.pictures[name]) < least]
    for source in (source for found in page.pictures.values() for source in found):
        assert_picture(source)

    assert not [one for one in page.addresses if not one.startswith(("data:image/png;base64,", "#section-"))]
    assert not page.tags & {"script", "link", "iframe", "object", "embed"}
    assert not re.search(r"@import|url\((?!['\"]?data:)", html)
    assert [path.name for path in output.parent.iterdir()] == [output.name]
    assert all(name in html for name in PHOTOGRAPHS)


def test_a_model_that_is_not_there(photographs: Path, tmp_path: Path) -> None:
    done = run_demo("--model", "none.onnx", "--images", photographs, "--output", tmp_path / "page.html")
    assert done.returncode == 2
    assert done.stderr.startswith("error: The model 'none.onnx' cannot be read")
    assert "Traceback" not in done.stderr
    assert is_gone(address_in(done.stdout))
    assert not list(tmp_path.iterdir())


def test_a_folder_without_photographs(tmp_path: Path) -> None:
    done = run_demo("--images", tmp_path, "--output", tmp_path / "page.html")
    assert done.returncode == 2
    assert f"There are no images (.jpeg, .jpg, .png, .webp) in the folder {tmp_path}" in done.stderr


def assert_picture(source: str) -> None:
    """Assert that it is a PNG that opens and is not one flat color."""
    data = base64.b64decode(source.removeprefix("data:image/png;base64,"), validate=True)
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        assert np.ptp(np.asarray(image.convert("RGB")), axis=(0, 1)).max() > 0
