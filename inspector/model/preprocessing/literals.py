"""Names and numbers as Ultralytics writes them, Python's literals in text: read in one pass, and within bounds.

`ast.literal_eval` builds a tree of the whole text first: seconds for a megabyte, and it may end in lack of memory.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_TEXT = r"'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'|\"[^\"\\\n]*+(?:\\.[^\"\\\n]*+)*+\""
_ENTRY = re.compile(
    rf"\s*+(?P<mark>['\"]?)(?P<key>\d{{1,9}})(?P=mark)\s*+:\s*+(?P<name>{_TEXT}|[^,{{}}\[\]'\"]{{1,200}})\s*+(?P<next>,|$)"
)
_ITEM = re.compile(rf"\s*+(?P<name>{_TEXT}|[^,{{}}\[\]'\"]{{1,200}})\s*+(?P<next>,|$)")
_LONGEST_ESCAPED = 10_000
"""Characters of a name whose escapes are undone."""
_LONGEST_NUMBERS = 1000
"""Characters of a text that holds a few numbers."""


def names_in(text: str, *, most: int) -> tuple[str, ...] | None:
    """Return the names of a dict by number, 0 first, or of a list; None for any other text, or more than `most`."""
    text = text.strip()
    match text[:1] + text[-1:]:
        case "{}":
            return _by_number(text[1:-1], most)
        case "[]" | "()":
            return _in_order(text[1:-1], most)
    return None


def numbers_in(text: str) -> tuple[int, ...] | None:
    """Return a few whole numbers of a list or tuple; None for any other text."""
    if len(text) > _LONGEST_NUMBERS:
        return None
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(value, list | tuple) or not all(type(one) is int for one in value):
        return None
    return tuple(value)


def _by_number(text: str, most: int) -> tuple[str, ...] | None:
    found: dict[int, str] = {}
    for entry in _matches(_ENTRY, text):
        if entry is None or len(found) == most:
            return None
        found[int(entry["key"])] = _name(entry["name"])
    if not found or sorted(found) != list(range(len(found))):
        return None
    return tuple(found[index] for index in range(len(found)))


def _in_order(text: str, most: int) -> tuple[str, ...] | None:
    found: list[str] = []
    for item in _matches(_ITEM, text):
        if item is None or len(found) == most:
            return None
        found.append(_name(item["name"]))
    return tuple(found) or None


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str] | None]:
    """Yield the entries of a text one behind the other; at last None where something else stands between."""
    text, place = text.strip(), 0
    while place < len(text):
        match = pattern.match(text, place)
        yield match
        if match is None:
            return
        place = match.end()


def _name(written: str) -> str:
    """Return a name as it is meant: without quotation marks, its escapes undone."""
    if written[0] not in "'\"":
        return written.strip()
    if "\\" not in written or len(written) > _LONGEST_ESCAPED:
        return written[1:-1]
    try:
        return str(ast.literal_eval(written))
    except (ValueError, SyntaxError):
        return written[1:-1]
