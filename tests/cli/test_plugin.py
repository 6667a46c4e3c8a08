"""A verb from one file outside the package: its request and its answer, in Python and in the shell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import inspector as package
from inspector.cli.exits import EXIT_INTERNAL, EXIT_USAGE
from inspector.methods.verbs import ANSWERS
from inspector.plugins import VARIABLE, _failures, load_plugins
from inspector.registry import Registry
from inspector.types.requests.base import REQUESTS
from tests.cli.conftest import Place
from tests.support.command import Command

SOURCE = '''
"""A toy verb."""

from dataclasses import dataclass
from typing import Literal

from inspector.methods.verbs import answers
from inspector.model.preprocessing.prepare import prepare
from inspector.types.notes import Note
from inspector.types.requests.base import ImagesRequest, option, verb
from inspector.types.results.table import Row, Table
from inspector.types.targets import Target, as_target


@verb("{name}")
@dataclass(frozen=True, kw_only=True, eq=False)
class ToyRequest(ImagesRequest[Table]):
    """Play with images."""

    strength: int = option(help="How hard [of 9].", short="s")
    way: Literal["soft", "loud"] = option("soft", help="How.")
    scale: float = option(0.5, help="A factor.")
    again: bool = option(False, help="Once more.")
    quiet: bool = option(True, help="Without a sound.")
    names: tuple[str, ...] = option((), help="Names.")
    weights: tuple[float, ...] | None = option(None, help="Numbers.")
    target: Target | None = option(None, help="What for.", take=as_target)


@answers(ToyRequest)
def toy(run, request):
    run.control.tell(1, 1)
    x = prepare(run.engine.model, request.images)
    given = (request.strength, request.way, request.scale, request.again, request.quiet)
    lists = (",".join(request.names), str(request.weights), str(request.target))
    return Table(
        columns=("image", "toy"),
        rows=tuple(Row(cells=(index, " ".join(map(str, (*given, *lists))))) for index in range(len(x))),
        title="toys",
        notes=(Note("It is a toy.", id="toy"),),
    )
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Give a function that writes a module and names it as a plugin; what it registers goes with the test."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def write(name: str, source: str) -> None:
        (tmp_path / f"{name}.py").write_text(source)
        names.append(name)
        monkeypatch.setenv(VARIABLE, f" {','.join(names)}, ")

    yield write
    registries: list[tuple[Registry[Any, Any], Callable[[Any], Any]]] = [
        (REQUESTS, REQUESTS.get),
        (ANSWERS, lambda request: request),
    ]
    for registry, owner in registries:
        for key in [key for key in registry if owner(key).__module__ in names]:
            del registry._items[key]
    for name in names:
        sys.modules.pop(name, None)
        _failures.pop(name, None)


def test_a_verb_of_a_plugin_in_the_shell(
    inspector: Command, place: Place, plugin: Callable[..., Any]
) -> None:
    plugin("toys_in_the_shell", SOURCE.replace("{name}", "toy"))
    found = inspector("toy", place.model, place.image, "--strength", 3, "--json").json()
    assert found["columns"] == ["image", "toy"]
    assert found["rows"] == [
        {
            "cells": [
                0,
                "3 soft 0.5 False True  None Class(index=None, output=None, position=None, label=None)",
            ]
        }
    ]
    assert found["notes"] == ["It is a toy."]
    options = (
        "-s",
        4,
        "--way",
        "loud",
        "--scale",
        2,
        "--again",
        "--no-quiet",
        "--names",
        "a,b",
        "--names",
        "c",
    )
    said = inspector("toy", place.model, place.images, *options, "--weights", "1,2.5", "--class", 3)
    assert said.code == 0
    assert said.out.splitlines()[0] == "toys"
    assert (
        "4 loud 2.0 True False a,b,c (1.0, 2.5) Class(index=3, output=None, position=None, label=None)"
        in said.out
    )
    assert "photo4.png" in said.out
    assert said.err == "note: It is a toy.\n"


def test_its_help_and_its_errors(inspector: Command, place: Place, plugin: Callable[..., Any]) -> None:
    plugin("toys_that_help", SOURCE.replace("{name}", "toy"))
    assert "Play with images." in inspector("--help").out
    helped = inspector("toy", "--help").out
    assert "How hard [of 9]." in helped
    assert "soft|loud" in helped
    assert "[default: 0.5]" in helped
    assert "[default: soft]" in helped
    missing = inspector("toy", place.model, place.image)
    assert missing.code == EXIT_USAGE
    assert "--strength" in missing.err
    wrong = inspector("toy", place.model, place.image, "-s", 1, "--way", "lout")
    assert wrong.code == EXIT_USAGE
    assert "Did you mean 'loud'" in wrong.err
    near = inspector("toi", place.model, place.image)
    assert near.code == EXIT_USAGE
    assert "'toy'" in near.err


def test_a_verb_of_a_plugin_in_python(place: Place, plugin: Callable[..., Any]) -> None:
    plugin("toys_in_python", SOURCE.replace("{name}", "toy"))
    with package.load(place.model, device="cpu") as model:
        anything: Any = model  # what knows the verb was written by this test
        found = anything.toy(place.image, strength=9)
    assert found.table()[1][0][1].startswith("9 soft")


def test_a_plugin_is_imported_once(plugin: Callable[..., Any], tmp_path: Path) -> None:
    plugin("counted", f"with open({str(tmp_path / 'count')!r}, 'a') as file:\n    file.write('x')\n")
    assert load_plugins() == load_plugins() == ("counted",)
    assert (tmp_path / "count").read_text() == "x"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import no_such_module", "no_such_module"),
        (SOURCE.replace("{name}", "predict"), "registered twice"),
    ],
    ids=["a bug", "a missing module", "a verb that is taken"],
)
def test_a_plugin_that_cannot_be_imported_is_named(
    inspector: Command, plugin: Callable[..., Any], source: str, words: str
) -> None:
    plugin("broken_toys", source)
    found = inspector("--help")
    assert found.code == EXIT_INTERNAL
    assert "'broken_toys'" in found.err
    assert words in found.err
    assert VARIABLE in found.err


def test_an_option_that_is_taken_is_named(
    inspector: Command, place: Place, plugin: Callable[..., Any]
) -> None:
    source = SOURCE.replace("{name}", "toy").replace("strength: int", "device: int")
    plugin("greedy_toys", source.replace("request.strength", "request.device"))
    found = inspector("toy", place.model, place.image)
    assert found.code == EXIT_INTERNAL
    assert "'toy' has the option --device twice" in found.err
