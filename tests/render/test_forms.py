"""Errors about a suffix name those that there are, as a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.render.forms import no_form


@pytest.mark.parametrize(
    ("forms", "told"),
    [
        ((".html",), "Give a file that ends in .html."),
        ((".csv", ".html"), "Give a file that ends in .csv or .html."),
        ((".csv", ".json", ".html"), "Give a file that ends in .csv, .json or .html."),
    ],
)
def test_the_forms_are_listed(forms: tuple[str, ...], told: str) -> None:
    assert told in no_form(Path("answer.txt"), who="It", forms=forms, field="output").message
