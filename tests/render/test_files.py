"""Files of every kind of result: what is in them is what the result says, and reading them needs no code of ours."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.render.arrays import arrays_of
from inspector.render.forms import forms_of_kind
from inspector.types.results.activations import Activation, Activations
from inspector.types.results.base import KINDS, Result
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.images import Example, ExampleRow, Examples, Images, Picture
from inspector.types.results.suffixes import PICTURES
from inspector.types.results.table import Row, Series, Table
from inspector.types.results.vectors import Vectors

NASTY = "<script>alert(1)</script>&\"'"
SHADE = np.full((4, 6, 3), 9, np.uint8)
TABLE = Table(
    columns=("name", "share", "count", "is dead", "mixed"),
    rows=(Row(cells=(NASTY, 0.5, 3, True, "a")), Row(cells=("b", None, 4, False, 2))),
    title=NASTY,
    notes=(NASTY,),  # type: ignore[arg-type]  # a note is a text
)
SERIES = Series(x=np.arange(3.0), curves={"a": np.array([1.0, 2.0, 4.0])}, x_label="x", y_label="y")
IMAGES = Images(
    images=(Picture(pixels=SHADE, caption=NASTY, value=2.0, values=np.ones((3, 4, 6), np.float32)),)
)
EXAMPLES = Examples(
    rows=(
        ExampleRow(
            title="unit 3",
            examples=(
                Example(image=NASTY, value=1.5, window=(0, 0, 4, 6), pixels=SHADE, projection=SHADE + 1),
            ),
        ),
    )
)
FIGURE = Figure(
    title=NASTY,
    panels=(
        Panel(title="a", result=IMAGES, caption=NASTY),
        Panel(title="b", result=TABLE),
        Panel(title="", result=SERIES),
        Panel(title="b", result=Vectors(vectors=np.ones((2, 3), np.float32), layer="l", pooling="mean")),
    ),
)
ALL: dict[str, Result] = {
    "table": TABLE,
    "series": SERIES,
    "images": IMAGES,
    "examples": EXAMPLES,
    "figure": FIGURE,
    "activations": Activations(activations=(Activation(layer="file", values=np.ones((1, 2, 3, 3))),)),
}


def loaded(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", ALL)
def test_every_form_of_every_kind_is_written_and_read_back(tmp_path: Path, name: str) -> None:
    result = ALL[name]
    for suffix in forms_of_kind(type(result)):
        written = result.save(tmp_path / f"answer{suffix}")
        assert written
        for path in written:
            _read(path)


def _read(path: Path) -> None:
    match path.suffix:
        case ".csv":
            assert len({len(row) for row in csv.reader(path.read_text().splitlines())}) == 1
        case ".json":
            assert json.loads(path.read_text()) is not None
        case ".npz":
            assert loaded(path)
        case ".npy":
            assert np.load(path).size
        case ".html":
            assert path.read_text().startswith("<!doctype html>")
        case _:
            with Image.open(path) as picture:
                assert picture.width > 0


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_has_arrays_a_document_and_a_page(name: str) -> None:
    assert {".npz", ".json", ".html"} <= set(forms_of_kind(dict(KINDS.items())[name]))


def test_the_arrays_of_a_figure_have_paths(tmp_path: Path) -> None:
    (path,) = FIGURE.save(tmp_path / "f.npz")
    found = loaded(path)
    assert set(found) >= {
        "a/images/0/pixels",
        "a/images/0/values",
        "b 2/name",
        "part 3/x",
        "part 3/a",
        "b 4/vectors",
    }
    np.testing.assert_array_equal(found["a/images/0/pixels"], SHADE)
    np.testing.assert_array_equal(found["part 3/a"], [1, 2, 4])
    assert found["a/images/0/values"].dtype == np.float32


def test_columns_are_arrays_of_their_type(tmp_path: Path) -> None:
    found = loaded(TABLE.save(tmp_path / "t.npz")[0])
    assert {name: values.dtype.kind for name, values in found.items()} == {
        "name": "U",
        "share": "f",
        "count": "i",
        "is dead": "b",
        "mixed": "U",
    }
    assert np.isnan(found["share"][1])
    assert found["name"].tolist() == [NASTY, "b"]


def test_examples_keep_their_pixels_and_their_table() -> None:
    found = arrays_of(EXAMPLES)
    np.testing.assert_array_equal(found["rows/0/examples/0/projection"], SHADE + 1)
    assert found["value"].tolist() == [1.5]


def test_a_layer_may_be_called_as_anything(tmp_path: Path) -> None:
    found = loaded(ALL["activations"].save(tmp_path / "a.npz")[0])
    assert found["file"].shape == (1, 2, 3, 3)
    np.testing.assert_array_equal(np.load(ALL["activations"].save(tmp_path / "a.npy")[0]), found["file"])


def test_a_document_of_a_figure_has_its_parts_in_their_own_forms(tmp_path: Path) -> None:
    (path,) = FIGURE.save(tmp_path / "f.json")
    found = json.loads(path.read_text())
    assert found["title"] == NASTY
    assert [one["title"] for one in found["panels"]] == ["a", "b", "", "b"]
    assert found["panels"][3]["result"] == [
        {"image": number, "vector": [1.0, 1.0, 1.0], "notes": []} for number in range(2)
    ]
    assert "pixels" not in found["panels"][0]["result"]["images"][0]


class Whole(HTMLParser):
    """Reads HTML, checks that every tag is closed in turn, and keeps the names of tags and the texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "img"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _shown(result: Result, folder: Path) -> Iterator[str]:
    yield result._repr_html_()
    yield result.save(folder / "page.html")[0].read_text()


