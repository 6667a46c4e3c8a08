"""Write docs/check-scorecard.md, or with --check compare its rules with those that there are; exit 1 where they differ.

python -m tools.scorecard [--check | --only RULE… | --print] [--on BASE…] [--processes N]

Writing takes minutes: all rules look at all good twins, and at each model with a planted fault those that should find
it. --check runs no model.
"""

from __future__ import annotations

import argparse
import sys

from inspector.checks.rule import RULES
from tools.scorecard.page import PAGE, complaints, rendered
from tools.scorecard.run import all_trials, good_models
from tools.scorecard.scores import scores


def main() -> None:
    """Write the page, print it, or check it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="run nothing, only compare the rules")
    parser.add_argument("--print", action="store_true", help="write to standard output")
    parser.add_argument("--only", nargs="+", default=[], metavar="RULE", help="try these rules, and print")
    parser.add_argument("--on", nargs="+", default=[], metavar="BASE", help="on these good models")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="run so many parts at once")
    given = parser.parse_args()
    if given.check:
        sys.exit("\n".join(complaints()) or 0)
    bases = [base for base in good_models() if not given.on or base.name in given.on]
    found = []
    for one in all_trials(bases, only=given.only, processes=given.processes):
        found.append(one)
        if one.outcome in ("missed", "elsewhere", "refused", "alarm"):
            sys.stderr.write(f"{one.outcome} {one.rule} {one.planted} {one.base}: {one.told[:200]}\n")
    found.sort(key=lambda one: (one.rule, one.planted, one.base))
    refused = [one for one in found if one.outcome == "refused"]
    page = rendered(scores(given.only or RULES, found), refused, [base.name for base in bases])
    if given.print or given.only or given.on:
        sys.stdout.write(page)
    else:
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
