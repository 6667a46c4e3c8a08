"""A report: sections of facts, tables, figures and notes that become one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL.Image import Image

from inspector.errors import InvalidInputError
from inspector.render.blocks import (
    Block,
    Cell,
    Entries,
    Entry,
    Facts,
    Figure,
    FigureGrid,
    FigureSize,
    NoteBlock,
    Paragraph,
    Section,
    Subheading,
    TableBlock,
)
from inspector.render.page import page
from inspector.render.png import to_png


class ReportPage:
    """Collects a page from top to bottom: what is added goes to the end of the section begun last."""

    def __init__(self, title: str, *, lead: str = "", footer: str = "") -> None:
        self._title = title
        self._lead = lead
        self._footer = footer
        self._opening = Section(title="")
        self._sections: list[Section] = []

    def add_section(self, title: str, text: str = "") -> None:
        """Begin a section, with a paragraph of text if given."""
        self._sections.append(Section(title=title))
        if text:
            self.add_text(text)

    def add_group(self, title: str, text: str = "") -> None:
        """Begin a group within the section."""
        self._add(Subheading(text=title))
        if text:
            self.add_text(text)

    def add_text(self, text: str) -> None:
        """Add a paragraph."""
        self._add(Paragraph(text=text))

    def add_note(self, text: str) -> None:
        """Add a note that is set apart from the text."""
        self._add(NoteBlock(text=text))

    def add_facts(self, rows: Mapping[str, Cell]) -> None:
        """Add names with their values."""
        self._add(Facts(rows=dict(rows)))

    def add_table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        caption: str | None = None,
        bars: Sequence[float] = (),
        bar_of: int = 0,
    ) -> None:
        """Add a table; InvalidInputError where a row has not one cell per column.

        `bars` says per row how full a bar is, 0..1, that is drawn in the column `bar_of`.
        """
        for index, row in enumerate(rows):
            if len(row) != len(columns):
                raise InvalidInputError(
                    f"Row {index} has {len(row)} cells for {len(columns)} columns; give one for each.",
                    field="rows",
                )
        self._add(
            TableBlock(
                columns=tuple(columns),
                rows=tuple(map(tuple, rows)),
                caption=caption,
                bars=tuple(bars),
                bar_of=bar_of,
            )
        )

    def add_entries(self, name: str, entries: Sequence[Entry], *, remarks: Mapping[str, str]) -> None:
        """Add what is told under a name, each with its place and details, and below it remarks on all of it."""
        self._add(Entries(name=name, entries=tuple(entries), remarks=dict(remarks)))

    def add_figure(
        self,
        image: Image,
        caption: str,
        *,
        alt: str | None = None,
        size: FigureSize = FigureSize.MEDIUM,
    ) -> None:
        """Add a picture; `alt` says what it shows to who cannot see it, by default the caption."""
        blocks = self._current.blocks
        last = blocks[-1] if blocks else None
        if not isinstance(last, FigureGrid) or last.size is not size:
            last = FigureGrid(size=size)
            blocks.append(last)
        last.figures.append(
            Figure(
                png=to_png(image), width=image.width, height=image.height, caption=caption, alt=alt or caption
            )
        )

    def to_html(self) -> str:
        """Return one self-contained page: no script, no file or address beside it."""
        return page(
            title=self._title,
            lead=self._lead,
            footer=self._footer,
            opening=self._opening,
            sections=self._sections,
        )

    @property
    def _current(self) -> Section:
        return self._sections[-1] if self._sections else self._opening

    def _add(self, block: Block) -> None:
        self._current.blocks.append(block)
