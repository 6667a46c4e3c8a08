"""Every format, parsed back by a reader that is not ours, also where names are hostile."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from inspector.errors import InvalidInputError, NotFoundError
from inspector.findings.checked import Checked, CheckRun
from inspector.findings.format import FORMATS, format_named, format_of
from inspector.findings.merged import merged
from inspector.types.results.report import Report, Verdict
from tests.findings.runs import HOSTILE, every_kind, finding, report, run_of

SCHEMA = Path(__file__).parent / "data" / "sarif-2.1.0-rtm.5.json"
CHECK_JSON = Path(__file__).parents[2] / ".venv-deploy" / "bin" / "check-jsonschema"
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]")
RUNS = {
    "every kind": every_kind(),
    "hostile": every_kind(HOSTILE, HOSTILE),
    "in order": run_of(Checked(model="good.onnx", report=report())),
    "nothing": run_of(),
}


def written(name: str, run: CheckRun) -> str:
    text = format_named(name).write(run)
    text.encode("utf-8")
    return text


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize("name", ["text", "json", "junit", "sarif", "github", "html", "csv"])
def test_nothing_acts_in_any_format(name: str, run: CheckRun) -> None:
    text = written(name, run)
    assert not ACTING.search(text)
    assert text.endswith("\n") or name == "html"


def test_all_formats_are_here() -> None:
    assert {"text", "json", "junit", "sarif", "github", "html", "csv"} <= set(FORMATS)


# --- JSON


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_json_says_all(run: CheckRun) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    document = json.loads(written("json", run), parse_constant=refuse)
    assert document["failed"] == run.failed
    assert [one["model"] for one in document["models"]] == [one.model for one in run.checked]
    for told, one in zip(document["models"], run.checked, strict=True):
        assert [f["message"] for f in told.get("findings", [])] == [f.message for f in one.findings]
        assert (told["error"] is None) == (one.error is None)


def test_json_tells_what_is_a_reason_to_fail() -> None:
    (model, other) = json.loads(written("json", every_kind()))["models"]
    assert [one["fails"] for one in model["findings"]] == [True, False, False, False]
    assert model["facts"] == {"parameters": 1234.0}
    assert model["tables"][0]["columns"][4] == "relative error"
    assert model["tables"][0]["rows"][2][4] is None
    assert other["error"]["reason"] == "BROKEN"
    assert len({one["fingerprint"] for one in model["findings"]}) == 4


# --- JUnit


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_junit_counts_what_it_holds(run: CheckRun) -> None:
    root = ElementTree.fromstring(written("junit", run))  # noqa: S314 — our own
    assert root.tag == "testsuites"
    assert len(root) == len(run.checked)
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[attribute]) == sum(case.find(tag) is not None for case in cases)
        for case in cases:
            assert {"name", "classname", "time"} <= set(case.attrib)
            assert sum(case.find(tag) is not None for tag in ("failure", "error", "skipped")) <= 1
    for attribute in ("tests", "failures", "errors", "skipped"):
        assert int(root.attrib[attribute]) == sum(int(suite.attrib[attribute]) for suite in root)


def test_junit_has_a_case_per_rule_with_its_outcome() -> None:
    suite, other = ElementTree.fromstring(written("junit", every_kind()))  # noqa: S314
    assert suite.attrib["name"] == "models/a b.onnx"
    outcomes = {
        case.attrib["name"]: next((child.tag for child in case if child.tag != "system-out"), "passed")
        for case in suite.iter("testcase")
    }
    assert outcomes == {
        "weights-finite": "failure",
        "drift": "passed",
        "fixed-batch": "passed",
        "names": "passed",
        "golden-values": "skipped",
        "batch-works": "error",
    }
    (failure,) = suite.iter("failure")
    assert failure.attrib["message"] == "conv1.weight: 2 weights are NaN."
    assert "to mend: Export another." in (failure.text or "")
    assert [
        case.attrib["name"] for case in suite.iter("testcase") if case.find("system-out") is not None
    ] == [
        "weights-finite",
        "drift",
        "fixed-batch",
    ]
    assert other.find("testcase/error").attrib["message"] == "conv1.weight is no model."  # type: ignore[union-attr]


@pytest.mark.parametrize(("fail_on", "failures"), [("error", 1), ("warning", 2), ("never", 0)])
def test_junit_fails_what_the_run_fails(fail_on: str, failures: int) -> None:
    found = report(finding(), finding(rule="drift", severity="warning"))
    run = run_of(Checked(model="a.onnx", report=found), fail_on=fail_on)
    assert ElementTree.fromstring(written("junit", run)).attrib["failures"] == str(failures)  # noqa: S314


def test_junit_has_a_case_for_findings_without_a_verdict() -> None:
    found = Report(findings=(finding(),))
    root = ElementTree.fromstring(written("junit", run_of(Checked(model="a.onnx", report=found))))  # noqa: S314
    assert (root.attrib["tests"], root.attrib["failures"]) == ("1", "1")


# --- SARIF


@pytest.fixture(scope="module")
def check_json() -> Path:
    if not CHECK_JSON.exists():
        pytest.skip("check-jsonschema is missing: `make environments` installs it")
    return CHECK_JSON


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_sarif_is_what_the_schema_says(run: CheckRun, check_json: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.sarif"
    path.write_text(written("sarif", run))
    found = subprocess.run(
        [check_json, "--regex-variant", "python", "--schemafile", SCHEMA, path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_schema_refuses_what_is_no_sarif(check_json: Path, tmp_path: Path) -> None:
    document = json.loads(written("sarif", every_kind()))
    document["runs"][0]["results"][0]["level"] = "bad"
    (tmp_path / "out.sarif").write_text(json.dumps(document))
    found = subprocess.run(
        [check_json, "--regex-variant", "python", "--schemafile", SCHEMA, tmp_path / "out.sarif"],
        capture_output=True,
        check=False,
    )
    assert found.returncode == 1


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_sarif_refers_to_what_it_holds(run: CheckRun) -> None:
    (log,) = json.loads(written("sarif", run))["runs"]
    rules = log["tool"]["driver"]["rules"]
    assert len({one["id"] for one in rules}) == len(rules)
    marks = set()
    for result in log["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert log["artifacts"][place["index"]]["location"]["uri"] == place["uri"]
        assert "](" not in re.sub(r"\\\[[^\]]*\]\(", "", result["message"]["text"])
        marks.add(result["partialFingerprints"]["inspectorFinding/v1"])
    assert len(marks) == len(log["results"])
    count = sum(len(one.findings) for one in run.checked) + sum(one.error is not None for one in run.checked)
    assert len(log["results"]) == count
    assert log["invocations"][0]["executionSuccessful"] == (not any(one.broken for one in run.checked))


def test_sarif_says_where_and_what_is_suppressed() -> None:
    (log,) = json.loads(written("sarif", every_kind()))["runs"]
    results = log["results"]
    assert [one["level"] for one in results] == ["error", "warning", "note", "error", "error"]
    place = results[0]["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "models/a%20b.onnx"
    assert place["logicalLocations"] == [
        {"name": "conv1.weight", "fullyQualifiedName": "models/a b.onnx::conv1.weight", "kind": "tensor"}
    ]
    assert [len(one["suppressions"]) for one in results[:4]] == [0, 0, 0, 1]
    assert results[3]["suppressions"][0]["justification"] == "as it should be conv1.weight"
    assert results[4]["ruleId"] == "not-checked"
    (first, *_) = log["tool"]["driver"]["rules"]
    assert "`share` = 0.5" in first["help"]["markdown"]
    notices = log["invocations"][0]["toolExecutionNotifications"]
    assert [one["level"] for one in notices] == ["note", "error", "error", "note"]


@pytest.mark.parametrize("name", ["a/b.onnx", "./b.onnx", "/m/a b.onnx", "c:d.onnx", "α#1?.onnx", HOSTILE])
def test_a_path_is_a_uri_that_leads_back(name: str) -> None:
    run = run_of(Checked(model=name, report=report(finding())))
    (log,) = json.loads(written("sarif", run))["runs"]
    uri = log["artifacts"][0]["location"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9/._~%:-]+", uri)
    assert ":" not in uri.removeprefix("file:")
    if "\ud800" not in name:
        assert unquote(uri.removeprefix("file://")) == name.removeprefix("./")


# --- GitHub


def read_commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Read workflow commands as the runner does: https://github.com/actions/runner, ActionCommand.TryParseV2."""
    found = []
    for line in re.split(r"\r\n|\r|\n", text):
        assert "##[" not in line
        if not line.lstrip().startswith("::"):
            continue
        head, _, data = line.lstrip()[2:].partition("::")
        level, _, rest = head.partition(" ")
        properties = dict(part.split("=", 1) for part in rest.split(",") if part)
        for code, sign in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            properties = {name: value.replace(code, sign) for name, value in properties.items()}
            data = data if code in ("%3A", "%2C") else data.replace(code, sign)
        found.append((level, properties, data))
    return found


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_github_reads_a_command_per_finding(run: CheckRun) -> None:
    commands = read_commands(written("github", run))
    assert {level for level, _, _ in commands} <= {"error", "warning", "notice"}
    assert all(set(properties) <= {"file", "title"} for _, properties, _ in commands)
    findings = sum(not f.silenced for one in run.checked for f in one.findings)
    failures = sum(
        v.outcome == "failed" for one in run.checked if one.report for v in one.report.verdicts
    ) + sum(one.error is not None for one in run.checked)
    assert len(commands) == findings + failures + len(run.notes)


