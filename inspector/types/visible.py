"""Text that others wrote, as it may stand in a terminal, a log or a page: what would act there is written out.

A model names its layers and labels, a caller its models, items and metadata. An escape sequence among them would color,
move or retitle a terminal, a line break would begin a line of a log that nobody wrote, an override of the direction of
writing would let a name read as another.
"""

from __future__ import annotations

import re

_ACTING = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # controls of C0 and C1, among them ESC and CSI, line breaks and tabs
    "\u2028\u2029\ufeff"  # separators of lines and paragraphs, the mark of byte order
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # the direction of writing
    "\ud800-\udfff"  # halves of pairs, which no encoding takes
    "\U000e0000-\U000e007f"  # tags, which nothing shows
    "]"
)


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return a text without characters that act: each is written as Python writes it, such as `\x1b`.

    With `lines`, line breaks and tabs stay as they are: for where several lines may stand.
    """
    return _ACTING.sub(lambda found: _written(found[0], lines=lines), text)


def _written(character: str, *, lines: bool) -> str:
    if lines and character in "\n\t":
        return character
    return repr(character)[1:-1]
