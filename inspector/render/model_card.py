"""A model card as Markdown: what a model is, what it takes and gives, and what was found when it was looked over."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.render.markdown import code, plain_text, table
from inspector.types.layers import shape_text
from inspector.types.model_card import AUTHORS, LICENSES, ModelCard
from inspector.types.results.model_info import FIRST_LABELS
from inspector.types.results.report import Report

_TOLD = {*LICENSES, *AUTHORS, "producer", "version", "description"}
"""Entries of the metadata that have a row of their own."""
_LONGEST = 200
"""Characters of an entry that the card shows."""
_FACTS = {
    "parameters": "parameters",
    "macs": "multiply-accumulates for one image",
    "activation_bytes": "bytes of activations for one image, at most at once",
}
"""What a report may have measured of the model, and what the card calls it."""


def markdown_card(card: ModelCard) -> str:
    """Return the card; what the model's file and its names say stands in it as text."""
    parts = [
        _head(card),
        _input(card),
        _outputs(card),
        _operators(card),
        _found(card),
        _metadata(card),
    ]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def _head(card: ModelCard) -> Iterator[str]:
    info = card.info
    yield f"# {plain_text(info.name)}"
    yield ""
    if description := card.said("description"):
        yield plain_text(_cut(description))
        yield ""
    version, producer = card.said("version"), card.said("producer")
    facts = {} if card.report is None else card.report.facts
    rows = [
        ("license", plain_text(_cut(card.license)) or "the file says none"),
        ("author", plain_text(_cut(card.author))),
        ("version", plain_text(_cut(version))),
        ("exported by", plain_text(_cut(producer))),
        ("opset", str(info.opset)),
        ("bytes", f"{info.size:,}"),
        *((words, f"{facts[name]:,.0f}") for name, words in _FACTS.items() if name in facts),
        ("layers", f"{info.layer_count:,}"),
        ("SHA-256", code(info.sha256)),
    ]
    yield from table(("fact", "value"), [row for row in rows if row[1]])


def _input(card: ModelCard) -> Iterator[str]:
    info, spec = card.info, card.info.preprocessing
    one = info.input
    batch = {None: "any number of images", 1: "one image"}.get(one.batch, f"{one.batch} images")
    yield "## Input"
    yield ""
    yield f"{code(one.name)}: {one.dtype} {code(shape_text(one.shape))}, {one.layout}, {batch} at once."
    yield ""
    yield f"Preprocessing: {plain_text(str(spec))}."
    yield ""
    yield from (f"- {plain_text(part)}" for part in spec.source.split("; ") if part)
    assumed = ", ".join(plain_text(part) for part in spec.assumed)
    yield f"- **assumed, since nothing says it: {assumed}**" if assumed else "- nothing of it is assumed"


def _outputs(card: ModelCard) -> Iterator[str]:
    yield "## Outputs"
    yield ""
    rows = [
        (
            code(one.name),
            f"{one.dtype} {code(shape_text(one.shape))}",
            ", ".join(
                text
                for text in (
                    one.meaning.replace("_", " "),
                    one.part or "",
                    "" if one.classes is None else f"{one.classes} classes",
                )
                if text
            ),
        )
        for one in card.info.outputs
    ]
    yield from table(("output", "tensor", "means"), rows)
    if labels := card.info.labels:
        yield ""
        more = ", …" if len(labels) > FIRST_LABELS else ""
        yield f"{len(labels)} labels: {', '.join(map(plain_text, labels[:FIRST_LABELS]))}{more}."


def _operators(card: ModelCard) -> Iterator[str]:
    yield "## Layers"
    yield ""
    yield from table(("operator", "layers"), [(code(name), str(n)) for name, n in card.operators.items()])
    yield ""
    yield from _fields(card)


def _fields(card: ModelCard) -> Iterator[str]:
    widest = card.widest
    if widest is not None and widest.receptive_field is not None:
        size = shape_text(tuple(one or None for one in widest.receptive_field.size))
        yield (
            f"Of the layers whose units do not all see the whole image, those of {code(widest.name)} see most: "
            f"windows of {size} pixels."
        )
    if card.seeing_all:
        yield f"The units of {card.seeing_all} of {len(card.layers)} layers see the whole image."


def _found(card: ModelCard) -> Iterator[str]:
    yield "## What was found"
    yield ""
    if card.report is None:
        yield f"The model was not looked over: {plain_text(card.unchecked)}"
        return
    yield from _report(card.report)


def _report(report: Report) -> Iterator[str]:
    counts = [f"{plain_text(line)}." for line in report.summary()[1:2]]
    yield f"By the rules of {code('inspector check')}: {counts[0] if counts else 'no rule was asked.'}"
    if report.findings:
        yield ""
        rows = [
            (
                one.severity,
                code(one.id),
                code(one.subject) if one.subject else "",
                plain_text(one.message) + (f" Accepted: {plain_text(one.silenced)}" if one.silenced else ""),
            )
            for one in report.findings
        ]
        yield from table(("severity", "rule", "where", "what"), rows)
    unseen: dict[tuple[str, str], list[str]] = {}
    for one in report.verdicts:
        if one.outcome in ("skipped", "failed"):
            unseen.setdefault((one.outcome, one.reason), []).append(code(one.id))
    if unseen:
        yield ""
        yield "Not judged:"
        yield ""
        yield from (
            f"- {outcome}: {', '.join(rules)}: {plain_text(reason)}"
            for (outcome, reason), rules in unseen.items()
        )


def _metadata(card: ModelCard) -> Iterator[str]:
    rest = [(key, value) for key, value in card.info.metadata.items() if key.lower() not in _TOLD]
    if rest:
        yield "## Metadata of the file"
        yield ""
        yield from table(("key", "value"), [(code(key), plain_text(_cut(value))) for key, value in rest])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
