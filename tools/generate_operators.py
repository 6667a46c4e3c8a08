"""Write docs/operators.md, or with --check compare it with the code and exit 1 where they differ.

python -m tools.generate_operators [--check]

Writing takes minutes: every rule is judged on every model. --check runs no model: it takes the errors from the page as
it stands, because the suite judges every rule anyway and compares with the page what it finds.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from tests.grad.cases_quantized import CURVED, LINEAR_CASES
from tests.grad.figures import PAGE, Figures, figures_of, read_figures
from tests.grad.hand_made import FLOAT_CASES, Key, differentiated
from tests.grad.judging import OPERATORS, judge, judge_node_tests
from tests.grad.judging_quantized import curve_error, slope_error
from tools.operator_facts import Operator, complaints, read_operators
from tools.operator_page import render


def measure() -> dict[Key, Figures]:
    """Judge every rule on every model; return the largest errors by operator."""
    largest: dict[Key, dict[str, float]] = defaultdict(dict)
    for operators, figures in _findings():
        for key in operators:
            for kind, error in figures.items():
                largest[key][kind] = max(error, largest[key].get(kind, 0.0))
    return dict(largest)


def _findings() -> Iterator[tuple[frozenset[Key], Figures]]:
    for op_type in OPERATORS:
        for verdict in judge_node_tests(op_type):
            yield frozenset({("", op_type)}), figures_of(verdict.comparison)
    for case in FLOAT_CASES:
        yield differentiated(case.model), figures_of(judge(case, np.random.default_rng(1)))
    for linear in LINEAR_CASES:
        yield differentiated(linear.model), {"float32": slope_error(linear, np.random.default_rng(0))}
    for curved in CURVED:
        yield differentiated(curved.model), {"float32": curve_error(curved, np.random.default_rng(0))}


def differences(operators: list[Operator], page: str) -> list[str]:
    """Return what is wrong with the operators, or else where the page does not say what holds of them."""
    wrong = complaints(operators)
    if wrong:
        return wrong
    fresh = render(operators, read_figures(page))
    both = (page.splitlines(), fresh.splitlines())
    lines = list(difflib.unified_diff(*both, "docs/operators.md", "as it should be", n=0, lineterm=""))
    return [*lines, "Run: make operators"] if lines else []


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")
    check = parser.parse_args().check
    operators = read_operators()
    lines = differences(operators, PAGE.read_text(encoding="utf-8")) if check else complaints(operators)
    if lines:
        sys.exit("\n".join(lines))
    if not check:
        PAGE.write_text(render(operators, measure()), encoding="utf-8")


if __name__ == "__main__":
    main()
