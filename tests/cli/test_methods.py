"""`inspector methods NAME`: the card, here and from a service."""

from __future__ import annotations

import pytest

from inspector.cli.exits import EXIT_USAGE
from inspector.face.catalog import verbs
from tests.cli.conftest import Place
from tests.support.command import Command

CARDS = {one.name: one.card for one in verbs() if one.card is not None}


@pytest.mark.parametrize("name", ["predict", "ablate"])
def test_a_card_is_printed(inspector: Command, name: str) -> None:
    found = inspector("methods", name)
    assert found.code == 0
    words = " ".join(found.out.replace("│", " ").split())
    card = CARDS[name]
    for text in (card.formula, card.source, card.shows, card.hides, card.cost):
        assert text.split(maxsplit=1)[0] in words
    assert inspector("methods", name, "--json").json()["card"]["cost"] == card.cost


@pytest.mark.parametrize("name", [None, "gradcam", "rise"])
def test_every_option_has_a_line(inspector: Command, name: str | None) -> None:
    found = inspector("methods", *([] if name is None else [name]))
    assert "\\n" not in found.out
    assert "layer (a text)" in found.out or name == "rise"


def test_a_service_tells_the_same(inspector: Command, place: Place, address: str) -> None:
    here, there = inspector("methods", "predict"), inspector("methods", "predict", "--server", address)
    assert here == there


def test_a_name_that_is_not_there_names_the_nearest(inspector: Command) -> None:
    found = inspector("methods", "salience")
    assert found.code == EXIT_USAGE
    assert "Did you mean 'saliency'" in found.err


def test_every_verb_is_a_command_that_can_be_made(inspector: Command) -> None:
    for one in verbs():
        found = inspector(one.name, "--help")
        assert (found.code, found.err) == (0, ""), one.name