def test_github_is_told_where_and_what() -> None:
    commands = read_commands(written("github", every_kind()))
    assert commands[1][:2] == ("error", {"file": "models/a b.onnx", "title": "weights-finite: conv1.weight"})
    assert commands[1][2].splitlines()[1:] == [
        "Measured: conv1.weight",
        "Allowed: conv1.weight",
        "To mend: Export another.",
    ]
    assert commands[4][:2] == (
        "error",
        {"file": "rejects/conv1.weight", "title": "rejects/conv1.weight: BROKEN"},
    )


# --- text


def test_text_is_worst_first_and_says_how_to_mend() -> None:
    lines = written("text", every_kind()).splitlines()
    starts = [line.split()[0] for line in lines if line.strip()]
    assert starts.index("error") < starts.index("warning") < starts.index("info") < starts.index("silenced")
    assert any("measured conv1.weight, allowed conv1.weight" in line for line in lines)
    assert any("to mend: Export another." in line for line in lines)
    assert any("failed batch-works: the runtime ended" in line for line in lines)
    assert any("skipped golden-values: it needs" in line for line in lines)
    assert lines[-1] == "2 models, 2 to mend: 1 error, 1 warning, 1 info; 1 could not be checked"


def test_one_rule_is_no_rules() -> None:
    one = Report(title="a model: 1 rule", findings=(), verdicts=(Verdict(id="runs", outcome="passed"),))
    assert written("text", run_of(Checked(model="good.onnx", report=one))).startswith("✓ good.onnx  1 rule\n")
    assert merged([replace(one, verdicts=()), one]).title == "a model: 1 rule"


