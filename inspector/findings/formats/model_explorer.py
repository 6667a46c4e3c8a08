"""Node data of Model Explorer: drift, or findings, as colors on the graph that it draws of a model.

The structure is that of `GraphNodeData` in the package ai-edge-model-explorer (node_data_builder.py): values by the ids
of nodes, which its adapter of ONNX files takes from the nodes' names. It lays them on the graph that is open; of a
layer whose node has no name the key is the name of its tensor, which that adapter does not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any

from inspector.findings.checked import Checked, CheckRun, rank
from inspector.findings.columns import COSINE, ERROR, LAYER, OWN_ERROR
from inspector.findings.format import findings_format
from inspector.types.results.base import Cell
from inspector.types.visible import visible

_GOOD, _FAIR, _ODD, _BAD, _WORST = "#c8e6c9", "#f0f4c3", "#ffe082", "#ffab91", "#e57373"
_SEVERITIES = (_WORST, _ODD, "#bbdefb")
_NODES, _VALUES = ("layer", "node"), ("tensor", "input", "output")
"""Kinds of subjects: those that are nodes, and those whose values have nodes of their own, "[value] NAME"."""
_ANY = 1e300

_Steps = tuple[tuple[float, str], ...]
"""(a value, the color of values up to it), from low to high."""
_ERRORS: _Steps = ((0.01, _GOOD), (0.05, _FAIR), (0.1, _ODD), (0.3, _BAD), (_ANY, _WORST))
_COSINES: _Steps = ((0.8, _WORST), (0.95, _BAD), (0.99, _ODD), (0.999, _FAIR), (_ANY, _GOOD))


@findings_format(
    "model-explorer",
    what="Model Explorer: each layer's relative error against the baseline",
    suffixes=(".model-explorer.json",),
)
def relative_errors(run: CheckRun) -> str:
    """Return the relative errors of one model's layers."""
    return _drift(run, ERROR, _ERRORS)


@findings_format(
    "model-explorer-own-error",
    what="Model Explorer: of each layer's relative error what its inputs do not explain",
    suffixes=(".model-explorer-own-error.json",),
)
def own_errors(run: CheckRun) -> str:
    """Return what each layer of one model adds to the error of its inputs."""
    return _drift(run, OWN_ERROR, _ERRORS, words="own relative error")


@findings_format(
    "model-explorer-cosine",
    what="Model Explorer: each layer's cosine with the baseline",
    suffixes=(".model-explorer-cosine.json",),
)
def cosines(run: CheckRun) -> str:
    """Return the cosines of one model's layers."""
    return _drift(run, COSINE, _COSINES)


@findings_format(
    "model-explorer-findings",
    what="Model Explorer: what was found, at its nodes",
    suffixes=(".model-explorer-findings.json",),
)
def findings(run: CheckRun) -> str:
    """Return one model's findings that nobody silenced, those about a node or a tensor."""
    return _one_of(run, "findings", _findings_of, lacking="nothing was found at a node")


def _drift(run: CheckRun, column: str, steps: _Steps, *, words: str = "") -> str:
    thresholds = [{"value": value, "bgColor": color} for value, color in steps]

    def of(one: Checked) -> Mapping[str, Any]:
        return dict(_column(one, column))

    lacking = "no drift was measured; give images and a baseline"
    return _one_of(run, words or column, of, lacking=lacking, thresholds=thresholds)


def _one_of(
    run: CheckRun, what: str, of: Callable[[Checked], Mapping[str, Any]], *, lacking: str, **more: Any
) -> str:
    """Return the first model's data that has some: a document is about the one graph that is open.

    Its name, which is shown beside the graph, says what it is of, and which models it leaves out.
    """
    having = [(one, found) for one in run.checked if (found := of(one))]
    if not having:
        return _written({"name": f"{what}: {lacking}", "results": {}, **more})
    (first, results), rest = having[0], [one.model for one, _ in having[1:]]
    name = f"{what} of {first.model}"
    if rest:
        name += f" (one model has room here; left out: {', '.join(rest)})"
    return _written({"name": name, "results": results, **more})


def _column(one: Checked, column: str) -> Iterator[tuple[str, Any]]:
    """Yield a column of the table of layers, by layers; what is no finite number is a word."""
    for panel in one.report.panels if one.report else ():
        columns, rows = panel.result.table()
        if not {LAYER, ERROR, column} <= set(columns):
            continue
        layer, place = columns.index(LAYER), columns.index(column)
        yield from ((str(row[layer]), _value(row[place])) for row in rows if row[place] is not None)


def _value(cell: Cell) -> dict[str, Any]:
    if isinstance(cell, int | float) and isfinite(cell):
        return {"value": cell}
    return {"value": str(cell), "bgColor": _WORST}


def _findings_of(one: Checked) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for finding in one.open_findings:
        if not finding.subject or finding.kind not in (*_NODES, *_VALUES):
            continue
        key = finding.subject if finding.kind in _NODES else f"[value] {finding.subject}"
        said = f"{finding.severity} {finding.id}: {visible(finding.message)}"
        if key in found:
            found[key]["value"] += f"; {said}"
        else:
            color = _SEVERITIES[min(rank(finding.severity), len(_SEVERITIES) - 1)]
            found[key] = {"value": said, "bgColor": color}
    return found


def _written(document: Mapping[str, Any]) -> str:
    return json.dumps({**document, "name": visible(document["name"])}, allow_nan=False, indent=2) + "\n"
