"""The page: whole, self-contained, in order, and nothing in it that a text could inject."""

from __future__ import annotations

from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import pytest
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.render.blocks import Entry, FigureSize
from inspector.render.report import ReportPage

VOID = {"meta", "img"}
NASTY = "<script>alert(\"x\")</script> & 'quotes'"


class Page(HTMLParser):
    """Reads a page into (tag, attributes, text), and checks that every tag is closed in turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[int] = []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        for index in self._open:
            self.elements[index][2].append(data)

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, "".join(words)) for name, attrs, words in self.elements if name == tag]

    def texts(self, tag: str) -> list[str]:
        return [text for _, text in self.all(tag)]


def picture(width: int = 8, height: int = 4) -> Image.Image:
    return Image.new("RGB", (width, height), (1, 2, 3))


def test_everything_is_there_in_order() -> None:
    report = ReportPage("Title", lead="Lead", footer="Footer")
    report.add_facts({"Opset": 13, "Accuracy": 0.98765, "Model": "m"})
    report.add_section("Layers", "All of them.")
    report.add_table(["Layer", "Channels"], [["conv1", 64], ["conv2", 1024]], caption="Catalog")
    report.add_section("Pictures")
    report.add_group("Units", "Strongest first.")
    report.add_figure(picture(), "A caption")
    report.add_note("Read with care")
    page = Page(report.to_html())
    assert page.texts("h1") == ["Title"]
    assert page.texts("h2") == ["Layers", "Pictures"]
    assert page.texts("h3") == ["Units"]
    assert page.texts("dd") == ["13", "0.9877", "m"]
    assert page.texts("th") == ["Layer", "Channels"]
    assert page.texts("td") == ["conv1", "64", "conv2", "1,024"]
    assert [attrs.get("class") for attrs, _ in page.all("td")] == [None, "number", None, "number"]
    assert page.texts("p") == ["Lead", "All of them.", "Strongest first.", "Read with care"]
    assert page.texts("figcaption") == ["A caption"]
    assert page.texts("footer") == ["Footer"]


def test_contents_lead_to_the_sections() -> None:
    report = ReportPage("Title")
    report.add_section("One")
    report.add_section("Two")
    page = Page(report.to_html())
    targets = {attrs["id"] for attrs, _ in page.all("section")}
    assert [attrs["href"] for attrs, _ in page.all("a")] == ["#section-1", "#section-2"]
    assert {"section-1", "section-2"} == targets


def test_every_text_is_escaped() -> None:
    report = ReportPage(NASTY, lead=NASTY, footer=NASTY)
    report.add_facts({NASTY: NASTY})
    for _ in range(2):
        report.add_section(NASTY, NASTY)
    report.add_group(NASTY)
    report.add_note(NASTY)
    report.add_table([NASTY], [[NASTY]], caption=NASTY)
    report.add_table([NASTY], [])
    report.add_figure(picture(), NASTY, alt=NASTY)
    html = report.to_html()
    page = Page(html)
    assert "<script" not in html
    assert page.all("script") == []
    for tag in ("h1", "title", "dt", "dd", "h2", "h3", "a", "caption", "th", "td", "figcaption", "footer"):
        assert set(page.texts(tag)) == {NASTY}, tag
    assert page.all("img")[0][0]["alt"] == NASTY


def test_the_page_stands_alone() -> None:
    report = ReportPage("Title")
    report.add_figure(picture(), "A caption")
    html = report.to_html()
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html
    assert "default-src 'none'" in html
    assert "prefers-color-scheme: dark" in html


def test_pictures_are_inside_with_size_and_alternative_text() -> None:
    report = ReportPage("Title")
    report.add_figure(picture(8, 4), "A caption", alt="What it shows")
    report.add_figure(picture(900, 4), "Another")
    (small, _), (large, _) = Page(report.to_html()).all("img")
    assert (small["width"], small["height"], small["alt"]) == ("8", "4", "What it shows")
    assert large["alt"] == "Another"
    assert small.get("class") == "pixels"
    assert "class" not in large
    data = (small["src"] or "").removeprefix("data:image/png;base64,")
    with Image.open(BytesIO(b64decode(data, validate=True))) as image:
        assert image.size == (8, 4)


def test_figures_of_one_size_share_a_grid_until_something_stands_between() -> None:
    report = ReportPage("Title")
    for size in (FigureSize.SMALL, FigureSize.SMALL, FigureSize.WIDE):
        report.add_figure(picture(), "x", size=size)
    report.add_text("between")
    report.add_figure(picture(), "x", size=FigureSize.WIDE)
    grids = [attrs["class"] for attrs, _ in Page(report.to_html()).all("div")]
    assert grids == ["figures small", "figures wide", "figures wide"]


def test_entries_have_their_place_details_and_remarks() -> None:
    report = ReportPage("Title")
    report.add_entries(
        "a-rule",
        [
            Entry(place="layer <conv>", text="It is off.", details={"measured": 3}),
            Entry(place="", text="So is all.", details={}),
        ],
        remarks={"why": "Because."},
    )
    html = report.to_html()
    assert html.count('<p class="place">') == 1
    for part in (
        "<h4>a-rule</h4>",
        "layer &lt;conv&gt;",
        "<dt>measured</dt><dd>3</dd>",
        "<dt>why</dt><dd>Because.</dd>",
    ):
        assert part in html


def test_a_row_with_a_cell_too_few_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="Row 1 has 1 cells for 2 columns"):
        ReportPage("Title").add_table(["a", "b"], [[1, 2], [3]])