@pytest.mark.parametrize("name", ALL)
def test_pages_and_notebooks_hold_no_word_as_code(tmp_path: Path, name: str) -> None:
    for html in _shown(ALL[name], tmp_path):
        read = Whole(html)
        assert not {"script", "iframe", "link", "object"} & set(read.tags)
        assert "://" not in html
        if name in {"table", "figure", "images"}:
            assert NASTY in "".join(read.words)
    assert "img" in read.tags or name == "table"


def test_a_figure_shows_each_part_once(tmp_path: Path) -> None:
    for html in _shown(FIGURE, tmp_path):
        assert html.count("data:image/png") == 2  # the picture, and the curves
        assert html.count("<table") == 4


def test_a_long_table_is_cut_in_notebooks_only(tmp_path: Path) -> None:
    long = Table(columns=("a",), rows=tuple(Row(cells=(index,)) for index in range(500)))
    assert "440 more rows" in long._repr_html_()
    assert long.save(tmp_path / "l.html")[0].read_text().count("<tr>") == 501


@pytest.mark.parametrize(
    ("result", "name", "words", "reason"),
    [
        (TABLE, "a.png", r"this Table gives no picture\. Give a file that ends in \.npz", "NO_PICTURE"),
        (TABLE, "a.htm", r"writes no \.htm files.*Did you mean '\.html'", "UNKNOWN_FORMAT"),
        (FIGURE, "a.npy", "gives more than one array", "UNKNOWN_FORMAT"),
        (FIGURE, "a.csv", "gives no table", "UNKNOWN_FORMAT"),
    ],
)
def test_another_suffix_is_an_error_that_names_the_forms(
    tmp_path: Path, result: Result, name: str, words: str, reason: str
) -> None:
    with pytest.raises(InvalidInputError, match=words) as caught:
        result.save(tmp_path / name)
    assert (caught.value.field, caught.value.reason) == ("path", reason)
    assert not list(tmp_path.iterdir())


def test_one_picture_goes_only_to_a_picture(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="where a picture of it was asked for"):
        IMAGES.save(tmp_path / "a.npz", index=0)


def test_a_drawing_names_its_options() -> None:
    with pytest.raises(InvalidInputError, match="has no option 'crops'") as caught:
        IMAGES.pictures(crops=True)
    assert caught.value.field == "crops"


def test_fields_of_a_result_are_not_changed_by_showing_it(tmp_path: Path) -> None:
    before = {one.name: getattr(FIGURE, one.name) for one in dataclasses.fields(FIGURE)}
    FIGURE.save(tmp_path / "f.html")
    assert before == {one.name: getattr(FIGURE, one.name) for one in dataclasses.fields(FIGURE)}


def test_suffixes_of_pictures_are_written_as_what_they_say(tmp_path: Path) -> None:
    kinds: set[Any] = set()
    for suffix in PICTURES:
        (path,) = IMAGES.save(tmp_path / f"a{suffix.upper()}")
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            kinds.add(picture.format)
    assert kinds == {"PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"}


def test_a_figure_whose_parts_stand_side_by_side_is_one_picture(tmp_path: Path) -> None:
    for html in _shown(dataclasses.replace(FIGURE, columns=2), tmp_path):
        assert html.count("data:image/png") == 1
        assert html.count("<table") == 4
