"""Notes: what a result says about itself, in a sentence for people with a stable id for machines."""

from __future__ import annotations


class Note(str):
    """A sentence with a stable id in lower_snake_case, such as "ran_alone"."""

    __slots__ = ("id",)
    id: str

    def __new__(cls, text: str, *, id: str) -> Note:  # noqa: A002 — it is the field's name on the wire
        """Make the note `text`, which is the string itself."""
        note = super().__new__(cls, text)
        note.id = id
        return note

    def __reduce__(self) -> tuple[object, ...]:
        return _note, (str(self), self.id)


def _note(text: str, identifier: str) -> Note:
    return Note(text, id=identifier)
