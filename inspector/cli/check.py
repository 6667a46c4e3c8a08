"""`inspector check`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspector.cli.destination import require_writable
from inspector.cli.engine import engine_needed
from inspector.cli.exits import EXIT_DONE, EXIT_INCOMPLETE, EXIT_INTERNAL, exit_code
from inspector.cli.findings import deliver_findings, places_of
from inspector.cli.options import ANSWER, Json, WhereOptions
from inspector.cli.output import paragraphs, print_json, print_table, progress_bar, say
from inspector.cli.parameters import grouped
from inspector.cli.texts import read_labels, read_pairs, read_preprocessing
from inspector.cli.where import connect
from inspector.errors import InvalidInputError, unknown_name
from inspector.face.checking import Plan, Subject, check_subjects
from inspector.findings.accepted import let_be, write_accepted
from inspector.findings.checked import FAIL_ON, CheckRun, require_fail_on
from inspector.findings.choices import Choices
from inspector.findings.configuration import Configuration, find_configuration, read_configuration
from inspector.findings.rule_info import NEEDS, RuleInfo, default_of
from inspector.findings.words import counted
from inspector.types.requests.check import as_severities

if TYPE_CHECKING:
    from inspector.face.model import Told

RULES = "Which rules"
"""A panel of the help."""

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL...",
        help="Files, folders and patterns such as 'exports/*.onnx'; with --server, names of models.",
        show_default=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class BesideOptions:
    """What models are looked at with."""

    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data", metavar="PATH", help="Images, arrays (.npy, .npz), or folders of them. Repeatable."
        ),
    ] = None
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="MODEL",
            help="A model that these should compute the same as: the one before.",
        ),
    ] = None
    golden: Annotated[
        Path | None,
        typer.Option(
            "--golden", metavar="FILE.npz", help="Recorded inputs and outputs (`inspector record`)."
        ),
    ] = None
    boxes: Annotated[
        Path | None,
        typer.Option(
            "--boxes", metavar="FILE", help="Where the objects are on the images: .json, .csv or .npy."
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class RuleOptions:
    """Which rules look, and how."""

    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="inspector.toml, or a pyproject.toml with \\[tool.inspector.check]; default: the nearest one, "
            "from the working directory upwards.",
            rich_help_panel=RULES,
        ),
    ] = None
    no_config: Annotated[
        bool, typer.Option("--no-config", help="Look for no configuration.", rich_help_panel=RULES)
    ] = False
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            metavar="ID[,ID…]",
            help="Only these rules: ids, families, or patterns such as 'batch-*'. Repeatable.",
            rich_help_panel=RULES,
        ),
    ] = None
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="ID[,ID…]", help="Not these. Repeatable.", rich_help_panel=RULES),
    ] = None
    severities: Annotated[
        list[str] | None,
        typer.Option(
            "--severities",
            "--severity",
            metavar="ID=SEVERITY",
            help="Another severity than a rule's own: error, warning, info or off. Repeatable.",
            rich_help_panel=RULES,
        ),
    ] = None
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "--option",
            metavar="RULE.SETTING=VALUE",
            help="A setting of a rule (--explain RULE lists them). Repeatable.",
            rich_help_panel=RULES,
        ),
    ] = None
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="|".join(FAIL_ON),
            help="From which severity on a finding ends the command with 1; default: error.",
            rich_help_panel=RULES,
        ),
    ] = None
    accepted: Annotated[
        Path | None,
        typer.Option(
            "--accepted",
            metavar="FILE.json",
            help="Let the findings be that were accepted on another day.",
            rich_help_panel=RULES,
        ),
    ] = None
    accept: Annotated[
        Path | None,
        typer.Option(
            "--accept",
            metavar="FILE.json",
            help="Accept the findings of today: write them for --accepted.",
            rich_help_panel=RULES,
        ),
    ] = None


Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="NAME[=FILE]",
        help="text, json, junit, sarif, github, html, csv, …; with =FILE into a file. Repeatable.",
        rich_help_panel=ANSWER,
    ),
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="A file, in the format that its suffix says: .sarif, .xml (JUnit), .json, .html, .csv, .txt. Repeatable.",
        rich_help_panel=ANSWER,
    ),
]
Explain = Annotated[
    str | None,
    typer.Option(
        "--explain",
        metavar="ID",
        help="Tell what a rule finds, why, and how to mend it.",
        rich_help_panel=RULES,
    ),
]
List = Annotated[bool, typer.Option("--list", help="List the rules.", rich_help_panel=RULES)]


@grouped
def check(
    models: Models = None,
    *,
    beside: BesideOptions,
    rules: RuleOptions,
    where: WhereOptions,
    formats: Formats = None,
    outputs: Outputs = None,
    as_json: Json = False,
    explain: Explain = None,
    list_rules: List = False,
) -> None:
    """Look models over by rules, and report what was found, worst first; it ends with 1 where one should not ship."""
    if explain is not None or list_rules:
        _tell(explain, as_json=as_json)
        return
    if not models:
        raise InvalidInputError(
            "No model is given; give files, folders or patterns.", reason="MISSING", field="models"
        )
    where.require_consistent()
    if rules.accept is not None:
        require_writable(rules.accept)
    places = places_of([*(formats or ()), *(["json"] if as_json else ())], outputs or ())
    plan = plan_of(beside, rules)
    with progress_bar("check", as_json=as_json) as progress:
        run = _there(models, plan, where, progress) if where.server else _here(models, plan, where, progress)
    if rules.accept is not None:
        run = _accepting(run, rules.accept)
    deliver_findings(run, places)
    if code := exit_of(run):
        raise typer.Exit(code)


def exit_of(run: CheckRun) -> int:
    """Return the code with which the command ends: the largest of its models'."""
    codes = [EXIT_DONE]
    for one in run.checked:
        if one.error is not None:
            codes.append(exit_code(one.error))
        elif one.broken:
            codes.append(EXIT_INTERNAL)
        elif one.fails(run.fail_on):
            codes.append(EXIT_INCOMPLETE)
    return max(codes)


