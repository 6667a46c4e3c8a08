"""What Ultralytics writes of names and numbers, and texts that are there to take a reader's time."""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress

import pytest

from inspector.errors import InvalidModelError, LimitExceededError
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.literals import names_in, numbers_in
from inspector.model.read import read_model
from tests.support.bad_models import refused
from tests.support.graphs import model, node

MOST = 100_000
LONG = 16 * 2**20 - 100
"""Characters: all that metadata may be."""
SOON = 60.0
"""Seconds: a bound against hanging, far from what is measured."""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{0: 'person', 1: 'bicycle'}", ("person", "bicycle")),
        ("{1: 'b', 0: 'a'}", ("a", "b")),
        ("""{0: "cat's", 1: 'a "b"', 2: 'c\\'d', 3: 'e, f: {g}'}""", ("cat's", 'a "b"', "c'd", "e, f: {g}")),
        ("{'0': 'a', \"1\": 'b',}", ("a", "b")),
        ("{0: 7, 1: None}", ("7", "None")),
        ("['a', \"b\"]", ("a", "b")),
        ("('a', 'ä\\u00e4',)", ("a", "ää")),
        ("", None),
        ("{}", None),
        ("[]", None),
        ("None", None),
        ("{0: 'a', 2: 'b'}", None),
        ("{0: 'a' 1: 'b'}", None),
        ("{0: ['a']}", None),
        ("{0: 'a', 1: __import__('os')", None),
        ("{0: 'a", None),
    ],
)
def test_names_are_read_as_python_writes_them(text: str, names: tuple[str, ...] | None) -> None:
    assert names_in(text, most=MOST) == names


def test_whatever_names_python_writes_are_read() -> None:
    drawn = random.Random(0)  # noqa: S311 — chance, not secrets
    letters = "ab '\"\\,:{}[]\n\tä層\u202e0"
    for count in (1, 2, 5, 30):
        for _ in range(50):
            names = tuple("".join(drawn.choices(letters, k=drawn.randrange(8))) for _ in range(count))
            assert names_in(str(dict(enumerate(names))), most=MOST) == names
            assert names_in(str(list(names)), most=MOST) == names


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("[640, 320]", (640, 320)), ("(17, 3)", (17, 3)), ("[1.5, 2]", None), ("[True]", None), ("[" * 500, None),
     ("9" * 2000, None), ("{}", None), ("[640,", None)],
)  # fmt: skip
def test_numbers_are_read_as_python_writes_them(text: str, numbers: tuple[int, ...] | None) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        str(dict.fromkeys(range(LONG // 12), "a")), "{0: '" + "a" * LONG + "'}", "[" * LONG, "{0: '" + "\\" * LONG,
        "{0: " + "(" * LONG, "[" + "'a'," * (LONG // 4) + "]", "{" + " " * LONG + "}", "{0:" + " " * LONG, "-" * LONG,
        "{" + "1" * LONG + ": 'a'}", "['" + "a\\'" * (LONG // 3) + "']",
    ],
    ids=[
        "many", "long", "nested", "escapes", "parentheses", "list", "blank", "blank within",
        "signs", "number", "quotes",
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["names", "imgsz", "inspector.labels"])
def test_metadata_of_all_that_is_allowed_takes_no_time(key: str, text: str) -> None:
    proto = model([node("Relu", ["x"], "y")])
    for name, value in ((key, text), ("author", "Ultralytics")):
        proto.metadata_props.add(key=name, value=value)
    begun = time.monotonic()
    with suppress(InvalidModelError, LimitExceededError):
        read_model(proto.SerializeToString())
    assert time.monotonic() - begun < SOON


def test_labels_of_a_model_are_bounded_in_number_and_length() -> None:
    proto = model([node("Flatten", ["x"], "y")], shape=(1, 3, 2, 2))
    proto.metadata_props.add(
        key="inspector.labels", value=json.dumps([f"name number {index:08}" for index in range(12)])
    )
    data = proto.SerializeToString()
    assert len(read_model(data).labels or ()) == 12
    few = refused(
        data, "labels is 12; the limit is 11", error=LimitExceededError, limits=Limits(max_labels=11)
    )
    assert few.field == "max_labels"
    short = refused(data, "longest label is 20", error=LimitExceededError, limits=Limits(max_name_bytes=17))
    assert short.field == "max_name_bytes"
