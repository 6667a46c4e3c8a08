"""Attack the service: `python -m benchmarks.attacks [NAME ...]`, from the repository's root.

Without names all probes run, a quarter of an hour on two cores. The table goes to stdout as markdown, or as JSON with
--json; --write puts it into docs/security.md. Exit code 1 where a probe failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks.attacks.probe import Finding, load_probes
from benchmarks.attacks.report import markdown, put_into
from benchmarks.attacks.running import run

PAGE = Path(__file__).parents[2] / "docs" / "security.md"


def main() -> None:
    """Run the probes asked for, and tell what they found."""
    options = _options()
    probes = load_probes()
    if options.list:
        for probe in probes.values():
            print(f"{probe.name:32} {probe.kind}: {probe.does}")
        return
    chosen = [probes[name] for name in options.names or probes]
    findings: list[Finding] = []
    console = Console(stderr=True)
    with Progress(console=console) as progress:
        task = progress.add_task("attacks", total=len(chosen))
        for probe in chosen:
            progress.update(task, description=probe.name)
            finding = run(probe)
            findings.append(finding)
            progress.advance(task)
            _tell(finding, console)
            if options.save is not None:  # after each: it may be ended before the last
                options.save.write_text(
                    json.dumps([asdict(finding) for finding in findings], indent=1) + "\n"
                )
    if options.write:
        put_into(PAGE, findings)
    print(json.dumps([asdict(finding) for finding in findings]) if options.json else markdown(findings))
    sys.exit(any(finding.failures for finding in findings))


def _tell(finding: Finding, console: Console) -> None:
    state = "[red]failed[/]" if finding.failures else "[green]passed[/]"
    console.print(
        f"{state} {finding.name}: {'; '.join(finding.answers)[:200]} ({finding.seconds:.1f} s, "
        f"{finding.peak >> 20} MiB)",
        highlight=False,
        markup=True,
    )
    for words in (*finding.failures, *finding.told):
        console.print(f"       {words}", highlight=False, markup=False)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attacks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[*load_probes(), []], metavar="NAME", help="the probes to run"
    )
    parser.add_argument("--list", action="store_true", help="tell the names of the probes")
    parser.add_argument("--json", action="store_true", help="write JSON to stdout instead of markdown")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the JSON to a file as well")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
