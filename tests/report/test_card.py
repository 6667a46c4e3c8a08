"""Model cards: what they tell of a model, as Markdown and as a bill of materials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import onnx
import pytest

import inspector
from inspector.errors import InvalidInputError
from inspector.face.local import LocalBackend
from inspector.findings.checked import Checked
from inspector.findings.configuration import Configuration
from inspector.render.bom import bom
from inspector.render.model_card import markdown_card
from inspector.report.card import model_card
from inspector.types.model_card import ModelCard
from inspector.types.requests.check import CheckRequest
from inspector.types.results.report import Finding, Report
from tests.support.bills import require_valid
from tests.support.toys import toy_cnn

MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = "a|b `c` <script>alert(1)</script>\n# d \x1b[31m\x00 “é” " + "x" * 300


def card_of(metadata: Mapping[str, str] | None = None, **given: Any) -> ModelCard:
    proto = onnx.load_from_string(toy_cnn(**given))
    onnx.helper.set_model_props(proto, dict(metadata or {}))
    with inspector.load(proto.SerializeToString(), device="cpu", name="toy") as model:
        return model_card(model, checked_alone(model))


def checked_alone(model: inspector.Model) -> Checked:
    """Return what is found of a model by no configuration."""
    (found,) = inspector.check(model, configuration=Configuration())
    return found


def bill(card: ModelCard) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bom(card, made=MADE, version="1"))
    return found


def with_findings(card: ModelCard, *findings: Finding, **facts: float) -> ModelCard:
    assert card.report is not None
    return replace(card, report=replace(card.report, findings=findings, facts=facts))


def test_a_card_tells_what_a_model_is() -> None:
    card = card_of({"License": "MIT", "author": "Ada"}, batch=1)
    text = markdown_card(card)
    assert text.startswith("# toy\n")
    assert "| license | MIT |" in text
    assert "| author | Ada |" in text
    assert f"| SHA-256 | `{card.info.sha256}` |" in text
    assert f"| opset | {card.info.opset} |" in text
    assert "`Conv`" in text
    assert "**assumed, since nothing says it: color RGB" in text
    assert "| info | `fixed-batch` |" in text
    assert "one image at once" in text


def test_without_a_license_it_says_so() -> None:
    assert "| license | the file says none |" in markdown_card(card_of())
    assert "licenses" not in bill(card_of())["metadata"]["component"]


def test_what_a_report_measured_is_told() -> None:
    card = with_findings(card_of(), parameters=1234567, macs=3e8)
    assert "| parameters | 1,234,567 |" in markdown_card(card)
    properties = bill(card)["metadata"]["component"]["properties"]
    assert {"name": "inspector:parameters", "value": "1234567"} in properties
    assert {"name": "inspector:macs", "value": "300000000"} in properties


def test_accepted_findings_say_why_and_are_no_limitations() -> None:
    found = Finding(id="a-rule", severity="warning", message="It is odd.", subject="conv", silenced="known")
    card = with_findings(card_of(), found, replace(found, id="b-rule", silenced=""))
    text = markdown_card(card)
    assert "| warning | `a-rule` | `conv` | It is odd. Accepted: known |" in text
    said = bill(card)["metadata"]["component"]["modelCard"]["considerations"]["technicalLimitations"]
    assert "warning b-rule: It is odd." in said
    assert not any("a-rule" in one for one in said)


def test_the_widest_window_is_that_of_a_layer_that_does_not_see_all() -> None:
    card = card_of()
    assert card.widest is not None
    assert card.widest.receptive_field is not None
    assert not card.widest.receptive_field.covers_all
    assert f"those of `{card.widest.name}` see most" in markdown_card(card)


def test_a_model_that_could_not_be_looked_over_says_why() -> None:
    card = replace(card_of(), report=None, unchecked="You may not.")
    assert "The model was not looked over: You may not." in markdown_card(card)
    said = bill(card)["metadata"]["component"]["modelCard"]["considerations"]["technicalLimitations"]
    assert said[0] == "The model was not looked over: You may not."


def refusing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let every check end by an error."""
    answer = LocalBackend.ask

    def ask(self: LocalBackend, request: Any, control: Any) -> Any:
        if isinstance(request, CheckRequest):
            raise error
        return answer(self, request, control)

    monkeypatch.setattr(LocalBackend, "ask", ask)


def test_a_check_that_is_refused_leaves_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, InvalidInputError("text.png is no picture."))
    card = card_of()
    assert (card.report, card.unchecked) == (None, "text.png is no picture.")
    assert card.layers


@pytest.mark.parametrize(
    ("license", "told"),
    [
        ("apache-2.0", {"id": "Apache-2.0"}),
        ("AGPL-3.0 License (https://example.org)", {"name": "AGPL-3.0 License (https://example.org)"}),
    ],
)
def test_a_license_is_named_by_its_identifier_where_it_is_one(license: str, told: object) -> None:  # noqa: A002
    component = bill(card_of({"license": license}))["metadata"]["component"]
    assert component["licenses"] == [{"license": told}]


def test_a_bill_names_the_model_by_its_hash() -> None:
    card = card_of()
    component = bill(card)["metadata"]["component"]
    assert component["type"] == "machine-learning-model"
    assert component["hashes"] == [{"alg": "SHA-256", "content": card.info.sha256}]
    assert component["modelCard"]["modelParameters"]["task"] == "image classification"


def test_a_bill_is_the_same_for_the_same_model_and_time_and_no_other() -> None:
    card, other = card_of(), card_of(batch=1)
    assert bom(card, made=MADE, version="1") == bom(card, made=MADE, version="1")
    later = json.loads(bom(card, made=MADE.replace(second=6), version="1"))
    assert len({bill(card)["serialNumber"], bill(other)["serialNumber"], later["serialNumber"]}) == 3


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"license": "MIT", "author": "Ada", "version": "2", "description": "A toy."},
        dict.fromkeys(("license", "author", "version", "description", "producer", "key"), HOSTILE),
    ],
)
def test_a_bill_is_one_of_cyclonedx(metadata: Mapping[str, str]) -> None:
    found = Finding(id="a-rule", severity="warning", message=HOSTILE, subject=HOSTILE)
    require_valid(bom(with_findings(card_of(metadata), found, parameters=3.0), made=MADE, version="1"))


def test_what_others_wrote_stays_in_its_cell() -> None:
    metadata = dict.fromkeys(("license", "author", "version", "description", "producer", "key"), HOSTILE)
    found = Finding(id="a-rule", severity="warning", message=HOSTILE, subject=HOSTILE, silenced=HOSTILE)
    plain, hostile = card_of(dict.fromkeys(metadata, "word")), card_of(metadata)
    word = replace(found, message="word", subject="word", silenced="word")
    texts = [markdown_card(with_findings(plain, word)), markdown_card(with_findings(hostile, found))]
    assert len(texts[0].splitlines()) == len(texts[1].splitlines())
    assert "<script" not in texts[1]
    assert "\x1b" not in texts[1]
    for one, other in zip(*(text.splitlines() for text in texts), strict=True):
        assert one.count(" | ") == other.replace("\\|", "").count(" | ")


def test_a_report_without_rules_is_told() -> None:
    card = replace(card_of(), report=Report(findings=(), title="toy: 0 rules"))
    assert "no rule was asked" in markdown_card(card)
