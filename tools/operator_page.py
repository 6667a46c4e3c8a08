"""How docs/operators.md is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import onnx
from onnx import defs

from inspector.grad.body import by_body
from inspector.grad.rule import Rule
from inspector.grad.writing.quantization import SaturatingRule
from tests.grad.figures import Figures, written
from tests.grad.hand_made import FLOAT_CASES, QUANTIZED_CASES, Key
from tests.grad.node_test_notes import JUDGED_BY_RUNTIME, UNJUDGED
from tests.support.schemas import OLDEST
from tools.operator_facts import Operator

_HEAD = """# Operators

<!-- Written by tools/generate_operators.py; `make check` fails where this page and the code differ. -->

What the backward pass knows of every operator of ONNX's standard domain, up to opset {newest} (onnx {version}), and of
those of `com.microsoft` that quantized models hold.

| | |
| --- | ---: |
{summary}

An operator of any other domain, or a custom one, ends the way back with an error that names its node.

## With a rule

- *opsets*: the versions that hold anywhere from opset {oldest} on, by their first opset; a model judges each, but
  for the exceptions below.
- *rule*: the file and the function; where there are several, with the opset from which each holds.
- *receptive field*: the file and the function that say which pixels its outputs see, or why they see all that its
  inputs see. Operators on codes have the rule of their float twin.
- *relevance*: how layer-wise relevance propagation shares out there. *layer*: by the rule set, ε, z⁺, αβ or evenly
  (*merged* with the convolution before it); *kept*: as it is; *moved*: back to where the elements came from; *product*:
  to the factors that are no gates; *dividend*: to the first operand; *ε*: by the ε-rule.
- *models*: ONNX's own tests of the operator, as they are (but for noise of 0.01, off the kinks) and with random inputs;
  plus the smallest of them again, with random inputs, at each other opset where the operator changed and takes that
  form; plus hand-made models that it is differentiated in.
- *float64*, *float32*: the largest error of the gradient over all of those, along a random direction, against a central
  difference: in float64 in ONNX's reference evaluator, or, where that does not compute what the operator says, in
  float32 in ONNX Runtime. Operators on codes are compared with their dequantized twin.
- *parity*: the largest difference between the gradient in float32 in ONNX Runtime and in float64, of its maximum.

Errors are given as the power of ten that they stay within; what is rounding is 1e-8, 1e-4 and 1e-6. The suite judges
every rule and fails where an error is more than ten times what stands here; `make check` compares all the rest of this
page with the code, without running a model. To write it anew, after a rule or a case is added: `make operators`."""

_COLUMNS = """| operator | opsets | rule | receptive field | relevance | models | float64 | float32 | parity |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |"""

_WITHOUT_GRADIENT = """## Without a gradient

At every opset. A way back ends there, and others go on; where all end, the error says at which nodes, and why
(`inspector/grad/rules/declared.py`)."""

_REFUSED = """## Refused

