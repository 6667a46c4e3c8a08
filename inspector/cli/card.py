"""`inspector card`."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from inspector import __version__
from inspector.cli.check import BesideOptions, RuleOptions, plan_of, rules_here
from inspector.cli.destination import destination
from inspector.cli.exits import exit_code
from inspector.cli.options import ANSWER, ModelName, WhereOptions
from inspector.cli.output import progress_bar, say_notes, write_text
from inspector.cli.parameters import grouped
from inspector.cli.where import open_model
from inspector.errors import DeadlineExceededError, InvalidInputError
from inspector.face.checking import Subject, check_subjects
from inspector.render.bom import bom
from inspector.render.model_card import markdown_card
from inspector.report.card import model_card
from inspector.types.model_files import find_models, name_of
from inspector.types.results.suffixes import DOCUMENT

EPOCH = "SOURCE_DATE_EPOCH"
"""The variable by which builds that can be repeated say when they were made, in seconds since 1970."""

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="A card for people (.md), or a bill of materials (.json: CycloneDX 1.6); default: the card, printed.",
        rich_help_panel=ANSWER,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the bill of materials.", rich_help_panel=ANSWER)]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="What the project says of its checks (see `inspector check --help`); default: the nearest one.",
    ),
]


@grouped
def card(
    model: ModelName,
    *,
    beside: BesideOptions,
    where: WhereOptions,
    config: Config = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Write a model card: what it takes and gives, what it is made of, what was found; or its bill of materials."""
    where.require_consistent()
    to = destination(output, command="card", forms=(".md", *DOCUMENT))
    if to is not None and as_json:
        raise InvalidInputError("--json prints the bill of materials; leave it out with -o.", field="json")
    made = _now()
    plan = plan_of(beside, RuleOptions(config=config))
    rules = rules_here()
    with (
        open_model(model, where) as opened,
        progress_bar("card", as_json=as_json) as progress,
    ):
        subject = Subject(name=_name(model, where), open=lambda: nullcontext(opened))
        (checked,) = check_subjects(
            [subject], plan, rules=rules, progress=progress, seconds_left=lambda: where.seconds_left
        ).checked
        if isinstance(checked.error, DeadlineExceededError):
            raise checked.error
        found = model_card(opened, checked)
    is_bill = as_json if to is None else to.suffix in DOCUMENT
    text = bom(found, made=made, version=__version__) if is_bill else markdown_card(found)
    if to is None:
        sys.stdout.write(text)
    else:
        write_text(to.path, text)
    if checked.error is not None:
        say_notes([f"the model was not looked over: {found.unchecked}"])
        raise typer.Exit(exit_code(checked.error))


def _name(model: str, where: WhereOptions) -> str:
    """Return how a model is named where a configuration speaks of it: as `inspector check` names it."""
    if where.server is not None:
        return model
    files = find_models([model])
    return name_of(files[0] if len(files) == 1 else model)


def _now() -> datetime:
    """Return when the card is made; as SOURCE_DATE_EPOCH says, where it is set."""
    given = os.environ.get(EPOCH)
    if not given:
        return datetime.now(tz=UTC)
    try:
        return datetime.fromtimestamp(int(given), tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInputError(
            f"{EPOCH} is {given!r}; give whole seconds since 1970, or leave it out.", field=EPOCH
        ) from error
