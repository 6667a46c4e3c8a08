"""Pages that are written from what is registered: their tables, and how a script writes, prints or compares one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def run(page: Callable[[], str], *, to: Path, make: str, doc: str | None) -> int:
    """Write a page, print it (--print), or compare it (--check); `make` is the target that writes it."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.add_argument("--print", action="store_true", help="write to standard output")
    given = parser.parse_args()
    text = page()
    if given.print:
        sys.stdout.write(text)
    elif not given.check:
        to.write_text(text)
    elif not to.exists() or to.read_text() != text:
        sys.stderr.write(f"{to.relative_to(ROOT)} is not what the code says: run `make {make}`.\n")
        return 1
    return 0
