"""`inspector report`: one page, whatever the model, and where it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.cli.exits import EXIT_INCOMPLETE, EXIT_MODEL, EXIT_USAGE
from tests.cli.conftest import PHOTOGRAPHS, Place
from tests.support.command import Command


@pytest.mark.parametrize("way", ["here", "there"])
def test_a_page_of_a_model(
    inspector: Command, place: Place, tmp_path: Path, request: pytest.FixtureRequest, way: str
) -> None:
    path = tmp_path / "page.html"
    model = ["toy", "--server", request.getfixturevalue("address")] if way == "there" else [place.model]
    found = inspector("report", *model[:1], place.images, *model[1:], "-o", path)
    assert (found.code, found.out) == (0, ""), found.err
    assert found.err.splitlines()[-1] == f"wrote {path}"
    html = path.read_text()
    assert html.startswith("<!doctype html>")
    assert all(f"photo{index}" in html for index in range(PHOTOGRAPHS))


def test_an_image_that_is_none(inspector: Command, place: Place, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    path = tmp_path / "page.html"
    found = inspector("report", place.model, tmp_path / "text.png", place.image, "-o", path)
    assert found.code == EXIT_INCOMPLETE
    assert "text is left out" in found.err
    assert "photo2" in path.read_text()


def test_what_is_found_before_the_work(inspector: Command, place: Place, tmp_path: Path) -> None:
    for path in (tmp_path / "page.png", tmp_path / "none" / "page.html"):
        found = inspector("report", "no-such-model.onnx", place.image, "-o", path)
        assert (found.code, found.out) == (EXIT_USAGE, "")
    found = inspector("report", place.model, tmp_path / "none.png", "-o", tmp_path / "page.html")
    assert (found.code, found.out) == (EXIT_USAGE, "")
    assert "none.png" in found.err
    found = inspector("report", "no-such-model.onnx", place.image, "-o", tmp_path / "page.html")
    assert found.code == EXIT_MODEL
    assert not list(tmp_path.iterdir())
