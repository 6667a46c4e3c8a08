"""Several images, of which some are none: those are named, the others answered, and the code says that it was so."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.cli.exits import EXIT_INCOMPLETE, EXIT_USAGE
from tests.cli.conftest import PHOTOGRAPHS, Place
from tests.support.command import Command


@pytest.fixture
def mixed(place: Place, tmp_path: Path) -> Path:
    """A folder of photographs, a text and half a picture, by name among them."""
    for path in place.images.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "photo1b.png").write_text("no picture")
    (tmp_path / "a.png").write_bytes(place.image.read_bytes()[:200])
    (tmp_path / "z.jpg").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize("way", ["here", "there"])
@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("predict", ()),
        ("features", ()),
        ("attribute", ("-m", "gradcam")),
        ("activations", ("-l", "relu2")),
        ("neighbors", ("{image}",)),
        ("pca", ()),
    ],
)
def test_what_is_no_image_is_named_and_the_others_are_answered(
    inspector: Command,
    place: Place,
    mixed: Path,
    request: pytest.FixtureRequest,
    way: str,
    verb: str,
    options: tuple[str, ...],
) -> None:
    model = ["toy", "--server", request.getfixturevalue("address")] if way == "there" else [place.model]
    words = [place.image if word == "{image}" else word for word in options]
    about = [*words, mixed] if verb == "neighbors" else [mixed, *words]
    found = inspector(verb, *model[:1], *about, *model[1:])
    assert found.code == EXIT_INCOMPLETE, found
    skipped = [one for one in found.err.splitlines() if one.startswith("skipped ")]
    assert [any(name in one for one in skipped) for name in ("a.png", "photo1b.png", "z.jpg")] == [True] * 3
    assert len(skipped) == 3
    assert not any(name in found.out for name in ("/a.png", "photo1b.png", "z.jpg"))
    clean = inspector(verb, *model[:1], *[place.images if one == mixed else one for one in about], *model[1:])
    assert clean.code == 0
    assert words_of(found.out, mixed, place.images) == words_of(clean.out, place.images)


def words_of(text: str, *folders: Path) -> list[str]:
    """Return what is printed without folders and without what is drawn around it, whose width differs."""
    for folder in folders:
        text = text.replace(f"{folder}/", "")
    return [word for word in text.split() if any(map(str.isalnum, word))]


def test_the_rest_keeps_its_names(inspector: Command, place: Place, mixed: Path) -> None:
    found = inspector("predict", place.model, mixed, "--json")
    assert found.code == EXIT_INCOMPLETE
    assert all(f"photo{index}.png" in found.out for index in range(PHOTOGRAPHS))


def test_where_none_is_left_it_is_wrong_input(inspector: Command, place: Place, mixed: Path) -> None:
    found = inspector("predict", place.model, mixed / "a.png", mixed / "z.jpg", mixed / "missing.png")
    assert (found.code, found.out) == (EXIT_USAGE, "")
    assert "None of the 3 images can be read" in found.err
    alone = inspector("predict", place.model, mixed / "a.png")
    assert (alone.code, alone.err.count("\n")) == (EXIT_USAGE, 1)
    assert str(mixed / "a.png") in alone.err


def test_a_query_must_be_an_image(inspector: Command, place: Place, mixed: Path) -> None:
    found = inspector("neighbors", place.model, mixed / "a.png", place.images)
    assert (found.code, found.out) == (EXIT_USAGE, "")
    assert "a.png" in found.err