On the way back they are an error that names the node and gives this reason (`inspector/grad/rules/refused.py`)."""


def render(operators: Iterable[Operator], figures: Mapping[Key, Figures]) -> str:
    """Return the page."""
    operators = list(operators)
    ruled = [operator for operator in operators if operator.rules]
    parts = [
        _head(operators, ruled),
        _table("Of the standard domain", [o for o in ruled if o.versions], figures),
        _table("From before ONNX 1.0, in models up to opset 9", [o for o in ruled if _is_early(o)], figures),
        _table("Of com.microsoft", [o for o in ruled if o.key[0]], figures),
        _exceptions(),
        _WITHOUT_GRADIENT,
        _by_reason((operator.no_gradient, operator.name) for operator in operators),
        _REFUSED,
        _by_reason((operator.refused, operator.name) for operator in operators),
    ]
    return "\n\n".join(parts) + "\n"


def _head(operators: list[Operator], ruled: list[Operator]) -> str:
    counts = {
        "operators of the standard domain with a rule": sum(bool(o.versions) for o in ruled),
        "… and their versions since opset 7": sum(len(o.versions) for o in ruled),
        "… without a gradient": sum(o.no_gradient is not None for o in operators),
        "… refused by name, with a reason": sum(o.refused is not None for o in operators),
        "operators from before ONNX 1.0 with a rule": sum(_is_early(o) for o in ruled),
        "operators of `com.microsoft` with a rule": sum(bool(o.key[0]) for o in ruled),
        "models that judge the rules: ONNX's own tests": sum(o.own for o in ruled),
        "… the same at other opsets": sum(o.older for o in ruled),
        "… made by hand": len(FLOAT_CASES) + len(QUANTIZED_CASES),
    }
    return _HEAD.format(
        newest=defs.onnx_opset_version(),
        version=".".join(onnx.__version__.split(".")[:2]),
        oldest=OLDEST,
        summary="\n".join(f"| {what} | {count} |" for what, count in counts.items()),
    )


def _is_early(operator: Operator) -> bool:
    return not operator.key[0] and not operator.versions


def _table(title: str, operators: list[Operator], figures: Mapping[Key, Figures]) -> str:
    rows = [_row(operator, figures.get(operator.key, {})) for operator in operators]
    return "\n".join([f"### {title}", "", _COLUMNS, *rows])


def _row(operator: Operator, figures: Figures) -> str:
    models = f"{operator.own} + {operator.older} + {operator.by_hand}"
    known = [operator.name, _opsets(operator), _rules(operator), _field(operator), operator.relevance]
    cells = [*known, models, *written(figures)]
    return f"| {' | '.join(cells)} |"


def _opsets(operator: Operator) -> str:
    until = f", gone after {operator.last_opset}" if operator.last_opset is not None else ""
    return (", ".join(map(str, operator.versions)) or "–") + until


def _rules(operator: Operator) -> str:
    by_module: dict[str, list[str]] = defaultdict(list)
    for since, rule in operator.rules:
        module, how = _where(rule)
        by_module[module].append(f"{how} ({since})" if len(operator.rules) > 1 else how)
    cells = (
        f"[{name}](../inspector/grad/rules/{name}.py): {', '.join(how)}" for name, how in by_module.items()
    )
    return "; ".join(cells)


def _field(operator: Operator) -> str:
    if operator.field is None:
        return f"everything: {operator.no_field}"
    name = operator.field.__module__.rpartition(".")[2]
    return f"[{name}](../inspector/model/receptive/rules/{name}.py): `{operator.field.__name__.strip('_')}`"


def _where(rule: Rule) -> tuple[str, str]:
    """Return the module that registers a rule, and what the rule is."""
    if rule is by_body:
        return "composed", "the body of its schema"
    linear = rule.linear if isinstance(rule, SaturatingRule) else rule
    twin = getattr(getattr(linear, "__self__", None), "op_type", None)
    return linear.__module__.rpartition(".")[2], f"as {twin}" if twin else f"`{linear.__name__.strip('_')}`"


def _exceptions() -> str:
    in_float32 = [f"- {op_type}: {reason}" for op_type, reason in sorted(JUDGED_BY_RUNTIME.items())]
    never = [
        f"- {op_type} of opset {version}: {reason}" for (op_type, version), reason in sorted(UNJUDGED.items())
    ]
    lines = ["### Exceptions", "", "Judged in float32 on ONNX's own tests, because", "", *in_float32]
    return "\n".join([*lines, "", "Judged by no model, because", "", *never] if never else lines)


def _by_reason(reasons: Iterable[tuple[str | None, str]]) -> str:
    groups: dict[str, list[str]] = defaultdict(list)
    for reason, name in reasons:
        if reason is not None:
            groups[reason].append(name)
    rows = [f"| {reason} | {', '.join(sorted(names))} |" for reason, names in sorted(groups.items())]
    return "\n".join(["| because | operators |", "| --- | --- |", *rows])