def _here(models: Sequence[str], plan: Plan, where: WhereOptions, progress: Told | None) -> CheckRun:
    given, labels = read_preprocessing(where.preprocessing), read_labels(where.labels)
    with engine_needed():
        from inspector.face.check import check_here  # noqa: PLC0415 — the engine, which may not be installed
    return check_here(
        models,
        plan,
        device=where.device or "auto",
        preprocessing=given,
        labels=labels,
        progress=progress,
        seconds_left=lambda: where.seconds_left,
    )


def _there(models: Sequence[str], plan: Plan, where: WhereOptions, progress: Told | None) -> CheckRun:
    """Ask a service, for which the base install is enough; of its rules is known what is known of those here."""
    with connect(where) as client:

        def opening(name: str) -> Any:
            return nullcontext(client.model(name))

        subjects = [Subject(name=name, open=partial(opening, name)) for name in dict.fromkeys(models)]
        return check_subjects(
            subjects, plan, rules=rules_here(), progress=progress, seconds_left=lambda: where.seconds_left
        )


def rules_here() -> dict[str, RuleInfo]:
    """Return what is known of the rules here: in the base install nothing."""
    try:
        from inspector.face.check import known_rules  # noqa: PLC0415
    except ImportError:
        return {}
    return known_rules()


def plan_of(beside: BesideOptions, rules: RuleOptions) -> Plan:
    """Return what models are asked, by what was typed and the configuration."""
    if rules.fail_on is not None:
        require_fail_on(rules.fail_on, what="--fail-on", field="fail-on")
    over = Choices(
        select=_listed(rules.select),
        ignore=_listed(rules.ignore),
        severities=as_severities(_listed(rules.severities)),
        settings=_settings(rules.settings or ()),
        data=tuple(map(str, beside.data)) if beside.data else None,
        baseline=beside.baseline,
        golden=None if beside.golden is None else str(beside.golden),
        boxes=None if beside.boxes is None else str(beside.boxes),
    )
    return Plan(
        configuration=_configuration(rules),
        over=over,
        fail_on=rules.fail_on,
        accepted=rules.accepted,
        accepts_all=rules.accept is not None,
    )


def _configuration(rules: RuleOptions) -> Configuration:
    if rules.config is not None:
        return read_configuration(rules.config)
    return Configuration() if rules.no_config else find_configuration()


def _listed(given: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return texts with commas between, given any number of times."""
    return (
        tuple(part.strip() for text in given for part in text.split(",") if part.strip()) if given else None
    )


def _settings(given: Sequence[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, value in read_pairs(given, option="--set", shape="RULE.SETTING=VALUE").items():
        rule, dot, setting = name.partition(".")
        if not (rule and dot and setting):
            raise InvalidInputError(f"--set is {name!r}; give RULE.SETTING=VALUE.", field="set")
        found.setdefault(rule, {})[setting] = value
    return found


def _accepting(run: CheckRun, path: Path) -> CheckRun:
    """Write the findings of a run as accepted, and return the run in which they are."""
    accepted = write_accepted(path, run.checked)
    return replace(run, checked=tuple(let_be(run.checked, accepted, file=path.name)))


def _tell(identifier: str | None, *, as_json: bool) -> None:
    with engine_needed():
        from inspector.face.check import known_rules  # noqa: PLC0415
    known = known_rules()
    if identifier is not None and identifier not in known:
        raise unknown_name("rule", identifier, known, field="explain")
    told = list(known.values()) if identifier is None else [known[identifier]]
    if as_json:
        print_json(told if identifier is None else told[0])
    elif identifier is None:
        rows = [(one.id, one.family, one.severity, ", ".join(one.needs), one.title) for one in told]
        print_table(
            ("rule", "family", "severity", "needs", "what it finds"), rows, title=counted(len(told), "rule")
        )
    else:
        _explain(told[0])


def _explain(one: RuleInfo) -> None:
    say(f"{one.id}: {one.title}")
    settings = tuple(f"{info.name} = {default_of(info)} ({info.allowed})" for info in one.settings)
    parts = [
        ("why", one.rationale),
        ("how", paragraphs(one.description) if one.description else ""),
        ("to mend", one.mend),
        ("family", one.family),
        ("severity", one.severity),
        ("needs", tuple(NEEDS.get(need, need) for need in one.needs)),
        ("settings", settings or "none"),
    ]
    print_table(("", ""), [part for part in parts if part[1]])
