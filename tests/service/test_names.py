"""Names and pages."""

from __future__ import annotations

import pytest

from inspector.errors import InvalidInputError
from inspector.service.names import MODELS, id_of, page, page_by_id, require_id


@pytest.mark.parametrize("text", ["a", "0", "resnet-50_v1.5", "x" * 63])
def test_an_id_passes(text: str) -> None:
    assert require_id(text, field="name") == text


BAD_IDS = [
    "",
    ".",
    "..",
    ".a",
    "-a",
    "_a",
    "A",
    "a/b",
    "../a",
    "a\0",
    "a\n",
    "a b",
    "ä",
    "x" * 64,
    "<b>",
    "a" * 10**6,
]


@pytest.mark.parametrize("text", BAD_IDS, ids=range(len(BAD_IDS)))
def test_what_is_no_id_is_refused_in_a_short_message(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        require_id(text, field="name")
    assert caught.value.reason == "INVALID_NAME"
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("name", ["toy", "models", "models/", "collections/toy", "models/a/b", "/models/toy"])
def test_what_is_no_resource_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        id_of(MODELS, name, field="name")


def test_pages_cover_a_list_once() -> None:
    items, token = list(range(25)), ""
    seen: list[int] = []
    while True:
        found, token = page(items, size=10, token=token, default=5, limit=100)
        seen.extend(found)
        if not token:
            break
    assert seen == items


def test_pages_by_id_skip_nothing_when_ids_come_and_go() -> None:
    first, token = page_by_id(["a", "b", "d"], size=2, token="", default=5, limit=100)
    second, end = page_by_id(["b", "c", "d"], size=2, token=token, default=5, limit=100)
    assert (list(first), list(second), end) == (["a", "b"], ["c", "d"], "")


@pytest.mark.parametrize("token", ["x", "-1", "１", "9" * 40])
def test_a_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidInputError):
        page([1, 2, 3], size=1, token=token, default=5, limit=100)


def test_a_page_is_never_larger_than_the_limit() -> None:
    assert len(page(range(50), size=40, token="", default=5, limit=20)[0]) == 20
    assert len(page(range(50), size=0, token="", default=5, limit=20)[0]) == 5
    with pytest.raises(InvalidInputError):
        page(range(50), size=-1, token="", default=5, limit=20)