def test_no_line_of_text_is_a_command_of_a_runner() -> None:
    for line in written("text", every_kind("::error::x", "::error::x")).splitlines():
        assert not line.lstrip().startswith("::")


def test_a_run_in_order_says_so() -> None:
    assert written("text", RUNS["in order"]).splitlines()[-1] == "1 model, all in order: nothing found"


# --- CSV


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_csv_has_a_row_per_finding(run: CheckRun) -> None:
    rows = list(csv.DictReader(written("csv", run).splitlines()))
    assert [row["rule"] for row in rows] == [
        name
        for one in run.checked
        for name in [*([one.error.reason] if one.error else []), *(f.id for f in one.findings)]
    ]
    assert all(None not in row and None not in row.values() for row in rows)


# --- HTML


class Tags(HTMLParser):
    """The tags of a page, and the texts of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.styles: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.tags.append(tag)
        self.styles += [value for name, value in attrs if name == "style"]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_page_holds_texts_as_texts(run: CheckRun) -> None:
    page = Tags()
    page.feed(written("html", run))
    assert "script" not in page.tags
    assert not [tag for tag in page.tags if tag in ("b", "img", "a") and tag != "a"]


def test_the_page_shows_drift_as_bars_worst_first() -> None:
    page = Tags()
    page.feed(written("html", every_kind()))
    assert page.styles == ["width: 100.0%", "width: 80.0%", "width: 1.0%"]
    heads = [text for text in page.texts if text in ("layer", "baseline", "operator", "relative error")]
    assert heads == ["layer", "relative error", "baseline", "operator"]
    layers = [text for text in page.texts if text in ("conv1", "conv2", "conv3")]
    assert layers[::2] == ["conv3", "conv2", "conv1"]
    assert any("Find weights that are no numbers." in text for text in page.texts)


# --- which format a file has


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("out.sarif", "sarif"),
        ("out.sarif.json", "sarif"),
        ("OUT.JSON", "json"),
        ("a/junit.xml", "junit"),
        ("page.html", "html"),
        ("log.txt", "text"),
    ],
)
def test_a_file_says_its_format(path: str, name: str) -> None:
    assert format_of(Path(path)).name == name


def test_a_file_that_says_none_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInputError, match=r"\.sarif \(sarif\)"):
        format_of(Path("out.doc"))
    with pytest.raises(NotFoundError, match="Did you mean 'sarif'"):
        format_named("sarf")
