"""Which class a label names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from inspector.errors import InvalidInputError, NotFoundError, nearest

_WORDNET = re.compile(r"n\d{8}\s+")
"""The id that ImageNet's label files put before the words."""


def index_of_label(label: str, labels: Sequence[str] | None, *, what: str) -> int:
    """Return the index of the class of that name, of the model or output `what`.

    The label as it is written counts before one that differs in capitals alone, and that before one of several words
    for a class ("zebra" of "n02391049 zebra", "cat" of "tabby, cat"). NotFoundError names the nearest labels;
    InvalidInputError where there are no labels, or several classes are named so.
    """
    if not labels:
        raise InvalidInputError(
            f"The class is given by its label, {label!r}, but {what} has no labels. Give the class by its index, or "
            "load the model with labels.",
            reason="NO_LABELS",
            field="label",
        )
    for alike in _WAYS:
        found = [index for index, one in enumerate(labels) if alike(label, one)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidInputError(
                f"The label {label!r} is that of several classes: "
                f"{', '.join(f'{index} ({labels[index]})' for index in found[:8])}. Give the index.",
                reason="LABEL_AMBIGUOUS",
                field="label",
            )
    raise NotFoundError(
        f"There is no class {label!r} among the {len(labels)} labels of {what}."
        f"{nearest(label, _by_word(label, labels), most=3)}",
        reason="CLASS_NOT_FOUND",
        field="label",
    )


def _same(given: str, label: str) -> bool:
    return given == label


def _same_but_for_capitals(given: str, label: str) -> bool:
    return _plain(given) == _plain(label)


def _is_a_word_of(given: str, label: str) -> bool:
    return _plain(given) in map(_plain, label.split(","))


_WAYS: tuple[Callable[[str, str], bool], ...] = (_same, _same_but_for_capitals, _is_a_word_of)
"""How a label is compared, the strictest first."""


def _plain(text: str) -> str:
    """Return a label in small letters, without the id before it, with spaces for underscores."""
    return " ".join(_WORDNET.sub("", text.casefold().strip()).replace("_", " ").split())


def _by_word(given: str, labels: Sequence[str]) -> list[str]:
    """Return the labels among which the nearest are looked for: those that hold the word first, if there are any."""
    holding = [label for label in labels if _plain(given) and _plain(given) in _plain(label).split()]
    return holding if nearest(given, holding) else list(labels)
